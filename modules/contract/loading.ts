/**
 * Modules by import specifier: what a file exports is looked at before it is used, and what is no module is refused
 * with what is wrong. The import itself is a program's: it is handed in, so nothing here reaches the world. A module is
 * told by its parts.
 */
import { resolve, toFileUrl } from "@std/path";
import { isModuleKind } from "../../core/types/module_kind.ts";
import type { AnyClientModuleDefinition } from "./client.ts";
import type { Registered } from "./registry.ts";
import { ModuleError } from "./registry.ts";
import type { AnyServerModuleDefinition } from "./server.ts";

export type ModuleSide = "server" | "client";

type Definitions = { readonly server: AnyServerModuleDefinition; readonly client: AnyClientModuleDefinition };
type Parts = { readonly [name: string]: unknown };

export type Importer = {
  /** Where relative paths begin. */
  readonly directory: string;
  readonly load: (specifier: string) => Promise<Parts>;
};

/**
 * What `import()` takes: a file below `directory`, or an address that brings the code unchanged. Plain HTTP is none:
 * whoever sits between could put code of theirs into a program that holds money.
 * @throws {ModuleError} `bad_specifier`
 */
export function importSpecifier(text: string, directory: string): string {
  if (/^(npm|jsr|https|file):/.test(text)) return text;
  // one letter is a drive of Windows
  if (text.trim() === "" || /^[A-Za-z][A-Za-z0-9+.-]+:/.test(text)) {
    throw new ModuleError(
      { code: "bad_specifier", specifier: text },
      `${JSON.stringify(text)} is no module: expected a file, or an https:, npm: or jsr: address`,
    );
  }
  return toFileUrl(resolve(directory, text)).href;
}

/** Specifiers in an environment variable, separated by commas. */
export function listedModules(text: string | undefined): string[] {
  return (text ?? "").split(",").map((specifier) => specifier.trim()).filter((specifier) => specifier !== "");
}

const VERSION = "{ major, minor }";
const isFunction = (value: unknown): boolean => typeof value === "function";
const isObject = (value: unknown): value is Parts => typeof value === "object" && value !== null;
const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isVersion = (value: unknown): boolean => isObject(value) && isNumber(value.major) && isNumber(value.minor);
const isCodec = (value: unknown): boolean =>
  isObject(value) && [value.read, value.write, value.fromJson, value.toJson].every(isFunction);

const isCallTable = (value: unknown): boolean =>
  value === null ||
  isObject(value) && !Array.isArray(value) &&
    Object.values(value).every((form) => form === "call" || form === "stream" || isCallTable(form));

const isRecovery = (value: unknown): boolean =>
  isObject(value) && typeof value.runsMeanwhile === "boolean" && isCodec(value.progress) &&
  [value.count, value.prepare, value.run, value.finish].every(isFunction);

const CODECS = ["config", "input", "output", "outputOutcome", "consensusItem", "inputError", "outputError"];

type Part = { readonly name: string; readonly is: (value: unknown) => boolean; readonly expected: string };

const COMMON: readonly Part[] = [
  { name: "kind", is: isModuleKind, expected: "a name of a-z, 0-9, - and _, 1 to 32 of them" },
  { name: "consensusVersion", is: isVersion, expected: VERSION },
  {
    name: "codecs",
    is: (value) => isObject(value) && CODECS.every((name) => isCodec(value[name])),
    expected: `codecs ${CODECS.join(", ")}`,
  },
  {
    name: "schema",
    is: (value) => value === undefined || isObject(value) && isNumber(value.version) && isObject(value.migrations),
    expected: "{ version, migrations }",
  },
  { name: "start", is: isFunction, expected: "a function" },
];

const PARTS: Readonly<Record<ModuleSide, readonly Part[]>> = {
  server: [
    ...COMMON,
    { name: "enabledByDefault", is: (value) => typeof value === "boolean", expected: "true or false" },
    {
      name: "apiVersions",
      is: (value) => Array.isArray(value) && value.length > 0 && value.every(isVersion),
      expected: `a list of ${VERSION}, at least one`,
    },
    {
      name: "privateConfig",
      is: (value) => isObject(value) && isFunction(value.fromJson) && isFunction(value.toJson),
      expected: "a codec",
    },
    ...["distributedGen", "validateConfig", "getClientConfig"].map((name) => ({
      name,
      is: isFunction,
      expected: "a function",
    })),
  ],
  client: [
    ...COMMON,
    { name: "requiredApi", is: isVersion, expected: VERSION },
    { name: "config", is: isCodec, expected: "a codec" },
    { name: "state", is: isCodec, expected: "a codec" },
    {
      name: "api",
      is: isCallTable,
      expected: 'what applications may call, by name, each "call" or "stream", or null',
    },
    {
      name: "recovery",
      is: (value) => value === undefined || isRecovery(value),
      expected: "{ runsMeanwhile, progress, count, prepare, run, finish }",
    },
  ],
};

/** What only one side's definitions have: with a kind it tells what a value is meant to be. */
const MARKS: Readonly<Record<ModuleSide, readonly string[]>> = {
  server: ["distributedGen", "getClientConfig", "privateConfig", "apiVersions"],
  client: ["requiredApi", "state"],
};

function isMeantAs(side: ModuleSide, value: unknown): value is Parts {
  return isObject(value) && "kind" in value && MARKS[side].some((name) => name in value);
}

/**
 * The definitions among what a file exports, by name or as default; other exports are the file's own affair.
 * @param specifier as it was given, for errors
 * @throws {ModuleError} `no_module`
 */
export function definitionsIn<Side extends ModuleSide>(
  side: Side,
  specifier: string,
  exports: Parts,
): Definitions[Side][] {
  const wrong = (why: string): ModuleError => new ModuleError({ code: "no_module", specifier }, `${specifier} ${why}`);
  const definer = side === "server" ? "defineServerModule" : "defineClientModule";
  const found = new Set<Definitions[Side]>();
  for (const [name, value] of Object.entries(exports)) {
    if (!isMeantAs(side, value)) continue;
    const bad = PARTS[side].find((part) => !part.is(value[part.name]));
    if (bad) {
      throw wrong(
        `exports ${name}, which is no ${side} module: its \`${bad.name}\` is not ${bad.expected}. ${definer} of the contract tells before`,
      );
    }
    found.add(value as unknown as Definitions[Side]);
  }
  if (found.size > 0) return [...found];
  const other = side === "server" ? "client" : "server";
  const hint = Object.values(exports).some((value) => isMeantAs(other, value))
    ? `. It exports a ${other} module: that is for the ${other === "server" ? "guardian" : "client"}`
    : "";
  throw wrong(`exports no ${side} module: expected what ${definer} returns, by a name or as default${hint}`);
}

/** @throws {ModuleError} `bad_specifier` · `not_loaded` · `no_module` */
export async function loadModules<Side extends ModuleSide>(
  side: Side,
  specifiers: readonly string[],
  { directory, load }: Importer,
): Promise<Registered<Definitions[Side]>[]> {
  const loaded: Registered<Definitions[Side]>[] = [];
  // the same file twice is the same module
  for (const specifier of new Set(specifiers)) {
    const address = importSpecifier(specifier, directory);
    let exports: Parts;
    try {
      exports = await load(address);
    } catch (thrown) {
      throw new ModuleError({ code: "not_loaded", specifier }, `${specifier} can't be loaded as a module`, {
        cause: thrown,
      });
    }
    for (const definition of definitionsIn(side, specifier, exports)) loaded.push({ definition, source: specifier });
  }
  return loaded;
}
