/**
 * The modules that a program has, by kind: the built-in ones and those loaded by import specifier come in by the same
 * door.
 */
import { FedimintError } from "../../core/result.ts";
import type { Version } from "../../core/types/version.ts";

/** `specifier`: as it was given. */
export class ModuleError extends FedimintError<
  | { readonly code: "duplicate_kind"; readonly kind: string }
  | { readonly code: "bad_specifier" | "not_loaded" | "no_module"; readonly specifier: string }
> {}

/** A definition, and where it comes from: for errors. */
export type Registered<Definition> = { readonly definition: Definition; readonly source: string };

const BUILT_IN = "built in";

export function builtIn<Definition>(definitions: readonly Definition[]): Registered<Definition>[] {
  return definitions.map((definition) => ({ definition, source: BUILT_IN }));
}

/**
 * What a program is handed: of two for the same modules nobody could say which one runs. A kind may have a definition
 * for each consensus major.
 * @throws {ModuleError} `duplicate_kind`
 */
export function assertDistinct(
  definitions: readonly { readonly kind: string; readonly consensusVersion: Version }[],
): void {
  const seen = new Set<string>();
  for (const { kind, consensusVersion: { major } } of definitions) {
    const name = `${kind} ${major}`;
    if (seen.has(name)) {
      throw new ModuleError(
        { code: "duplicate_kind", kind },
        `There are two modules of kind ${kind}, both for consensus version ${major}. Leave one out, or give yours another kind.`,
      );
    }
    seen.add(name);
  }
}

/** @throws {ModuleError} `duplicate_kind` */
export function registryOf<Definition extends { readonly kind: string }>(
  modules: readonly Registered<Definition>[],
): ReadonlyMap<string, Definition> {
  const byKind = new Map<string, Registered<Definition>>();
  for (const module of modules) {
    const { kind } = module.definition;
    const before = byKind.get(kind);
    if (before) {
      throw new ModuleError(
        { code: "duplicate_kind", kind },
        `There are two modules of kind ${kind}: ${before.source}, and ${module.source}. Leave one out, or give yours another kind.`,
      );
    }
    byKind.set(kind, module);
  }
  return new Map([...byKind].map(([kind, { definition }]) => [kind, definition]));
}
