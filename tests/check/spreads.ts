/**
 * Whether a list is spread into a call's arguments: they go on the stack, so that some hundred thousand end in a
 * RangeError where nobody expects one. A list that an outsider can lengthen is walked in a loop, or joined by
 * `concatAll`. Prints `file:line` for each; exit code 1 when there is one.
 */
import { lineOf, scanSource } from "./source_scanner.ts";
import { conclude, isTest, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

const FOLDERS = ["core", "actors", "modules", "server", "client"];

type Exception = { readonly path: string; readonly what: string; readonly reason: string };

/** Lists that are short by nature. All exceptions there are, each with its reason. */
const EXCEPTIONS: readonly Exception[] = [
  { path: "actors/platform/simulated/files.ts", what: "dice.between(...OPERATION_MS", reason: "two bounds" },
  { path: "actors/store/keys.ts", what: "String.fromCharCode(...bytes.subarray", reason: "blocks of 4,096" },
  { path: "client/cli/cli.ts", what: "body(...args", reason: "a command's few arguments, as commander gives them" },
  { path: "client/cli/setup.ts", what: "params(...args", reason: "a command's few arguments, as commander gives them" },
  { path: "client/cli/module.ts", what: "Math.max(...all.map", reason: "the commands of a module" },
  { path: "core/bitcoin/multisig.ts", what: "concat(...pushes", reason: "keys of a script, 20 at most" },
  { path: "core/bytes.ts", what: "concatBytes(...parts", reason: "the arguments of its own call" },
  { path: "core/crypto/dkg.ts", what: "addScalars(...shares.values", reason: "one of each guardian" },
  { path: "core/crypto/wasm/assembly.ts", what: "this.code.push(...parts", reason: "instructions of ours" },
  { path: "core/crypto/ecdsa.ts", what: "Uint8Array.of(...padding", reason: "one byte" },
  { path: "core/crypto/polynomial.ts", what: "group.add(...commitments.map", reason: "one of each guardian" },
  { path: "server/dev/chain/rules/commitment.ts", what: "Uint8Array.of(...digits", reason: "digits of a height" },
  { path: "server/broadcast/dice.ts", what: "chosen.push(...left.splice", reason: "one" },
  { path: "server/broadcast/own/newest.ts", what: "Math.max(...this.#rounds.values", reason: "one of each guardian" },
];

/** Spreads among a call's arguments: `...` inside round brackets that is no rest parameter. */
export function problemsIn({ path, text }: SourceFile): Problem[] {
  const { code } = scanSource(text);
  const problems: Problem[] = [];
  const open: number[] = [];
  for (let i = 0; i < code.length; i++) {
    const at = code[i]!;
    if ("([{".includes(at)) open.push(i);
    else if (")]}".includes(at)) open.pop();
    else if (code.startsWith("...", i)) {
      const bracket = open.at(-1);
      if (bracket !== undefined && code[bracket] === "(" && !isParameter(code, i, bracket)) {
        const callee = code.slice(0, bracket).match(/[\w$#.!?\]\)]+$/)?.[0] ?? "";
        const list = code.slice(i).match(/^\.\.\.[\s\w$#.!?]*/)![0].trim();
        problems.push({ path, line: lineOf(text, i), what: `${callee}(${list}` });
      }
      i += 2;
    }
  }
  return problems;
}

/** A rest parameter has a type, or stands in the list of an arrow function. */
function isParameter(code: string, at: number, bracket: number): boolean {
  if (/^\.\.\.[\w$]+\s*:/.test(code.slice(at, at + 100))) return true;
  let depth = 0;
  for (let i = bracket; i < code.length; i++) {
    if ("([{".includes(code[i]!)) depth++;
    else if (")]}".includes(code[i]!) && --depth === 0) return /^\)\s*=>/.test(code.slice(i, i + 100));
  }
  return false;
}

/** The problems that no exception covers, and the exceptions that cover none. */
export function spreadProblems(
  files: readonly SourceFile[],
  exceptions: readonly Exception[] = EXCEPTIONS,
): Problem[] {
  const used = new Set<Exception>();
  const problems: Problem[] = [];
  for (const problem of files.filter(({ path }) => !isTest(path)).flatMap(problemsIn)) {
    const exception = exceptions.find(({ path, what }) => path === problem.path && what === problem.what);
    if (exception !== undefined) used.add(exception);
    else problems.push({ ...problem, what: `${problem.what}: a loop, or concatAll, takes lists of any length` });
  }
  for (const exception of exceptions) {
    if (!used.has(exception)) {
      problems.push({ path: exception.path, line: 0, what: `${exception.what} is an exception that nothing needs` });
    }
  }
  return problems;
}

if (import.meta.main) {
  const files = await sourcesBelow(FOLDERS);
  conclude(spreadProblems(files), files.length);
}
