/**
 * Whether `deno.json` names the packages that the sources import, and no others: each pinned to one version, and used
 * where it may be. Prints the breaks; exit code 1 when there is one.
 */
import { scanSource } from "./source_scanner.ts";
import { conclude, isTest, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

/** Names in the import map with what they stand for. */
export type Imports = Readonly<Record<string, string>>;

/** Of tests: no program loads them. */
const FOR_TESTS = ["@std/assert", "fast-check"];
const PINNED = /^npm:\/?(?:@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+(?:-[\w.]+)?\/?$/;
const OWN_FILE = /^\.\//;

export function packageProblems(files: readonly SourceFile[], imports: Imports): Problem[] {
  const problems: Problem[] = [];
  const used = new Set<string>();
  for (const { path, text } of files) {
    for (const { line, specifier } of scanSource(text).imports) {
      if (specifier.startsWith(".") || /^(node|npm|jsr|https?|file|data):/.test(specifier)) continue;
      const name = nameIn(imports, specifier);
      if (name === undefined) {
        problems.push({ path, line, what: `imports ${specifier}, which deno.json does not name` });
      } else if (FOR_TESTS.includes(name) && !isTest(path)) {
        problems.push({ path, line, what: `imports ${specifier}, which is for tests` });
      }
      if (name !== undefined) used.add(name);
    }
  }
  const add = (what: string): void => void problems.push({ path: "deno.json", line: 1, what });
  for (const [name, target] of Object.entries(imports)) {
    if (!used.has(name)) add(`names ${name}, which nothing imports`);
    if (!PINNED.test(target) && !OWN_FILE.test(target)) add(`${name} is not pinned to a version of an npm package`);
  }
  return problems;
}

/** As an import map resolves it: the name itself, or the longest one that ends with a slash and begins it. */
function nameIn(imports: Imports, specifier: string): string | undefined {
  if (specifier in imports) return specifier;
  const prefixes = Object.keys(imports).filter((name) => name.endsWith("/") && specifier.startsWith(name));
  return prefixes.sort((a, b) => b.length - a.length)[0];
}

if (import.meta.main) {
  const files = await sourcesBelow(["core", "actors", "modules", "server", "client", "tests"]);
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  conclude(packageProblems(files, imports), files.length);
}
