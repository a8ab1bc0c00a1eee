/**
 * Modules' configs as they were decoded. A mint's holds a curve point for each denomination and guardian: checking them
 * costs a tenth of a second at each opening, for the same bytes. A memo of a pure function: who shares it sees only
 * that it is fast.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../core/bytes.ts";
import type { Codec, DecodeError } from "../../core/encoding/mod.ts";
import { decode, tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";

/** Of one kind of module: more federations than one program has open. */
const CONFIGS_MAX = 16;

const decoded = new WeakMap<Codec<unknown>, Map<string, unknown>>();

/** Decodes a config, or finds it. What is refused is not remembered. */
export function decodedConfig<T>(codec: Codec<T>, body: Uint8Array): Result<T, DecodeError> {
  const known = decoded.get(codec) ?? new Map<string, unknown>();
  decoded.set(codec, known);
  const key = toHex(sha256(body));
  if (known.has(key)) return { ok: true, value: known.get(key) as T };
  const config = tryDecoding(() => decode(codec, body));
  if (!config.ok) return config;
  known.set(key, config.value);
  if (known.size > CONFIGS_MAX) known.delete(known.keys().next().value!);
  return config;
}
