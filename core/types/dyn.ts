/**
 * Values whose type a module knows: `BS(instance id) ‖ BS(length) ‖ body`. They are kept as bytes, so unknown modules
 * are re-encoded exactly; `Decoders` says what a body must be. `fedimint-core/src/core.rs`, `src/module/registry.rs`.
 */
import type { Bytes } from "../bytes.ts";
import { equalBytes } from "../bytes.ts";
import type { AnyCodec, Codec } from "../encoding/mod.ts";
import { bytes, decode, DecodeError, encode, rethrowWithin, struct } from "../encoding/mod.ts";
import type { ModuleInstanceId } from "./ids.ts";
import { moduleInstanceId } from "./ids.ts";

/** A module's own bytes, and whose they are. */
export type Dyn = { readonly instance: ModuleInstanceId; readonly body: Bytes };

/** The same encoding for inputs, outputs, outcomes, consensus items, errors, client configs, backups. */
export const dyn: Codec<Dyn> = struct("Dyn", { instance: moduleInstanceId, body: bytes });

/** What in a module's vocabulary a body is. */
export type DynKind = "input" | "output" | "outputOutcome" | "consensusItem" | "inputError" | "outputError" | "config";
/** How a module's parts are encoded. */
export type ModuleCodecs = { readonly [K in DynKind]: AnyCodec };
export type Decoders = ReadonlyMap<ModuleInstanceId, ModuleCodecs>;

/** Wraps a module's value. */
export function toDyn<T>(instance: ModuleInstanceId, codec: Codec<T>, value: T): Dyn {
  return { instance, body: encode(codec, value) };
}

/**
 * Decodes a body, whole, and makes sure that it encodes to the same bytes again.
 * @throws {DecodeError} also when no decoder is registered for the instance (the reference's *Reject* mode)
 */
export function fromDyn(decoders: Decoders, kind: DynKind, value: Dyn): unknown {
  const codecs = decoders.get(value.instance);
  if (!codecs) throw new DecodeError("unknown_variant", `No module has the instance id ${value.instance}`);
  try {
    const decoded: unknown = decode(codecs[kind], value.body);
    if (!equalBytes(encode(codecs[kind], decoded), value.body)) {
      throw new DecodeError("invalid", "Value is not in its canonical form");
    }
    return decoded;
  } catch (thrown) {
    return rethrowWithin(thrown, `${kind} of module ${value.instance}`);
  }
}
