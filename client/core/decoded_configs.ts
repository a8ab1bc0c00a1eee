/**
 * Modules' configs as they were decoded. A mint's holds a curve point for each denomination and guardian: checking them
 * costs up to a tenth of a second, at each opening, for the same bytes. So each is decoded once in a process (a memo of
 * a pure function: who shares it sees only that it is fast), and a wallet keeps the hashes of those that were taken.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, toHex } from "../../core/bytes.ts";
import type { Codec, DecodeError } from "../../core/encoding/mod.ts";
import { decode, decodeAgain, tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { ok } from "../../core/result.ts";

/** Of one kind of module: more federations than one program has open. */
const CONFIGS_MAX = 16;

const decoded = new WeakMap<Codec<unknown>, Map<string, unknown>>();

export type DecodedConfig<T> = {
  readonly value: T;
  /** 32 bytes, of the config: who keeps them may say the next time that it was decoded. */
  readonly hash: Bytes;
};

/**
 * Decodes a config, or finds it. What is refused is not remembered.
 * @param decodedBefore the hash of one that this codec has taken, in another process
 */
export function decodedConfig<T>(
  codec: Codec<T>,
  body: Uint8Array,
  decodedBefore: Bytes | undefined,
): Result<DecodedConfig<T>, DecodeError> {
  const known = decoded.get(codec) ?? new Map<string, unknown>();
  decoded.set(codec, known);
  const hash = sha256(body) as Bytes, key = toHex(hash);
  if (known.has(key)) return ok({ value: known.get(key) as T, hash });
  const isKnown = decodedBefore !== undefined && equalBytes(decodedBefore, hash);
  const config = tryDecoding(() => (isKnown ? decodeAgain : decode)(codec, body));
  if (!config.ok) return config;
  known.set(key, config.value);
  if (known.size > CONFIGS_MAX) known.delete(known.keys().next().value!);
  return ok({ value: config.value, hash });
}

/**
 * The same for who only looks at what is stored, and computes with no key of it: a config that no process has decoded
 * yet is read without its points being checked. It isn't remembered, and nobody may take its hash for one that was.
 */
export function glancedConfig<T>(
  codec: Codec<T>,
  body: Uint8Array,
  decodedBefore: Bytes | undefined,
): Result<DecodedConfig<T>, DecodeError> {
  const hash = sha256(body) as Bytes;
  if (decodedBefore !== undefined && equalBytes(decodedBefore, hash)) return decodedConfig(codec, body, decodedBefore);
  const config = tryDecoding(() => decodeAgain(codec, body));
  return config.ok ? ok({ value: config.value, hash }) : config;
}
