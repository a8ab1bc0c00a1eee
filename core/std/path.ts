/**
 * `@std/path`, as far as this project uses it, over Node's own module. One line in `deno.json` switches to the real
 * package.
 */
export { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
export { fileURLToPath as fromFileUrl, pathToFileURL as toFileUrl } from "node:url";
