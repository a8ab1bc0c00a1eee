/**
 * Whether what documents quote of files is what stands there. A quote is a block of code behind a comment that names
 * its source:
 *
 *     <!-- quote tests/examples/bounty/server.ts#definition -->
 *
 * Its fence may say `ts ignore`, for whoever checks the code of documents: a quote is checked in its file. Without `#`
 * it is the whole file, with it the lines between `// quote: definition` and `// quote: end`. Prints `file:line` for
 * each break; exit code 1 when there is one. `--write` puts into the documents what stands in the files.
 */
import { conclude, documentsOf, type Problem, ROOT, type SourceFile, sourcesBelow } from "./sources.ts";

type Quote = {
  /** Counted from 0: the comment, and the first and the last line within the fences. */
  readonly at: number;
  readonly from: number;
  readonly end: number;
  readonly source: string;
  readonly part: string | null;
};

const COMMENT = /^<!-- quote ([^\s#]+)(?:#(\S+))? -->$/;
const FENCE = /^(`{3,})[a-z]*( ignore)?$/;
const PART = /^\s*\/\/ quote: (\S+)$/;

/** The quotes of a document; a comment without a block behind it is told. */
function quotesIn({ path, text }: SourceFile, problems: Problem[]): Quote[] {
  const lines = text.split("\n"), quotes: Quote[] = [];
  for (let at = 0; at < lines.length; at++) {
    const named = COMMENT.exec(lines[at]!);
    if (!named) continue;
    let from = at + 1;
    while (lines[from] === "") from++;
    const fence = FENCE.exec(lines[from] ?? "")?.[1];
    const end = fence === undefined ? -1 : lines.indexOf(fence, from + 1);
    if (end === -1) {
      problems.push({ path, line: at + 1, what: "names a quote, and there is no block of code behind it" });
    } else quotes.push({ at, from: from + 1, end, source: named[1]!, part: named[2] ?? null });
  }
  return quotes;
}

/** The lines of a part; of a part that has no end, or is there twice, none. */
function linesOf(file: SourceFile, part: string | null): readonly string[] | undefined {
  const lines = file.text.trimEnd().split("\n");
  if (part === null) return lines.filter((line) => !PART.test(line));
  const marks = lines.flatMap((line, at) => PART.exec(line)?.[1] === part ? [at] : []);
  const end = lines.findIndex((line, at) => at > (marks[0] ?? Infinity) && PART.exec(line)?.[1] === "end");
  return marks.length === 1 && end > 0 ? lines.slice(marks[0]! + 1, end) : undefined;
}

function partsOf(file: SourceFile): { readonly name: string; readonly line: number }[] {
  return file.text.split("\n").flatMap((line, at) => {
    const name = PART.exec(line)?.[1];
    return name === undefined || name === "end" ? [] : [{ name, line: at + 1 }];
  });
}

/** @param files all that may be quoted */
export function quoteProblems(documents: readonly SourceFile[], files: readonly SourceFile[]): Problem[] {
  const problems: Problem[] = [], quoted = new Set<string>();
  const byPath = new Map(files.map((file) => [file.path, file]));
  for (const document of documents) {
    const { path } = document, lines = document.text.split("\n");
    for (const { at, from, end, source, part } of quotesIn(document, problems)) {
      const name = part === null ? source : `${source}#${part}`;
      quoted.add(name);
      const wanted = byPath.get(source) && linesOf(byPath.get(source)!, part);
      if (!wanted) {
        problems.push({ path, line: at + 1, what: `quotes ${name}, which is not there` });
        continue;
      }
      const shown = lines.slice(from, end);
      const differs = Array.from({ length: Math.max(shown.length, wanted.length) }, (_, i) => i)
        .find((i) => shown[i] !== wanted[i]);
      if (differs === undefined) continue;
      problems.push({
        path,
        line: from + differs + 1,
        what: `is not as in ${name}: run tests/check/quotes.ts --write`,
      });
    }
  }
  for (const file of files) {
    for (const { name, line } of partsOf(file)) {
      if (!quoted.has(`${file.path}#${name}`)) {
        problems.push({ path: file.path, line, what: `marks a part ${name} that no document quotes` });
      }
    }
  }
  return problems;
}

/** The document with every quote as its source has it; what is not there stays. */
export function withQuotes(document: SourceFile, files: readonly SourceFile[]): string {
  const lines = document.text.split("\n");
  for (const { from, end, source, part } of quotesIn(document, []).reverse()) {
    const file = files.find(({ path }) => path === source);
    const wanted = file && linesOf(file, part);
    if (wanted) lines.splice(from, end - from, ...wanted);
  }
  return lines.join("\n");
}

if (import.meta.main) {
  const documents = await documentsOf();
  const files = await sourcesBelow(["actors", "client", "core", "modules", "server", "tests/examples"]);
  if (Deno.args[0] === "--write") {
    for (const document of documents) {
      const text = withQuotes(document, files);
      if (text !== document.text) await Deno.writeTextFile(ROOT + document.path, text);
    }
    Deno.exit(0);
  }
  conclude(quoteProblems(documents, files), documents.length);
}
