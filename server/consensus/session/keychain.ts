/**
 * A guardian's broadcast key, and everybody's public ones: what signs units, alerts and session headers.
 * docs/protocol/03-consensus.md §A2.
 */
import type { Dice } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { keychainSign, keychainTag, keychainVerifier } from "../../../core/crypto/keychain.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { Keychain } from "../../broadcast/keychain.ts";

/** @param secretKey 32 bytes. Secret: kept inside the closure. */
export function makeKeychain(
  options: {
    readonly identity: PeerId;
    readonly broadcastKeys: ReadonlyMap<PeerId, Bytes>;
    readonly secretKey: Uint8Array;
    readonly dice: Dice;
  },
): Keychain {
  const { identity, broadcastKeys, secretKey, dice } = options;
  const keys = [...broadcastKeys.entries()].sort(([a], [b]) => a - b).map(([, key]) => key);
  const tag = keychainTag(keys);
  return {
    index: identity,
    sign: (message) => keychainSign(tag, message, secretKey, dice.bytes(32)),
    verify: keychainVerifier(tag, keys),
  };
}
