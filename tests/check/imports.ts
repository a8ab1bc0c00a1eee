/**
 * Whether imports point one way: `core ← actors ← modules ← server, client ← tests`, a module's folder is closed to
 * other modules, nobody but tests imports tests, examples of modules need nothing but the contract, and a guardian
 * loads nothing that is for development. Prints `file:line` for each break; exit code 1 when there is one.
 */
import { join } from "@std/path";
import { scanSource } from "./source_scanner.ts";
import { conclude, isTest, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

/** What each top folder may import from. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: ["core"],
  actors: ["core", "actors"],
  modules: ["core", "actors", "modules"],
  server: ["core", "actors", "modules", "server"],
  client: ["core", "actors", "modules", "client"],
  tests: ["core", "actors", "modules", "server", "client", "tests"],
};

/** Loaded by `await import(…)` alone, by who is asked for it. */
const DEVELOPMENT = "server/dev/";

/** Open to every module. */
const CONTRACT = "modules/contract";
/** Modules as strangers write them: each in a folder of its own, with these imports alone. */
const EXAMPLES = "tests/examples/";
const FOR_EXAMPLES = ["modules/contract/mod.ts", "modules/contract/testing/mod.ts"];
const PACKAGES_FOR_EXAMPLES = ["@std/assert"];

export function importProblems(files: readonly SourceFile[]): Problem[] {
  const problems: Problem[] = [];
  for (const { path, text } of files) {
    for (const { line, specifier, clause } of scanSource(text).imports) {
      const what = problemWith(path, specifier, isCalled(clause));
      if (what !== undefined) problems.push({ path, line, what: `imports ${specifier}: ${what}` });
    }
  }
  return problems;
}

/** `await import(…)`: loaded when the program comes there, if it does. */
function isCalled(clause: string): boolean {
  return /^import\s*\(/.test(clause);
}

function problemWith(path: string, specifier: string, isLate: boolean): string | undefined {
  if (/^(npm|jsr|https?):/.test(specifier)) return "packages are named in deno.json alone";
  const example = exampleOf(path);
  if (example !== undefined) return problemOfExample(example, path, specifier);
  if (!specifier.startsWith(".")) return undefined;
  const target = join(path, "..", specifier);
  if (isTest(path)) return undefined;
  if (isTest(target)) return "only tests import tests";
  const [layer, targetLayer] = [topOf(path), topOf(target)];
  if (!LAYERS[layer]?.includes(targetLayer)) return `${layer} does not know of ${targetLayer}`;
  if (target.startsWith(DEVELOPMENT) && !path.startsWith(DEVELOPMENT) && !isLate) {
    return "a guardian doesn't load what is for development";
  }
  if (layer !== "modules" || targetLayer !== "modules") return undefined;
  const [module, targetModule] = [folderOf(path), folderOf(target)];
  if (module === "modules" || targetModule === module || targetModule === CONTRACT) return undefined;
  return "a module knows its own folder and the contract alone";
}

/** `tests/examples/a/` of a file in it. */
function exampleOf(path: string): string | undefined {
  const name = path.startsWith(EXAMPLES) ? path.slice(EXAMPLES.length).split("/") : [];
  return name.length > 1 ? `${EXAMPLES}${name[0]}/` : undefined;
}

function problemOfExample(folder: string, path: string, specifier: string): string | undefined {
  const target = specifier.startsWith(".") ? join(path, "..", specifier) : specifier;
  if (target.startsWith(folder) || FOR_EXAMPLES.includes(target)) return undefined;
  if (PACKAGES_FOR_EXAMPLES.includes(target)) return undefined;
  return `an example is written with ${FOR_EXAMPLES.join(" and ")} alone`;
}

function topOf(path: string): string {
  return path.split("/")[0]!;
}

/** `modules/mint` of `modules/mint/a/b.ts`; `modules` of `modules/mod.ts`. */
function folderOf(path: string): string {
  return path.split("/").slice(0, -1).slice(0, 2).join("/");
}

if (import.meta.main) {
  const files = await sourcesBelow(Object.keys(LAYERS));
  conclude(importProblems(files), files.length);
}
