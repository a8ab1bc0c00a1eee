/** Standard input, a line or all of the rest at a time: a question is answered by one line, a pasted text has many. */

/** Reads nothing before it is asked for. */
export class Input {
  readonly #open: () => AsyncIterable<string>;
  #lines: AsyncIterator<string> | null = null;

  /** @param open called once: lines without their ends */
  constructor(open: () => AsyncIterable<string>) {
    this.#open = open;
  }

  /** The next line; null when there is none any more. */
  async line(): Promise<string | null> {
    this.#lines ??= this.#open()[Symbol.asyncIterator]();
    const { done, value } = await this.#lines.next();
    return done === true ? null : value;
  }

  /** All that is left, of which not much more than so many characters are read. Line breaks are kept. */
  async rest(charactersMax: number): Promise<string> {
    const lines: string[] = [];
    for (let characters = 0; characters <= charactersMax;) {
      const line = await this.line();
      if (line === null) break;
      lines.push(line);
      characters += line.length + 1;
    }
    return lines.join("\n");
  }
}
