/**
 * Keys of the node's own wallet, derived from its seed: P2WPKH, one an address. And beside them a fixed number of keys
 * to which peers pay what is ours when they close a channel by force: of the seed alone, so that words bring it back.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "../../../../../core/assert.ts";
import { hash160, p2wpkhScript } from "../../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { concat, utf8 } from "../../../../../core/bytes.ts";
import { isSecretKey, publicKeyOf } from "../../../../../core/crypto/secp.ts";

const KEY_INFO = utf8("fedimint gateway node wallet key");
const PAYMENT_INFO = utf8("fedimint gateway node channel payment key");
/** Index of the first of those keys; addresses are below. */
export const PAYMENT_KEYS_FIRST = 0x8000_0000;
/** Enough that few channels share one; an Esplora server is asked for each. */
export const PAYMENT_KEYS = 100;

export class WalletKeys {
  readonly #seed: Bytes;

  /** @param seed 32 bytes. Secret. */
  constructor(seed: Bytes) {
    this.#seed = seed;
  }

  /** Secret. */
  secretKey(index: number): Bytes {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, index);
    const info = index < PAYMENT_KEYS_FIRST ? KEY_INFO : PAYMENT_INFO;
    const key = hmac(sha256, this.#seed, concat(info, number)) as Bytes;
    assert(isSecretKey(key), "a hash is a key but for one in 2^127");
    return key;
  }

  publicKeyHash(index: number): Bytes {
    return hash160(publicKeyOf(this.secretKey(index)));
  }

  script(index: number): Bytes {
    return p2wpkhScript(this.publicKeyHash(index));
  }
}
