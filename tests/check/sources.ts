/** The sources that the checks look at, and what the checks share. */
import { fromFileUrl } from "@std/path";

export type SourceFile = { readonly path: string; readonly text: string };
export type Problem = { readonly path: string; readonly line: number; readonly what: string };

export const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Every TypeScript file below the folders of the checkout, by path, in order. */
export async function sourcesBelow(folders: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const walk = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(ROOT + folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) await walk(path);
      else if (path.endsWith(".ts")) files.push({ path, text: await Deno.readTextFile(ROOT + path) });
    }
  };
  for (const folder of folders) await walk(folder);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Every document of the checkout: those at its root and those below `docs/`, by path, in order. */
export async function documentsOf(): Promise<SourceFile[]> {
  const documents: SourceFile[] = [];
  const walk = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(ROOT + folder)) {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory && path.startsWith("docs")) await walk(`${path}/`);
      else if (entry.isFile && path.endsWith(".md")) {
        documents.push({ path, text: await Deno.readTextFile(ROOT + path) });
      }
    }
  };
  await walk("");
  return documents.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A file of tests: quick ones are `x_test.ts`, those of whole programs and federations `x_whole.ts`. */
export function hasTests(path: string): boolean {
  return path.endsWith("_test.ts") || path.endsWith("_whole.ts");
}

/** A test, or what only tests use: a file of tests, what lies in a folder `testing/`, all of `tests/`. */
export function isTest(path: string): boolean {
  return path.startsWith("tests/") || hasTests(path) || path.includes("/testing/");
}

/** Prints the problems and ends the program: 1 when there is one. */
export function conclude(problems: readonly Problem[], fileCount: number): never {
  for (const { path, line, what } of problems) console.log(`${path}:${line} ${what}`);
  console.log(`${fileCount} files, ${problems.length} problems`);
  Deno.exit(problems.length === 0 && fileCount > 0 ? 0 : 1);
}

/** Writes a file of the checkout. */
export async function writeSource(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(ROOT + path, text);
}

/**
 * Every file and folder of the checkout by path, and the texts of sources and documents; hidden folders are left out.
 */
export async function filesOfCheckout(): Promise<{ paths: Set<string>; texts: SourceFile[] }> {
  const paths = new Set<string>();
  const texts: SourceFile[] = [];
  const walk = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
      if (name.startsWith(".")) continue;
      const path = folder + name;
      paths.add(path);
      if (isDirectory) await walk(`${path}/`);
      else if (/\.(ts|md)$/.test(name)) texts.push({ path, text: await Deno.readTextFile(ROOT + path) });
    }
  };
  await walk("");
  return { paths, texts: texts.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** The text of a file of the checkout. */
export async function readSource(path: string): Promise<string> {
  return await Deno.readTextFile(ROOT + path);
}
