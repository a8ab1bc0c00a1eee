/**
 * Whether WebAssembly that is stored is what the sources beside it put together. Prints a file where it isn't; exit
 * code 1 when there is one. `deno run -A tests/check/stored_modules.ts --fix` stores it.
 */
import { assemble } from "../../core/crypto/bls/wide/program.ts";
import { conclude, readSource, writeSource } from "./sources.ts";

const PATH = "core/crypto/bls/wide/stored.ts";

/** A file with what was put together as a constant. */
function storedText(): string {
  return `// deno-fmt-ignore-file
/** Made of \`program.ts\` by \`deno run -A tests/check/stored_modules.ts --fix\`. */
import type { Program } from "./program.ts";

export const PROGRAM: Program = ${JSON.stringify(assemble(), null, 2)};
`;
}

if (import.meta.main) {
  const text = storedText();
  if (Deno.args.includes("--fix")) await writeSource(PATH, text);
  const isSame = await readSource(PATH) === text;
  conclude(isSame ? [] : [{ path: PATH, line: 1, what: "isn't what program.ts puts together: `--fix` stores it" }], 1);
}
