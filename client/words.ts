/** The wallet's twelve words in the database: made once, never replaced. All of a client's keys come from them. */
import type { Dice } from "../actors/platform/platform.ts";
import type { StoreView } from "../actors/store/store.ts";
import type { Bytes } from "../core/bytes.ts";
import { ENTROPY_BYTES, entropyOfWords } from "../core/crypto/bip39.ts";
import { ClientError } from "./error.ts";
import { entropySlot } from "./federation/join_state.ts";

/** Secret. @throws {ClientError} `no_words` */
export async function loadEntropy(store: StoreView): Promise<Bytes> {
  const entropy = await store.read((tx) => entropySlot.get(tx));
  if (entropy) return entropy;
  throw new ClientError({ code: "no_words" }, "Encoded client secret not present in DB");
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

/** Takes words for a database that has none. @throws {ClientError} `already_joined` · {CryptoError} `bad_words` */
export async function importWords(store: StoreView, words: string): Promise<void> {
  const entropy = entropyOfWords(words);
  const { durable } = await store.transact(async (tx) => {
    if (await entropySlot.get(tx) !== undefined) {
      throw new ClientError({ code: "already_joined" }, "This database has words already: use another data directory");
    }
    entropySlot.set(tx, entropy);
  });
  await durable;
}
