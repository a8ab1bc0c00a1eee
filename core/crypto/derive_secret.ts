/**
 * Secrets from which others are derived: all of a wallet's keys come from one seed this way, so that twelve words
 * restore it. Must match the reference bit for bit. Source: `fedimint-derive-secret`, `fedimint-hkdf`;
 * docs/protocol/01-encoding.md §14.
 */
import { expand } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { concat, equalBytesConstantTime, fromHex, utf8 } from "../bytes.ts";
import { Reader, Writer } from "../encoding/io.ts";
import type { FederationId } from "../types/ids.ts";
import type { Scalar } from "./bls/mod.ts";
import { scalarFromWide } from "./bls/scalar.ts";
import { requireLength } from "./error.ts";
import { isSecretKey } from "./secp.ts";

const PRK_BYTES = 64;
/** What is derived by HKDF-Expand's first block: input ‖ 01. */
const FIRST_BLOCK = Uint8Array.of(1);

/** A node of the tree: 64 secret bytes and how deep it is. Printing it shows nothing. */
export class DerivableSecret {
  /** 0 at a root, one more at each child and tweak. Part of the encoding. */
  readonly level: bigint;
  readonly #prk: Bytes;

  private constructor(level: bigint, prk: Bytes) {
    this.level = level;
    this.#prk = prk;
  }

  /** A root from secret material (any length) and a public salt. Source: `DerivableSecret::new_root`. */
  static root(material: Uint8Array, salt: Uint8Array): DerivableSecret {
    return new DerivableSecret(0n, hmac(sha512, salt, material) as Bytes);
  }

  /** From `toBytes()`. @throws {DecodeError} when it is cut off or too long */
  static fromBytes(bytes: Uint8Array): DerivableSecret {
    const reader = new Reader(bytes);
    const level = reader.bigSize();
    const prk = reader.raw(PRK_BYTES);
    reader.end();
    return new DerivableSecret(level, prk);
  }

  /** BS(level) ‖ 64 bytes: what the command line takes as `--federation-secret-hex`. Secret. */
  toBytes(): Bytes {
    const writer = new Writer(PRK_BYTES + 9);
    writer.bigSize(this.level);
    writer.raw(this.#prk);
    return writer.finish();
  }

  /** The child of a number, one level down. @param id u64. Source: `child_key`. */
  child(id: number | bigint): DerivableSecret {
    return new DerivableSecret(this.level + 1n, this.#hmac(tagged("childkey", BigInt(id))));
  }

  /** A child by public bytes of any length. Source: `tweak`. */
  tweak(bytes: Uint8Array): DerivableSecret {
    return new DerivableSecret(this.level + 1n, this.#hmac(bytes));
  }

  /** A secret of one federation, at level 0 again; only the first 8 bytes of its id count. Source: `federation_key`. */
  federationKey(id: FederationId): DerivableSecret {
    const bytes = fromHex(id);
    requireLength(bytes, 32, "id");
    return new DerivableSecret(0n, this.#hmac(concat(bytes.subarray(0, 8), new Uint8Array(8))));
  }

  /** Secret key of secp256k1, 32 bytes. Secret. Source: `to_secp_key`. */
  secpKey(): Bytes {
    for (let attempt = 0n;; attempt++) {
      const key = this.#expand("secp256k", attempt, 32);
      if (isSecretKey(key)) return key;
    }
  }

  /** Scalar of BLS12-381, 32 bytes little-endian. Secret. Source: `to_bls12_381_key`. */
  blsScalar(): Scalar {
    return scalarFromWide(this.#expand("bls12381", 0n, 64));
  }

  /** Key of ChaCha20-Poly1305, 32 bytes. Secret. Source: `to_chacha20_poly1305_key_raw`. */
  chachaKey(): Bytes {
    return this.#expand("c20p1305", 0n, 32);
  }

  /** Pseudo-random bytes, up to 16,320. Shorter ones are the beginning of longer ones. Source: `to_random_bytes`. */
  randomBytes(size: number): Bytes {
    return this.#expand("rawbytes", 0n, size);
  }

  /** In constant time. */
  equals(other: DerivableSecret): boolean {
    return this.level === other.level && equalBytesConstantTime(this.#prk, other.#prk);
  }

  /** No secret in texts. */
  toString(): string {
    return "[secret]";
  }

  /** No secret in JSON. */
  toJSON(): string {
    return "[secret]";
  }

  /** No secret on a console. */
  [Symbol.for("Deno.customInspect")](): string {
    return "[secret]";
  }

  /** No secret on a console. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }

  #hmac(info: Uint8Array): Bytes {
    return hmac(sha512, this.#prk, concat(info, FIRST_BLOCK)) as Bytes;
  }

  #expand(tag: string, id: bigint, size: number): Bytes {
    return expand(sha512, this.#prk, tagged(tag, id), size) as Bytes;
  }
}

/** Tag (8 ASCII characters) ‖ u64 big-endian. */
function tagged(tag: string, id: bigint): Bytes {
  const writer = new Writer(16);
  writer.raw(utf8(tag));
  writer.uint(id, 8, false);
  return writer.finish();
}
