/**
 * Keys of channels. LDK derives them from the seed and from an id that is never the same twice: without the folder that
 * id is lost, and the keys with it. So the one key of them that peers pay to when they close a channel by force is one
 * of the wallet's fixed ones instead, and whatever else a channel pays to us by itself goes to the wallet's own script:
 * words alone bring both back. All other keys stay LDK's.
 */
import type { Dice } from "../../../../../actors/platform/platform.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { concat, toHex } from "../../../../../core/bytes.ts";
import { ldk } from "./bindings.ts";
import type { WalletKeys } from "./keys.ts";
import { PAYMENT_KEYS, PAYMENT_KEYS_FIRST } from "./keys.ts";

/** LDK's own ids begin with a small count: channels that are older than this file have those. */
const MARK: Bytes = new Uint8Array([0xff, 0x66, 0x6d, 0x01]);
const INDEX_BYTES = 2, ID_BYTES = 32;

/** An id of a channel's keys: the mark, which of the fixed keys, and dice: no two channels have the same keys. */
function newKeysId(dice: Dice): Bytes {
  const index = new Uint8Array(INDEX_BYTES);
  new DataView(index.buffer).setUint16(0, dice.below(PAYMENT_KEYS));
  return concat(MARK, index, dice.bytes(ID_BYTES - MARK.length - INDEX_BYTES));
}

/** Index of the wallet's key; null for an id of LDK's. */
function paymentKeyOf(id: Uint8Array): number | null {
  if (toHex(id.subarray(0, MARK.length)) !== toHex(MARK)) return null;
  return PAYMENT_KEYS_FIRST + new DataView(id.buffer, id.byteOffset).getUint16(MARK.length);
}

/** All keys of the channel with this id, which has this value. */
export function channelKeys(
  keys: ldk.KeysManager,
  walletKeys: WalletKeys,
  dice: Dice,
  { valueSat, id }: { readonly valueSat: bigint; readonly id: Uint8Array },
): ldk.InMemorySigner {
  const signer = keys.derive_channel_keys(valueSat, id), index = paymentKeyOf(id);
  if (index === null) return signer;
  return ldk.InMemorySigner.constructor_new(
    signer.get_funding_key(),
    signer.get_revocation_base_key(),
    walletKeys.secretKey(index),
    signer.get_delayed_payment_base_key(),
    signer.get_htlc_base_key(),
    signer.get_commitment_seed(),
    valueSat,
    id,
    dice.bytes(ID_BYTES),
  );
}

/** Kept by whoever uses it, as all objects with callbacks. */
export function signersOf(keys: ldk.KeysManager, walletKeys: WalletKeys, dice: Dice): ldk.SignerProvider {
  const inner = keys.as_SignerProvider();
  return ldk.SignerProvider.new_impl({
    generate_channel_keys_id: () => newKeysId(dice),
    derive_channel_signer: (valueSat, id) =>
      channelKeys(keys, walletKeys, dice, { valueSat, id }).as_EcdsaChannelSigner(),
    read_chan_signer: (bytes) => inner.read_chan_signer(bytes),
    get_destination_script: () => ldk.Result_CVec_u8ZNoneZ.constructor_ok(walletKeys.script(0)),
    get_shutdown_scriptpubkey: () =>
      ldk.Result_ShutdownScriptNoneZ.constructor_ok(
        ldk.ShutdownScript.constructor_new_p2wpkh(walletKeys.publicKeyHash(0)),
      ),
  });
}
