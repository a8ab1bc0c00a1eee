/**
 * Answers as bytes. What many ask for, and what is large, is encoded once and sent to all of them from the same bytes:
 * a session of 2 MB told to a thousand clients takes its 4 MB once, and no time a client but that of the socket.
 */
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { UsedLately } from "../../core/used_lately.ts";

/** A JSON value that is text already, UTF-8. Never changed: many hold it. */
export class EncodedJson {
  readonly bytes: Bytes;

  constructor(bytes: Bytes) {
    this.bytes = bytes;
  }

  static of(json: Json): EncodedJson {
    return new EncodedJson(utf8(stringifyJson(json)));
  }
}

/** What is sent: a text, or the pieces of one, each of them UTF-8 by itself and perhaps shared with other answers. */
export type Message = string | readonly Bytes[];

export function messageText(message: Message): string {
  return typeof message === "string" ? message : message.map(fromUtf8).join("");
}

/** Of a text its UTF-16 units, which are never more than its bytes. */
export function messageSize(message: Message): number {
  return typeof message === "string" ? message.length : message.reduce((sum, { length }) => sum + length, 0);
}

/** Values that never change, the latest used of them, up to a number of bytes. */
export class RecentAnswers {
  readonly #bytesMax: number;
  readonly #answers: UsedLately<EncodedJson>;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#answers = new UsedLately(bytesMax);
  }

  get(key: string): EncodedJson | undefined {
    return this.#answers.get(key);
  }

  /** A single answer above the bound is not kept. */
  set(key: string, answer: EncodedJson): void {
    const bytes = answer.bytes.length;
    if (bytes <= this.#bytesMax) this.#answers.add(key, { value: answer, bytes });
  }
}
