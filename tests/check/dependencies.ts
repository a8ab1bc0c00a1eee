/**
 * Whether `deno.json` and `docs/dependencies.md` name the same packages. Prints those that only one of them names; exit
 * code 1 when there is one.
 */
import { conclude, type Problem, readSource } from "./sources.ts";

const [CONFIG, DOCUMENT] = ["deno.json", "docs/dependencies.md"];

/** `@noble/curves` of `@noble/curves/secp256k1.js`. */
export function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** @param document each package begins a row of a table: `| \`name\` |` */
export function dependencyProblems(imports: Readonly<Record<string, string>>, document: string): Problem[] {
  const declared = new Set(
    Object.entries(imports).filter(([, target]) => /^(npm|jsr):/.test(target)).map(([name]) => packageOf(name)),
  );
  const documented = new Set([...document.matchAll(/^\| `([^`\s]+)` /gm)].map(([, name]) => name!));
  const problems: Problem[] = [];
  for (const name of declared) {
    if (!documented.has(name)) problems.push({ path: DOCUMENT, line: 0, what: `says nothing of ${name}` });
  }
  for (const name of documented) {
    if (!declared.has(name)) problems.push({ path: DOCUMENT, line: 0, what: `${name} is not in ${CONFIG}` });
  }
  return problems;
}

if (import.meta.main) {
  const { imports } = JSON.parse(await readSource(CONFIG)) as { imports: Record<string, string> };
  conclude(dependencyProblems(imports, await readSource(DOCUMENT)), Object.keys(imports).length);
}
