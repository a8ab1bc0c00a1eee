/**
 * Whether what is cited is there. In sources and in documents: each `docs/….md §…` names a file and sections of it;
 * each path in backticks that looks like a file of this repository is one, and so is each file that a program finds
 * beside itself. In documents: each relative link leads to a file and a heading, and each `deno task` is one. Prints
 * `file:line` for each that isn't; exit code 1 then.
 */
import { dirname, join } from "@std/path";
import { lineOf, scanSource } from "./source_scanner.ts";
import { conclude, filesOfCheckout, type Problem, readSource, type SourceFile } from "./sources.ts";

/** What the checkout holds: every path, the text of the documents, the names of tasks. */
export type Checkout = {
  readonly paths: ReadonlySet<string>;
  readonly documents: ReadonlyMap<string, string>;
  /** Of deno.json. */
  readonly tasks: ReadonlySet<string>;
};

/** `docs/protocol/02-api.md §3.1, §6`: sections follow with commas; `§6–§11` names both ends. */
const CITATION = /\b(docs\/[\w./-]+\.md)((?:[,\s*/]*(?:–|\band )?§[\w.]+)*)/g;

/** `01 §7` inside the protocol's sheets is section 7 of the sheet with that number. */
const SHEET = /(?<![\w.])(0\d[a-z]?) ((?:§[\w.]+[,\s]*)+)/g;

