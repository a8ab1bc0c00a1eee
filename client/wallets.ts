/**
 * Several federations under the same words, in one process and one database: a wallet for each. Their secrets are derived as the official
 * client derives those of its federations (`bip39.ts`), so the words alone bring all of them back there.
 *
 * | prefix | key | value |
 * |---|---|---|
 * | 01 | | entropy of the words, 16 bytes. Secret |
 * | 02 | federation 32 | which wallets there are |
 * | 10 | federation 32 ‖ … | a wallet's own part (`core/database.ts`) |
 * | fe | | version of all that is no wallet's (`actors/store/schema.ts`) |
 *
 * The words are on disk before anything is derived from them, and a federation is in the list before its wallet joins: a crash in between
 * leaves an entry without a wallet, which the next opening takes out. Nothing of a wallet is ever deleted: one that joined twice with the
 * same words would issue the same notes twice.
 */
import type { Schema } from "../actors/store/schema.ts";
import { checkSchema, nothingToMigrate } from "../actors/store/schema.ts";
import type { StoreTx } from "../actors/store/store.ts";
import type { Bytes } from "../core/bytes.ts";
import { concat, fromHex, toHex } from "../core/bytes.ts";
import { ENTROPY_BYTES, wordsOfEntropy } from "../core/crypto/bip39.ts";
import { bool, bytes, decode, encode, struct } from "../core/encoding/mod.ts";
import type { FederationId } from "../core/types/ids.ts";
import { WaitError } from "../modules/contract/waiting.ts";
import { Client } from "./core/client.ts";
import { storePart } from "./core/store_part.ts";
import { ClientError } from "./error.ts";
import { builtInModules } from "./modules.ts";
import type { OpenClientOptions } from "./open.ts";
import { readInviteCode } from "./pasted.ts";
import { FederationClient } from "./wallet.ts";

const ENTROPY_KEY = Uint8Array.of(0x01);
const WALLET_PREFIX = Uint8Array.of(0x02);
const PART_PREFIX = Uint8Array.of(0x10);

/** Of the list; each wallet's part has a version of its own. */
const WALLETS_SCHEMA: Schema = { version: 1, migrations: { 0: nothingToMigrate } };

const record = struct("WalletRecord", { leftOut: bool });

/** A wallet of those that are under the same words. */
export type WalletEntry =
  & { readonly federationId: FederationId }
  & (
    /** It runs. */
    | { readonly status: "open"; readonly wallet: FederationClient }
    /** It rests: its money and all that it knows stay where they are. */
    | { readonly status: "left_out" }
    /** It could not be opened, or could not go on; the others are not hurt. `resume` tries again. */
    | { readonly status: "failed"; readonly error: unknown }
  );

/** What several wallets are opened with. `store` is closed with them. */
export type OpenWalletsOptions = OpenClientOptions;

function recordKey(id: FederationId): Bytes {
  return concat(WALLET_PREFIX, fromHex(id));
}

/**
 * Opens all wallets that the store holds, each with what it had under way. Needs no network. One that can't be opened is in the list with
 * its error.
 * @throws {StoreError} `newer_schema` and others
 */
