/**
 * What a bundler leaves to do: it follows imports, and doesn't see that a module is also the beginning of a thread, or
 * that a package reads a file that lies beside it. Pure.
 */
import { assert } from "../../core/assert.ts";

/** How a task says where its thread's module is (`actors/platform/platform.ts`). */
const THREAD = /import\.meta\.resolve\("\.\/\w+\.ts"\)/;

/** Whether this file of the bundle begins a thread with a module that isn't in it. */
export function startsThread(text: string): boolean {
  return THREAD.test(text);
}

/** A module of Node's that is imported for its default. */
const BUILTIN = /^import (\w+) from "(node:[\w/]+)";$/gm;

/** Gets such a module when something of it is first used. */
const LATER = `const nodeLater = (name) => {
  const module = () => globalThis.process.getBuiltinModule(name);
  return new Proxy({}, {
    get: (_, key) => {
      const value = module()[key];
      return typeof value === "function" ? value.bind(module()) : value;
    },
    set: (_, key, value) => Reflect.set(module(), key, value),
  });
};
`;

/**
 * A file of the bundle that loads Node's modules when they are used: commander imports those with which it would run
 * commands that are programs of their own. They are a sixth of a command's start, and no command of ours is such.
 */
export function withLateBuiltins(text: string): string {
  const late = text.replaceAll(BUILTIN, (_, name: string, module: string) => `const ${name} = nodeLater("${module}");`);
  return late === text ? text : LATER + late;
}

/** Whether this file of the bundle reads libsecp256k1's WebAssembly beside itself. */
export function readsSecpWasm(text: string): boolean {
  return text.includes('"secp256k1.wasm"');
}

/**
 * A program for the shell that runs a bundle as a task runs its sources.
 * @param task of `deno.json`, with the program's own path in it @param unstable as there
 * @param bundled where that program is in the bundle, from the launcher's folder
 */
export function launcher(task: string, source: string, bundled: string, unstable: readonly string[]): string {
  assert(task.startsWith("deno run ") && task.endsWith(` ${source}`), "the task runs the program and nothing else");
  const flags = [
    ...task.slice("deno run ".length, -source.length - 1).split(" "),
    ...["--no-config", ...unstable.map((feature) => `--unstable-${feature}`)],
  ];
  return `#!/bin/sh
# Made by \`deno task build:client\`. DENO: another Deno than that of the path.
program=$0
if [ -L "$program" ]; then program=$(readlink -f "$program"); fi
case $program in */*) ;; *) program=./$program ;; esac
exec "\${DENO:-deno}" run ${flags.join(" ")} "\${program%/*}/${bundled}" "$@"
`;
}
