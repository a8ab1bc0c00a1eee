/**
 * Whether the client library runs wherever it is given a platform and a store: what its entries load, and what that loads, opens no file,
 * no socket and no database by itself. So a browser needs another platform and no other library. Prints `file:line` for each break, with
 * the way by which the file is loaded; exit code 1 when there is one.
 */
import { join } from "@std/path";
import { lineOf, scanSource } from "./source_scanner.ts";
import { conclude, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

/** What applications import of the library, and the clients' side of the modules. */
const ENTRIES: readonly RegExp[] = [/^client\/mod\.ts$/, /^modules\/[^/]+\/client\.ts$/];

/** Of one machine alone: the real platform, and the database on disk. */
const CLOSED = /^actors\/(platform\/real\b|platform\/process\.ts|store\/(kv|kv_backend|file_check|lock)\.ts)/;

const DENO = /(?<![.\w$])Deno\s*\./g;

/** Is nothing left of this import when the types are gone? */
function isErased(clause: string): boolean {
  if (/^(import|export)\s+type\b/.test(clause)) return true;
  const names = clause.match(/^(?:import|export)\s*\{([^}]*)\}\s*from\s*$/)?.[1]?.split(",").map((name) => name.trim());
  const given = names?.filter((name) => name !== "") ?? [];
  return given.length > 0 && given.every((name) => name.startsWith("type "));
}

/** @param files all sources, by path from the checkout's root */
export function portabilityProblems(
  files: readonly SourceFile[],
  entries: readonly RegExp[] = ENTRIES,
): Problem[] {
  const sources = new Map(files.map((file) => [file.path, file.text]));
  const loadedBy = new Map<string, string | null>();
  for (const path of sources.keys()) if (entries.some((entry) => entry.test(path))) loadedBy.set(path, null);
  const problems: Problem[] = [];
  const way = (path: string): string => {
    const steps: string[] = [];
    for (let at: string | null = path; at !== null; at = loadedBy.get(at) ?? null) steps.push(at);
    return steps.reverse().join(" → ");
  };
  // the map grows while it is gone through
  for (const path of loadedBy.keys()) {
    const text = sources.get(path);
    if (text === undefined) {
      problems.push({ path, line: 0, what: `is not there: ${way(path)}` });
      continue;
    }
    if (CLOSED.test(path)) {
      problems.push({ path, line: 1, what: `is of one machine: ${way(path)}` });
      continue;
    }
    const { code, imports } = scanSource(text);
    for (const { index } of code.matchAll(DENO)) {
      problems.push({ path, line: lineOf(text, index), what: `calls Deno: ${way(path)}` });
    }
    for (const { line, specifier, clause } of imports) {
      if (isErased(clause.trimStart())) continue;
      if (specifier.startsWith("node:") || specifier.startsWith("@std/")) {
        problems.push({ path, line, what: `loads ${specifier}: ${way(path)}` });
      } else if (specifier.startsWith(".")) {
        const target = join(path, "..", specifier);
        if (!loadedBy.has(target)) loadedBy.set(target, path);
      }
    }
  }
  return problems;
}

if (import.meta.main) {
  const files = await sourcesBelow(["core", "actors", "modules", "client"]);
  conclude(portabilityProblems(files), files.length);
}