/** What a program finds beside itself when it runs. */
const BESIDE = /new URL\("(\.[^"]*)", import\.meta\.url\)|import\.meta\.resolve\("(\.[^"]*)"\)/g;

/** Folders at the root: a path that begins with one is meant from there. */
const TOP = /^(core|actors|modules|server|client|tests|docs)\//;

export function problemsInSource({ path, text }: SourceFile, checkout: Checkout): Problem[] {
  const problems: Problem[] = [];
  const report = (offset: number, what: string): void => {
    problems.push({ path, line: lineOf(text, offset), what });
  };
  for (const { start, end } of scanSource(text).comments) {
    const comment = text.slice(start, end);
    for (const [offset, what] of citationProblems(comment, checkout)) report(start + offset, what);
    for (const [offset, what] of pathProblems(comment, path, checkout)) report(start + offset, what);
    const vague = comment.match(/\b[Ss]heets?[\s*]+(?:"|0\d)/);
    if (vague !== null) report(start + vague.index!, `"${vague[0]}…": a sheet is cited as docs/protocol/….md §…`);
  }
  for (const match of text.matchAll(BESIDE)) {
    const named = match[1] ?? match[2]!;
    const target = join(dirname(path), named).replace(/\/$/, "");
    // outside of the checkout may be anything, and a test wants something that is not there
    if (target === "." || target.startsWith("..") || /\/no_such_[\w.]+$/.test(target)) continue;
    if (!checkout.paths.has(target)) report(match.index, `${named} is not there`);
  }
  return problems;
}

export function problemsInDocument({ path, text }: SourceFile, checkout: Checkout): Problem[] {
  const found = [...citationProblems(text, checkout), ...pathProblems(text, path, checkout)];
  if (path.startsWith("docs/protocol/")) found.push(...sheetProblems(text, checkout));
  found.push(...linkProblems(text, path, checkout), ...taskProblems(text, checkout));
  return found.sort(([a], [b]) => a - b).map(([offset, what]) => ({ path, line: lineOf(text, offset), what }));
}

type Found = [offset: number, what: string];

function citationProblems(text: string, checkout: Checkout): Found[] {
  const found: Found[] = [];
  for (const match of text.matchAll(CITATION)) {
    const [, file, sections] = match;
    const document = checkout.documents.get(file!);
    if (document === undefined) {
      found.push([match.index, `${file} is not there`]);
      continue;
    }
    const named = [...sections!.matchAll(/§([\w.]+)/g)].map(([, section]) => section!.replace(/\.$/, ""));
    // A section's title behind the name of the file would do as well; what has neither leads nowhere.
    if (named.length === 0 && file!.startsWith("docs/protocol/0") && !isLink(text, match.index)) {
      found.push([match.index, `${file} is cited without a section`]);
    }
    for (const section of named) {
      if (!sectionsOf(document).has(section)) found.push([match.index, `${file} has no section ${section}`]);
    }
  }
  return found;
}

/** Links and lists of files name a sheet as a whole. */
function isLink(text: string, offset: number): boolean {
  return "[(`".includes(text[offset - 1] ?? " ") || text.slice(0, offset).endsWith("../");
}

function sheetProblems(text: string, checkout: Checkout): Found[] {
  const found: Found[] = [];
  for (const match of text.matchAll(SHEET)) {
    const [, number, sections] = match;
    const sheet = [...checkout.documents].find(([path]) => path.startsWith(`docs/protocol/${number}-`));
    for (const [, named] of sections!.matchAll(/§([\w.]+)/g)) {
      const section = named!.replace(/\.$/, "");
      if (sheet === undefined) found.push([match.index, `there is no sheet ${number}`]);
      else if (!sectionsOf(sheet[1]).has(section)) {
        found.push([match.index, `sheet ${number} has no section ${section}`]);
      }
    }
  }
  return found;
}

/** `A4` of `## A4. Numbers`, `3.1` of `### 3.1 submit_transaction`. */
function sectionsOf(document: string): Set<string> {
  return new Set([...document.matchAll(/^#+ ((?:[A-Z]?\d+|[A-Z])(?:\.\d+)*)\.?\s/gm)].map(([, section]) => section!));
}

function pathProblems(text: string, from: string, checkout: Checkout): Found[] {
  const found: Found[] = [];
  for (const match of text.matchAll(/`([^`\s]+)`/g)) {
    const named = match[1]!.replace(/^\.\//, "");
    if (!/^[\w./-]+$/.test(named) || !looksLikeOurs(named)) continue;
    if (!exists(named, from, checkout)) found.push([match.index, `${named} is not there`]);
  }
  return found;
}

/** A source or a document; or a folder that is named from the root. What the reference's crates hold ends in `.rs`. */
function looksLikeOurs(named: string): boolean {
  if (/^\.*$/.test(named) || named.startsWith("/")) return false;
  return /[\w]\.(ts|md)$/.test(named) || (TOP.test(named) && named.endsWith("/"));
}

/**
 * From the root, from the folder of who names it, or, when it has no folder or begins in one, anywhere: such names are
 * unique enough.
 */
function exists(named: string, from: string, checkout: Checkout): boolean {
  const plain = named.replace(/\/$/, "");
  for (const path of [plain, join(dirname(from), plain)]) if (checkout.paths.has(path)) return true;
  if (plain.startsWith("..") || TOP.test(named)) return false;
  for (const path of checkout.paths) if (path.endsWith(`/${plain}`)) return true;
  return false;
}

function linkProblems(text: string, from: string, checkout: Checkout): Found[] {
  const found: Found[] = [];
  for (const match of text.matchAll(/\]\(([^()\s]+)\)/g)) {
    const target = match[1]!;
    if (/^[a-z]+:/.test(target)) continue;
    const [file, anchor] = target.split("#");
    const path = file === "" ? from : join(dirname(from), file!).replace(/\/$/, "");
    if (!checkout.paths.has(path)) found.push([match.index, `the link to ${target} leads nowhere`]);
    else if (anchor !== undefined && !anchorsOf(checkout.documents.get(path) ?? "").has(anchor)) {
      found.push([match.index, `${path} has no heading #${anchor}`]);
    }
  }
  return found;
}

/** `deno task NAME`, also over the end of a line. */
function taskProblems(text: string, { tasks }: Checkout): Found[] {
  return [...text.matchAll(/\bdeno(?:@[\d.]+)?\s+task\s+([a-z][\w:-]*)/g)].filter(([, name]) => !tasks.has(name!))
    .map((match) => [match.index, `there is no task ${match[1]}`]);
}

/** As GitHub and others make them of headings. */
function anchorsOf(document: string): Set<string> {
  const headings = [...document.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)];
  return new Set(headings.map(([, text]) => text!.toLowerCase().replace(/[^\w\s-]/g, "").trim().replace(/\s/g, "-")));
}

if (import.meta.main) {
  const files = await filesOfCheckout();
  const documents = files.texts.filter(({ path }) => path.endsWith(".md"));
  const { tasks } = JSON.parse(await readSource("deno.json")) as { tasks: Record<string, string> };
  const checkout = {
    paths: files.paths,
    documents: new Map(documents.map(({ path, text }) => [path, text])),
    tasks: new Set(Object.keys(tasks)),
  };
  const sources = files.texts.filter(({ path }) => path.endsWith(".ts") && !path.startsWith("tests/check/"));
  conclude([
    ...sources.flatMap((file) => problemsInSource(file, checkout)),
    ...documents.flatMap((file) => problemsInDocument(file, checkout)),
  ], sources.length + documents.length);
}
