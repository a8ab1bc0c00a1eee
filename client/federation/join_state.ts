/**
 * What a client knows of its federation, in the store: written in one transaction when it joins, so there is never half
 * a client. `fedimint-client/src/db.rs`; docs/protocol/07-client.md §B.
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, equalBytesConstantTime, utf8 } from "../../core/bytes.ts";
import type { Codec, CodecType, Json } from "../../core/encoding/mod.ts";
import {
  bytes,
  decode,
  decodeAgain,
  encode,
  map,
  option,
  struct,
  text,
  u64,
  u64Number,
  unit,
} from "../../core/encoding/mod.ts";
import type { SignedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import type { ApiVersionSet, SupportedApiVersionsSummary } from "../../core/types/api_versions.ts";
import { apiVersionSet, supportedApiVersionsSummary } from "../../core/types/api_versions.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import type { SignedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import { signedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import type { ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import { blockHash, moduleInstanceId, peerId } from "../../core/types/ids.ts";
import { CLIENT_PREFIX } from "../core/database.ts";
import { json } from "../logs/json.ts";
import { ClientError } from "../error.ts";

/** A value under a name. */
export class Slot<T> {
  /** Where it is, for who waits for changes. */
  readonly key: Bytes;

  readonly codec: Codec<T>;
  readonly #decode: typeof decode;

  /** @param checked what its keys cost was spent before it was stored: they aren't checked anew when it is read */
  constructor(name: string, codec: Codec<T>, { checked = false }: { readonly checked?: boolean } = {}) {
    this.key = concat(CLIENT_PREFIX, utf8(name));
    this.codec = codec;
    this.#decode = checked ? decodeAgain : decode;
  }

  async get(tx: ReadTx): Promise<T | undefined> {
    const value = await tx.get(this.key);
    return value && this.#decode(this.codec, value);
  }

  set(tx: StoreTx, value: T): void {
    tx.set(this.key, encode(this.codec, value));
  }

  delete(tx: StoreTx): void {
    tx.delete(this.key);
  }
}

const joined = struct("Joined", {
  config: clientConfig,
  apiSecret: option(text),
  /** 8 bytes that tell whether the words at hand are those that it was joined with. */
  secretCheck: bytes,
});
export type Joined = { readonly config: ClientConfig; readonly apiSecret: string | null; readonly secretCheck: Bytes };

export const joinedSlot: Slot<Joined> = new Slot("joined", joined, { checked: true });
/** Entropy of the 12 words. Secret. */
export const entropySlot: Slot<Bytes> = new Slot("entropy", bytes);
/**
 * The words were given, not made here: what they have in a federation is only ever restored. Never deleted.
 */
export const wordsGivenSlot: Slot<null> = new Slot("words_given", unit);
/** The client was restored, not joined afresh, at this time. */
export const restoredSlot: Slot<{ readonly atUs: number }> = new Slot(
  "restored",
  struct("Restored", { atUs: u64Number }),
);
/** A newer config that guardians agree on, used from the next opening on. */
export const pendingConfigSlot: Slot<ClientConfig> = new Slot("pending_config", clientConfig);
/** SHA-256 of modules' configs that a program has decoded with all its checks. */
export const takenConfigsSlot: Slot<Map<ModuleInstanceId, Bytes>> = new Slot(
  "taken_configs",
  map(moduleInstanceId, bytes),
);
export const versionsSlot: Slot<ApiVersionSet> = new Slot("api_versions", apiVersionSet);
export const summariesSlot: Slot<Map<PeerId, SupportedApiVersionsSummary>> = new Slot(
  "api_summaries",
  map(peerId, supportedApiVersionsSummary),
);
/** Where guardians say they are: the newest statements that were seen. */
export const announcementsSlot: Slot<Map<PeerId, SignedApiAnnouncement>> = new Slot(
  "api_announcements",
  map(peerId, signedApiAnnouncement),
);
export const metadataSlot: Slot<Map<PeerId, SignedGuardianMetadata>> = new Slot(
  "guardian_metadata",
  map(peerId, signedGuardianMetadata),
);
/** When all that is known of the federation was last asked for, with an answer to each question. */
export const refreshedSlot: Slot<{ readonly atMs: number }> = new Slot(
  "refreshed",
  struct("Refreshed", { atMs: u64Number }),
);
export const chainIdSlot: Slot<string> = new Slot("chain_id", blockHash);

/** @throws {ClientError} `wrong_secret` */
export function checkSecret(stored: Joined, check: Bytes): void {
  if (equalBytesConstantTime(stored.secretCheck, check)) return;
  throw new ClientError({ code: "wrong_secret" }, "The secret does not match the one this database was created with");
}

/** What the federation said of itself when it was asked last, and when that was. */
export const metaSlot: Slot<
  { readonly revision: bigint; readonly values: Json; readonly askedAtMs: number }
> = new Slot("meta", struct("KeptMeta", { revision: u64, values: json, askedAtMs: u64Number }));

const adminCredentials = struct("AdminCredentials", { peer: peerId, password: text });
export type AdminCredentials = CodecType<typeof adminCredentials>;
/** Own guardian and its API password, for admin commands. Secret. */
export const adminSlot: Slot<AdminCredentials> = new Slot("admin", adminCredentials);
