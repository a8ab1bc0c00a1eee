/**
 * Whether comments are no wider than the formatter's lines: it leaves them alone. Prints `file:line` for each that is;
 * exit code 1 when there is one. `deno run -A tests/check/comments.ts --fix` wraps their paragraphs anew.
 */
import { lineOf, scanSource } from "./source_scanner.ts";
import { conclude, type Problem, type SourceFile, sourcesBelow, writeSource } from "./sources.ts";

const FOLDERS = ["core", "actors", "modules", "server", "client", "tests"];

/** The formatter's `lineWidth` in deno.json. */
const WIDTH_MAX = 120;

/** A word without a blank to break at, such as an address, may be wider. */
export function commentProblems({ path, text }: SourceFile): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<number>();
  for (const { start, end } of scanSource(text).comments) {
    const first = lineOf(text, start);
    const from = text.lastIndexOf("\n", start - 1) + 1;
    const to = text.indexOf("\n", end);
    const lines = text.slice(from, to === -1 ? text.length : to).split("\n");
    lines.forEach((line, index) => {
      if (line.length <= WIDTH_MAX || seen.has(first + index)) return;
      // Code behind a comment, or before it, is the formatter's matter; a comment behind too long a code is moved above
      // it.
      const words = index === 0 ? text.slice(start, Math.min(end, start + line.length)) : line;
      if (!/\S\s+\S/.test(words.replace(/^\s*(\/\*\*?|\/\/|\*)\s*/, ""))) return;
      seen.add(first + index);
      problems.push({
        path,
        line: first + index,
        what: `a comment of ${line.length} characters, ${WIDTH_MAX} at most`,
      });
    });
  }
  return problems;
}

/** The same source with each comment wrapped that is too wide; what stands between code on one line is left. */
export function wrapComments(text: string): string {
  let wrapped = text;
  for (const { start, end } of joinedRuns(text).reverse()) {
    const from = text.lastIndexOf("\n", start - 1) + 1;
    const before = text.slice(from, start);
    const to = text.indexOf("\n", end);
    const after = text.slice(end, to === -1 ? text.length : to);
    const whole = before + text.slice(start, end) + after;
    if (whole.split("\n").every((line) => line.length <= WIDTH_MAX)) continue;
    const comment = text.slice(start, end);
    if (before.trim() === "" && after.trim() === "") {
      wrapped = wrapped.slice(0, from) + wrapComment(comment, before) + wrapped.slice(end);
    } else if (comment.startsWith("//")) {
      const indent = before.match(/^\s*/)![0];
      wrapped = wrapped.slice(0, from) + `${wrapComment(comment, indent)}\n${before.trimEnd()}` + wrapped.slice(end);
    }
  }
  return wrapped;
}

type Run = { readonly start: number; readonly end: number };

/** Comments; lines of `//` below each other with nothing else on them are one. */
function joinedRuns(text: string): Run[] {
  const runs: Run[] = [];
  for (const { start, end } of scanSource(text).comments) {
    const last = runs.at(-1);
    const gap = last === undefined ? "" : text.slice(last.end, start);
    const alone = last !== undefined &&
      text.slice(text.lastIndexOf("\n", last.start - 1) + 1, last.start).trim() === "";
    if (alone && text.startsWith("//", start) && text.startsWith("//", last.start) && /^\n[ \t]*$/.test(gap)) {
      runs[runs.length - 1] = { start: last.start, end };
    } else runs.push({ start, end });
  }
  return runs;
}

function wrapComment(comment: string, indent: string): string {
  if (comment.startsWith("//")) {
    const lines = comment.split("\n").map((line) => line.trim().replace(/^\/\/ ?/, ""));
    return wrapLines(lines, WIDTH_MAX - indent.length - 3).map((line) => `${indent}// ${line}`.trimEnd()).join("\n");
  }
  const open = comment.startsWith("/**") ? "/**" : "/*";
  const lines = comment.slice(open.length, -2).trim().split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
  const body = wrapLines(lines, WIDTH_MAX - indent.length - 3).map((line) => `${indent} * ${line}`.trimEnd());
  return [`${indent}${open}`, ...body, `${indent} */`].join("\n");
}

/** Paragraphs that have a line too many characters wide are filled anew; code between fences and tables are left. */
function wrapLines(lines: readonly string[], width: number): string[] {
  const done: string[] = [];
  let paragraph: string[] = [];
  let fenced = false;
  const finish = (): void => {
    done.push(...(paragraph.some((line) => line.length > width) ? fill(paragraph, width) : paragraph));
    paragraph = [];
  };
  for (const line of lines) {
    const fence = line.trimStart().startsWith("```");
    if (fence || fenced || line.trim() === "" || /^\s*\|/.test(line)) {
      finish();
      done.push(line);
      if (fence) fenced = !fenced;
      continue;
    }
    if (/^\s*([-*•] |\d+[.)] |@)/.test(line)) finish();
    paragraph.push(line);
  }
  finish();
  return done;
}

function fill(paragraph: readonly string[], width: number): string[] {
  const first = paragraph[0]!;
  const indent = first.match(/^\s*/)![0];
  const next = paragraph[1]?.match(/^\s*/)?.[0] ?? indent + (/^\s*([-*•] |@)/.test(first) ? "  " : "");
  const filled: string[] = [];
  let line = indent;
  let empty = true;
  for (const word of wordsOf(paragraph.map((text) => text.trim()).join(" "))) {
    const tag = /^@(throws|returns|param)\b/.test(word);
    if (!empty && (tag || line.length + 1 + word.length > width)) {
      filled.push(line);
      line = (tag ? indent : next) + word;
    } else line += (empty ? "" : " ") + word;
    empty = false;
  }
  return [...filled, line];
}

/** What stays on one line is one word: code in backticks, a section sign with what it belongs to, a link. */
function wordsOf(text: string): string[] {
  const whole = text.match(/(?:`[^`]{1,60}`|\{@link [^}]*\}|\S)+/g) ?? [];
  const words: string[] = [];
  for (const word of whole) {
    if ((word.startsWith("§") || words.at(-1) === "@throws") && words.length > 0) words.push(`${words.pop()} ${word}`);
    else words.push(word);
  }
  return words;
}

if (import.meta.main) {
  const files = await sourcesBelow(FOLDERS);
  if (Deno.args.includes("--fix")) {
    for (const { path, text } of files) {
      const wrapped = wrapComments(text);
      if (wrapped !== text) await writeSource(path, wrapped);
    }
  }
  conclude((await sourcesBelow(FOLDERS)).flatMap(commentProblems), files.length);
}
