/**
 * Whether whatever is exported is imported somewhere: a function, a constant or a class that only its own file uses is
 * its own, and one that nobody uses is dead. Types are left alone: who names a type may need it for a signature. Prints
 * `file:line` for each; exit code 1 when there is one.
 */
import { join } from "@std/path";
import { lineOf, scanSource } from "./source_scanner.ts";
import { conclude, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

const FOLDERS = ["core", "actors", "modules", "server", "client", "tests"];

/** Where nobody here need import what is exported, and why. */
const FOR_OTHERS: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^core\/std\//, why: "stands for a package, by the import map" },
  { path: /^(client\/(mod|deno)|modules\/contract\/mod|server\/mod)\.ts$/, why: "the face to programs of others" },
];

const DECLARATION = /^export (?:async |abstract )*(?:const|let|class|function\b\s*\*?) *(\w+)/gm;

type Import = { readonly from: string; readonly target: string; readonly names: readonly string[] | "all" };

function importsOf({ path, text }: SourceFile): Import[] {
  return scanSource(text).imports.map(({ specifier, clause }) => {
    const listed = clause.match(/\{([^}]*)\}/)?.[1];
    const names = listed?.split(",").map((name) => name.replace(/^\s*type\b/, "").trim().split(/\s+as\s+/)[0]!);
    return { from: path, target: join(path, "..", specifier), names: names ?? "all" };
  });
}

export function exportProblems(files: readonly SourceFile[]): Problem[] {
  const all = files.flatMap(importsOf);
  /** By file: the files that hand on all that it exports. */
  const faces = new Map<string, string[]>();
  for (const { path, text } of files) {
    for (const { specifier, clause } of scanSource(text).imports) {
      if (!/^export\s*\*\s*from/.test(clause)) continue;
      const target = join(path, "..", specifier);
      faces.set(target, [...faces.get(target) ?? [], path]);
    }
  }
  const used = new Set<string>();
  for (const { from, target, names } of all) {
    if (names !== "all") { for (const name of names) used.add(`${target} ${name}`); }
    else if (!faces.get(target)?.includes(from)) used.add(`${target} *`);
  }
  const isUsed = (path: string, name: string): boolean =>
    used.has(`${path} ${name}`) || used.has(`${path} *`) || (faces.get(path) ?? []).some((face) => isUsed(face, name));
  return files.filter(({ path }) => !FOR_OTHERS.some((exception) => exception.path.test(path))).flatMap((file) => {
    const { code } = scanSource(file.text);
    return [...code.matchAll(DECLARATION)].filter(([, name]) => !isUsed(file.path, name!)).map((
      { index, 1: name },
    ) => ({
      path: file.path,
      line: lineOf(file.text, index),
      what: `exports ${name}, which no other file imports`,
    }));
  });
}

if (import.meta.main) {
  const files = await sourcesBelow(FOLDERS);
  conclude(exportProblems(files), files.length);
}
