/**
 * Whether the flags and variables that documents name are the programs': each `--flag` and each `FM_…` that stands in a
 * document's code stands in a source too. Prints `file:line` for each that doesn't; exit code 1 when there is one.
 */
import { lineOf } from "./source_scanner.ts";
import { conclude, documentsOf, hasTests, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

/** Whose flags are not looked at, and why. */
const OF_OTHERS: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^docs\/protocol\//, why: "the official programs' own" },
  { path: /^docs\/service\.md$/, why: "systemd's and podman's" },
  { path: /^CHANGELOG\.md$/, why: "what was there once" },
];

/** Variables that are made of a module's kind. */
const OF_MODULES = "FM_ENABLE_MODULE_";

const CODE = /```[^\n]*\n[\s\S]*?\n```|`[^`\n]+`/g;
const FLAG = /(?<![\w-])--([a-z][a-z0-9-]+)/g;
const VARIABLE = /\bFM_[A-Z0-9_]*[A-Z0-9]\b/g;

export function optionProblems(documents: readonly SourceFile[], sources: readonly SourceFile[]): Problem[] {
  const flags = new Set<string>(), words = new Set<string>(), variables = new Set<string>();
  for (const { text } of sources) {
    for (const [, flag] of text.matchAll(FLAG)) flags.add(flag!);
    for (const [variable] of text.matchAll(VARIABLE)) variables.add(variable);
    // the gateway's command line makes flags of the names of fields
    for (const [, word] of text.matchAll(/"([a-z][a-z0-9_]+)"/g)) words.add(word!);
  }
  const isFlag = (flag: string): boolean => flags.has(flag) || words.has(flag.replaceAll("-", "_"));
  const isVariable = (variable: string): boolean => variables.has(variable) || variable.startsWith(OF_MODULES);
  return documents.filter(({ path }) => !OF_OTHERS.some((exception) => exception.path.test(path))).flatMap(
    ({ path, text }) => {
      const problems: Problem[] = [];
      for (const code of text.matchAll(CODE)) {
        const report = (at: number, name: string): void => {
          problems.push({ path, line: lineOf(text, code.index + at), what: `no program has ${name}` });
        };
        for (const match of code[0].matchAll(FLAG)) if (!isFlag(match[1]!)) report(match.index, match[0]);
        for (const match of code[0].matchAll(VARIABLE)) if (!isVariable(match[0])) report(match.index, match[0]);
      }
      return problems;
    },
  );
}

if (import.meta.main) {
  const sources = await sourcesBelow(["core", "actors", "modules", "server", "client", "tests"]);
  const documents = await documentsOf();
  conclude(optionProblems(documents, sources.filter(({ path }) => !hasTests(path))), documents.length);
}
