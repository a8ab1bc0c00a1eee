/**
 * Whether `deno.json` and `docs/dependencies.md` name the same packages, and whether each is imported somewhere. Prints what is not;
 * exit code 1 then.
 */
import { scanSource } from "./source_scanner.ts";
import { conclude, filesOfCheckout, type Problem, readSource, type SourceFile } from "./sources.ts";

const [CONFIG, DOCUMENT] = ["deno.json", "docs/dependencies.md"];

/** `@noble/curves` of `@noble/curves/secp256k1.js`. */
export function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

export function dependencyProblems(
  imports: Readonly<Record<string, string>>,
  document: string,
  sources: readonly SourceFile[],
): Problem[] {
  const declared = new Set(
    Object.entries(imports).filter(([, target]) => /^(npm|jsr):/.test(target)).map(([name]) => packageOf(name)),
  );
  const documented = new Set([...document.matchAll(/^\| `([^`\s]+)` /gm)].map(([, name]) => name!));
  const used = new Set(
    sources.flatMap(({ text }) => scanSource(text).imports.map(({ specifier }) => packageOf(specifier))),
  );
  const problems: Problem[] = [];
  for (const name of declared) {
    if (!documented.has(name)) problems.push({ path: DOCUMENT, line: 0, what: `says nothing of ${name}` });
    if (!used.has(name)) problems.push({ path: CONFIG, line: 0, what: `${name} is not imported anywhere` });
  }
  for (const name of documented) {
    if (!declared.has(name)) problems.push({ path: DOCUMENT, line: 0, what: `${name} is not in ${CONFIG}` });
  }
  return problems;
}

if (import.meta.main) {
  const { texts } = await filesOfCheckout();
  const { imports } = JSON.parse(await readSource(CONFIG)) as { imports: Record<string, string> };
  const sources = texts.filter(({ path }) => path.endsWith(".ts"));
  conclude(dependencyProblems(imports, await readSource(DOCUMENT), sources), sources.length);
}
