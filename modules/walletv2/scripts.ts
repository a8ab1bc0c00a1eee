/**
 * The federation's scripts: `wsh(sortedmulti(k, keys))` over keys that are all tweaked by the same 32 bytes, and the
 * filter that tells which outputs may be ours. Follows fedimint-walletv2-common 0.13.0 (`lib.rs`);
 * docs/protocol/05-wallet.md §7.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bitcoinScript, p2wshOf, sortedMultisigScript } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex, toHex } from "../../core/bytes.ts";
import { addPublicKeys, publicKeyOf } from "../../core/crypto/secp.ts";
import { isZero } from "../../core/crypto/secp/scalar.ts";
import { encode, map } from "../../core/encoding/mod.ts";
import type { PeerId, Sha256 } from "../../core/types/ids.ts";
import { peerId } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { FederationWallet } from "./common.ts";
import { federationWallet } from "./common.ts";

export type MultisigKeys = ReadonlyMap<PeerId, Bytes>;

const keyMap = map(peerId, publicKey);

/** 32 bytes: SHA-256 of the encoded keys; binds the filter to the federation. */
export function keysHash(keys: MultisigKeys): Bytes {
  return sha256(encode(keyMap, new Map(keys))) as Bytes;
}

/** Tweak of a deposit's script. @param depositKey 33 bytes */
export function depositTweak(depositKey: Bytes): Sha256 {
  return toHex(sha256(depositKey));
}

/** Tweak of the change that spending `wallet` makes. */
export function changeTweak(wallet: FederationWallet): Sha256 {
  return toHex(sha256(encode(federationWallet, wallet)));
}

/** Every key plus t·G, by guardian. t·G is computed once for all of them; with t = 0 keys stay as they are. */
export function tweakedKeys(keys: MultisigKeys, tweak: Sha256): Map<PeerId, Bytes> {
  const scalar = fromHex(tweak);
  if (isZero(scalar)) return new Map(keys);
  const point = publicKeyOf(scalar);
  return new Map([...keys].map(([peer, key]) => [peer, addPublicKeys(key, point)]));
}

/** The multisig script that a spender reveals. */
export function witnessScriptOf(keys: MultisigKeys, tweak: Sha256): Bytes {
  return sortedMultisigScript(numPeers(keys.size).threshold, [...tweakedKeys(keys, tweak).values()]);
}

/** The output script (P2WSH, 34 bytes). */
export function outputScriptOf(keys: MultisigKeys, tweak: Sha256): Bytes {
  return p2wshOf(witnessScriptOf(keys, tweak));
}

/** May this output be a deposit? One in 65,536 scripts passes; depositors search for an address that does. */
export function isPotentialReceive(script: Bytes, hashOfKeys: Bytes): boolean {
  const hash = sha256(concat(encode(bitcoinScript, script), hashOfKeys));
  return hash[0] === 0 && hash[1] === 0;
}
