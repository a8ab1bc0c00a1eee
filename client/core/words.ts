/** The wallet's twelve words in the database: made once, never replaced. All of a client's keys come from them. */
import type { Dice } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { ENTROPY_BYTES } from "../../core/crypto/bip39.ts";
import { ClientError } from "../error.ts";
import { entropySlot, wordsGivenSlot } from "../federation/join_state.ts";
import type { ClientOptions } from "./options.ts";

/** Secret. @throws {ClientError} `no_words` */
export async function loadEntropy(store: StoreView): Promise<Bytes> {
  const entropy = await store.read((tx) => entropySlot.get(tx));
  if (entropy) return entropy;
  throw noWords();
}

export function noWords(): ClientError {
  return new ClientError({ code: "no_words" }, "Encoded client secret not present in DB");
}

/** Secret. Fresh random bytes when there are none yet; they are on disk when this resolves. */
export async function loadOrMakeEntropy(store: StoreView, dice: Dice): Promise<Bytes> {
  const { value, durable } = await store.transact(async (tx) => {
    const stored = await entropySlot.get(tx);
    if (stored) return stored;
    const fresh = dice.bytes(ENTROPY_BYTES);
    entropySlot.set(tx, fresh);
    return fresh;
  });
  await durable;
  return value;
}

/**
 * Whether there are no words yet, or none that anybody can have used: then nobody needs to be asked about them, and
 * guardians don't learn their name for a backup before there is one.
 */
export async function areWordsNew({ store, secret, entropy, entropyNew = false }: ClientOptions): Promise<boolean> {
  if (secret) return false;
  return entropy ? entropyNew : await store.read((tx) => entropySlot.get(tx)) === undefined;
}

/**
 * Words that were used before may have money in any federation, and a wallet that joins afresh would not show it.
 * @throws {ClientError} `has_history`
 */
export async function refuseGivenWords({ store, secret, entropyGiven = false }: ClientOptions): Promise<void> {
  if (secret) return;
  if (!entropyGiven && await store.read((tx) => wordsGivenSlot.get(tx)) === undefined) return;
  throw new ClientError(
    { code: "has_history" },
    "The words of this wallet were given to it, so they may have money in this federation already: restore it instead " +
      "of joining. Nothing was changed",
  );
}