export async function openWallets(options: OpenWalletsOptions): Promise<Wallets> {
  const { store, platform: { dice } } = options;
  try {
    await checkSchema(store, WALLETS_SCHEMA);
    const { value: entropy, durable } = await store.transact(async (tx) => {
      const stored = await tx.get(ENTROPY_KEY);
      if (stored) return decode(bytes, stored);
      const fresh = dice.bytes(ENTROPY_BYTES);
      tx.set(ENTROPY_KEY, encode(bytes, fresh));
      return fresh;
    });
    await durable;
    const wallets = new Wallets(options, entropy);
    await wallets.openAll();
    return wallets;
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

/** The wallets of one owner. Made by `openWallets`. */
export class Wallets {
  readonly #options: OpenWalletsOptions;
  readonly #entropy: Bytes;
  readonly #entries = new Map<FederationId, WalletEntry>();
  /** What is done with one federation is done one after the other. */
  readonly #turns = new Map<FederationId, Promise<unknown>>();
  /** Aborted when all are closed. */
  readonly #closing = new AbortController();

  /** @internal */
  constructor(options: OpenWalletsOptions, entropy: Bytes) {
    this.#options = options;
    this.#entropy = entropy;
  }

  /** The 12 words that the money of all wallets comes from. Secret. */
  words(): string {
    return wordsOfEntropy(this.#entropy);
  }

  /** All of them, those that are left out as well. */
  list(): WalletEntry[] {
    return [...this.#entries.values()];
  }

  /** One that runs. */
  wallet(federationId: FederationId): FederationClient | undefined {
    const entry = this.#entries.get(federationId);
    return entry?.status === "open" ? entry.wallet : undefined;
  }

  /** What all that run hold together, msat. @throws {ClientError} `no_primary_module` */
  async totalMsat(): Promise<bigint> {
    let sumMsat = 0n;
    for (const entry of this.#entries.values()) {
      if (entry.status === "open") sumMsat += await entry.wallet.getBalance();
    }
    return sumMsat;
  }

  /**
   * The wallet of an invite code's federation: joined when it is new, taken back with all its money when it was left out. One that has joined
   * takes from the code what is news (`FederationClient.join`).
   * @throws as `FederationClient.join`; a federation that could not be joined is not in the list · {WaitError} `closed`
   */
  async add(inviteCode: string, signal?: AbortSignal): Promise<FederationClient> {
    const invite = readInviteCode(inviteCode), { federationId } = invite;
    const until = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    return await this.#inTurn(federationId, async () => {
      const running = this.wallet(federationId), wallet = running ?? await this.#openKept(federationId);
      try {
        await wallet.client.join(invite, until);
      } catch (thrown) {
        if (!wallet.isJoined) await this.#drop(federationId, wallet);
        else if (!running) this.#setOpen(federationId, wallet);
        throw thrown;
      }
      if (!running) this.#setOpen(federationId, wallet);
      return wallet;
    });
  }

  /** Takes back a wallet that was left out, or tries one again that could not be opened. Asks nobody. @throws {ClientError} `not_joined` */
  async resume(federationId: FederationId): Promise<FederationClient> {
    return await this.#inTurn(federationId, async () => {
      if (!this.#entries.has(federationId)) throw noWallet();
      const running = this.wallet(federationId);
      if (running) return running;
      const wallet = await this.#openKept(federationId);
      this.#setOpen(federationId, wallet);
      return wallet;
    });
  }

  /**
   * Stops a wallet, and opens it no more. Its money stays in it, as does what it has under way: `add` or `resume` go on with it.
   * @throws {ClientError} `not_joined`
   */
  async leaveOut(federationId: FederationId): Promise<void> {
    await this.#inTurn(federationId, async () => {
      const entry = this.#entries.get(federationId);
      if (!entry) throw noWallet();
      await this.#write((tx) => tx.set(recordKey(federationId), encode(record, { leftOut: true })));
      this.#entries.set(federationId, { federationId, status: "left_out" });
      if (entry.status === "open") await entry.wallet.close();
    });
  }

  /** Stops all of them in order and closes the database. Whoever waits for something is told (`WaitError` `closed`). */
  async close(): Promise<void> {
    this.#closing.abort(WaitError.closed());
    await Promise.all(this.#turns.values());
    const open = [...this.#entries.values()].flatMap((entry) => entry.status === "open" ? [entry.wallet] : []);
    try {
      await Promise.all(open.map((wallet) => wallet.close()));
    } finally {
      await this.#options.store.close();
    }
  }

  /** @internal */
  async openAll(): Promise<void> {
    const records = await this.#options.store.read(async (tx) => {
      const found: [FederationId, boolean][] = [];
      for await (const { key, value } of tx.range({ prefix: WALLET_PREFIX })) {
        found.push([toHex(key.subarray(WALLET_PREFIX.length)) as FederationId, decode(record, value).leftOut]);
      }
      return found;
    });
    for (const [federationId, leftOut] of records) {
      if (leftOut) this.#entries.set(federationId, { federationId, status: "left_out" });
      else await this.#open(federationId);
    }
  }

  async #open(federationId: FederationId): Promise<void> {
    try {
      const wallet = await this.#wallet(federationId);
      if (wallet.isJoined) this.#setOpen(federationId, wallet);
      // it was never joined: a crash came between
      else await this.#drop(federationId, wallet);
    } catch (error) {
      this.#entries.set(federationId, { federationId, status: "failed", error });
    }
  }

  /** In the list on disk from now on, whether it will join or has. @throws as `Client.open` */
  async #openKept(federationId: FederationId): Promise<FederationClient> {
    await this.#write((tx) => tx.set(recordKey(federationId), encode(record, { leftOut: false })));
    try {
      return await this.#wallet(federationId);
    } catch (error) {
      this.#entries.set(federationId, { federationId, status: "failed", error });
      throw error;
    }
  }

  #setOpen(federationId: FederationId, wallet: FederationClient): void {
    this.#entries.set(federationId, { federationId, status: "open", wallet });
    wallet.failed.catch((error) =>
      this.#inTurn(federationId, async () => {
        if (this.wallet(federationId) !== wallet) return;
        this.#entries.set(federationId, { federationId, status: "failed", error });
        await wallet.close();
      })
    ).catch(() => undefined); // its store has failed, or all are being closed: whoever calls next is told
  }

  /** @throws as `Client.open` */
  async #wallet(federationId: FederationId): Promise<FederationClient> {
    const { store, platform, modules = builtInModules, log = () => {}, admin, testEnvironment = false } = this.#options;
    const part = storePart(store, concat(PART_PREFIX, fromHex(federationId)));
    const options = { platform, store: part, modules, log, testEnvironment, entropy: this.#entropy };
    try {
      return new FederationClient(await Client.open({ ...options, ...(admin && { admin }) }));
    } catch (thrown) {
      await part.close();
      throw thrown;
    }
  }

  /** One that has nothing. */
  async #drop(federationId: FederationId, wallet: FederationClient): Promise<void> {
    this.#entries.delete(federationId);
    await wallet.close();
    await this.#write((tx) => tx.delete(recordKey(federationId)));
  }

  async #write(body: (tx: StoreTx) => void): Promise<void> {
    const { durable } = await this.#options.store.transact(body);
    await durable;
  }

  #inTurn<T>(federationId: FederationId, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(federationId) ?? Promise.resolve();
    const turn = before.then(() => {
      if (this.#closing.signal.aborted) throw WaitError.closed();
      return work();
    });
    const settled = turn.then(() => undefined, () => undefined).then(() => {
      if (this.#turns.get(federationId) === settled) this.#turns.delete(federationId);
    });
    this.#turns.set(federationId, settled);
    return turn;
  }
}

function noWallet(): ClientError {
  return new ClientError({ code: "not_joined" }, "There is no wallet of this federation: add it by an invite code");
}
