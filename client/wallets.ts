/**
 * Several federations under the same words, in one process and one database: a wallet for each. Their secrets are
 * derived as the official client derives those of its federations (`bip39.ts`), so the words alone bring all of them
 * back, here and there. What is stored: `wallet_list.ts`.
 *
 * The words are on disk before anything is derived from them, and a federation is in the list before its wallet joins:
 * a crash in between leaves an entry without a wallet, which the next opening takes out.
 *
 * A federation in which these words may have been used is restored, never joined afresh: all of them when the words
 * were given, and one that was left. So a wallet may be deleted: what its words hold there is found again, and notes
 * are never made twice. mintv2 draws the nonces of its notes at random and looks for them in guardians' logs
 * (docs/protocol/04-mint.md §12); walletv2's addresses follow from their number, and it finds by the federation's
 * outputs how far it was (docs/protocol/05-wallet.md §9).
 */
import type { StoreTx } from "../actors/store/store.ts";
import { checkSchema } from "../actors/store/schema.ts";
import { assert } from "../core/assert.ts";
import { ENTROPY_BYTES, entropyOfWords, wordsOfEntropy } from "../core/crypto/bip39.ts";
import type { FederationId } from "../core/types/ids.ts";
import type { InviteCode } from "../core/types/invite_code.ts";
import type { PendingMoney } from "../modules/contract/client.ts";
import { assertDistinct } from "../modules/contract/registry.ts";
import { WaitError } from "../modules/contract/waiting.ts";
import { Client } from "./core/client.ts";
import { storePart } from "./core/store_part.ts";
import { ClientError } from "./error.ts";
import { joinedSlot } from "./federation/join_state.ts";
import { builtInModules } from "./modules.ts";
import type { OpenClientOptions } from "./open.ts";
import { readInviteCode } from "./pasted.ts";
import type { RecoveryStatus } from "./recovery/status.ts";
import { FederationClient } from "./wallet.ts";
import type { Words } from "./wallet_list.ts";
import {
  allStates,
  deletePart,
  deleteState,
  getState,
  getWords,
  partPrefix,
  setGivenWords,
  setMadeWords,
  setState,
  WALLETS_SCHEMA,
} from "./wallet_list.ts";

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

/**
 * Opens all wallets that the store holds, each with what it had under way. Needs no network. One that can't be opened
 * is in the list with its error.
 * @throws {StoreError} `newer_schema` and others · {ModuleError} `duplicate_kind`
 */
export async function openWallets(options: OpenWalletsOptions): Promise<Wallets> {
  const { store, platform: { dice }, modules = builtInModules } = options;
  try {
    assertDistinct(modules);
    await checkSchema(store, WALLETS_SCHEMA);
    const { value: words, durable } = await store.transact(async (tx): Promise<Words> => {
      const stored = await getWords(tx);
      if (stored) return stored;
      const entropy = dice.bytes(ENTROPY_BYTES);
      setMadeWords(tx, entropy);
      return { entropy, isGiven: false };
    });
    await durable;
    const wallets = new Wallets(options, words);
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
  #words: Words;
  readonly #entries = new Map<FederationId, WalletEntry>();
  /** What is done with one federation is done one after the other. */
  readonly #turns = new Map<FederationId, Promise<unknown>>();
  /** Aborted when all are closed. */
  readonly #closing = new AbortController();

  /** @internal */
  constructor(options: OpenWalletsOptions, words: Words) {
    this.#options = options;
    this.#words = words;
  }

  /** The words that the money of all wallets comes from: 12, or as many as were given. Secret. */
  words(): string {
    return wordsOfEntropy(this.#words.entropy);
  }

  /**
   * Takes these words in the place of those that were made and never used. From then on each federation that is added
   * is restored: what these words hold there comes back, whichever program used them. The same words again are fine.
   * @param words 12 to 24 of them. Secret.
   * @throws {ClientError} `wrong_secret`: there are wallets of other words here; nothing was changed · {CryptoError}
   *   `bad_words` · {WaitError} `closed`
   */
  async restore(words: string): Promise<void> {
    if (this.#closing.signal.aborted) throw WaitError.closed();
    const entropy = entropyOfWords(words);
    const { value, durable } = await this.#options.store.transact((tx) => setGivenWords(tx, entropy));
    if (value === "others_are_used") {
      throw new ClientError(
        { code: "wrong_secret" },
        "There are wallets of other words here already. Nothing was changed: restore these words in a folder of their own",
      );
    }
    this.#words = { entropy, isGiven: true };
    await durable;
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

  /** How the recoveries of all wallets stand that run and have any. */
  async recoveries(): Promise<Map<FederationId, RecoveryStatus[]>> {
    const all = new Map<FederationId, RecoveryStatus[]>();
    for (const [federationId, entry] of this.#entries) {
      const statuses = entry.status === "open" ? await entry.wallet.recoveries() : [];
      if (statuses.length > 0) all.set(federationId, statuses);
    }
    return all;
  }

  /**
   * The wallet of an invite code's federation: taken back with all its money when it was left out; restored when these
   * words may have been used there, by whichever program; else joined. One that has joined takes from the code what is
   * news (`FederationClient.join`). A restored one recovers what it had while it runs.
   * @throws as `FederationClient.join` and `restore`; a federation that could not be joined is not in the list ·
   *   {WaitError} `closed`
   */
  async add(inviteCode: string, signal?: AbortSignal): Promise<FederationClient> {
    const invite = readInviteCode(inviteCode), { federationId } = invite;
    const until = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    return await this.#inTurn(federationId, async () => {
      const running = this.wallet(federationId);
      if (running) {
        await running.client.join(invite, until);
        return running;
      }
      const kept = await this.#openKept(federationId), { wallet } = kept;
      try {
        await joinOrRestore(kept, invite, until);
      } catch (thrown) {
        if (wallet.isJoined) this.#setOpen(federationId, wallet);
        else await this.#drop(federationId, wallet);
        throw thrown;
      }
      await this.#write((tx) => setState(tx, federationId, "kept"));
      this.#setOpen(federationId, wallet);
      return wallet;
    });
  }

  /**
   * Takes back a wallet that was left out, or tries one again that could not be opened. Asks nobody.
   * @throws {ClientError} `not_joined`
   */
  async resume(federationId: FederationId): Promise<FederationClient> {
    return await this.#inTurn(federationId, async () => {
      if (!this.#entries.has(federationId)) throw noWallet();
      const running = this.wallet(federationId);
      if (running) return running;
      const { wallet } = await this.#openKept(federationId);
      this.#setOpen(federationId, wallet);
      return wallet;
    });
  }

  /**
   * Stops a wallet, and opens it no more. Its money stays in it, as does what it has under way: `add` or `resume` go on
   * with it.
   * @throws {ClientError} `not_joined`
   */
  async leaveOut(federationId: FederationId): Promise<void> {
    await this.#inTurn(federationId, async () => {
      const entry = this.#entries.get(federationId);
      if (!entry) throw noWallet();
      await this.#write((tx) => setState(tx, federationId, "left_out"));
      this.#entries.set(federationId, { federationId, status: "left_out" });
      if (entry.status === "open") await entry.wallet.close();
    });
  }

  /**
   * Deletes a wallet and all that it knows. Refused as long as it holds anything, has anything under way or recovers,
   * unless it is told to: what the words can bring back comes back when the federation is added again, and nothing else
   * of it; what guardians keep of it stays there.
   * @param options.force whatever it holds
   * @throws {ClientError} `not_joined` · `not_empty` · as `resume`, when it can't be looked into without `force`
   */
  async leave(federationId: FederationId, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    await this.#inTurn(federationId, async () => {
      const entry = this.#entries.get(federationId);
      if (!entry) throw noWallet();
      if (!force) await this.#refuseLoss(entry);
      await this.#write((tx) => setState(tx, federationId, "leaving"));
      this.#entries.delete(federationId);
      if (entry.status === "open") await entry.wallet.close();
      await deletePart(this.#options.store, federationId);
    });
  }

  /** @throws {ClientError} `not_empty` and as `Client.open` */
  async #refuseLoss(entry: WalletEntry): Promise<void> {
    if (entry.status === "open") return await refuseLoss(entry.wallet);
    const wallet = await this.#wallet(entry.federationId, this.#words);
    try {
      await refuseLoss(wallet);
    } finally {
      await wallet.close();
    }
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
    const { store } = this.#options;
    for (const [federationId, state] of await store.read(allStates)) {
      if (state === "left_out") this.#entries.set(federationId, { federationId, status: "left_out" });
      else if (state === "leaving") await deletePart(store, federationId);
      // a crash came between being restored and being in the list again
      else if (state === "kept" || await this.#hasJoined(federationId)) await this.#open(federationId);
    }
  }

  async #hasJoined(federationId: FederationId): Promise<boolean> {
    const part = this.#options.store.view(partPrefix(federationId));
    return await part.read((tx) => joinedSlot.get(tx)) !== undefined;
  }

  async #open(federationId: FederationId): Promise<void> {
    try {
      const wallet = await this.#wallet(federationId, this.#words);
      if (wallet.isJoined) this.#setOpen(federationId, wallet);
      // it was never joined: a crash came between
      else await this.#drop(federationId, wallet);
    } catch (error) {
      this.#entries.set(federationId, { federationId, status: "failed", error });
    }
  }

  /**
   * In the list on disk from now on, whether it will join or has. One that was left stays that until it is restored, so
   * that it is never forgotten. @throws as `Client.open`
   */
  async #openKept(federationId: FederationId): Promise<Kept> {
    const { value: { words, before, isFirst }, durable } = await this.#options.store.transact(async (tx) => {
      const words = await getWords(tx), before = await getState(tx, federationId);
      assert(words, "words are made before anything else");
      const isFirst = (await allStates(tx)).size === 0;
      if (before !== "left") setState(tx, federationId, "kept");
      return { words, before, isFirst };
    });
    await durable;
    try {
      const wallet = await this.#wallet(federationId, words, isFirst && !words.isGiven);
      return { wallet, isUsed: words.isGiven || before === "left" };
    } catch (error) {
      if (before !== "left") this.#entries.set(federationId, { federationId, status: "failed", error });
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
  async #wallet(federationId: FederationId, words: Words, areNew = false): Promise<FederationClient> {
    const { store, platform, modules = builtInModules, log = () => {}, admin } = this.#options;
    const { automaticBackup = true, testEnvironment = false, findsAhead = true } = this.#options;
    const part = storePart(store, partPrefix(federationId));
    const secret = { entropy: words.entropy, entropyGiven: words.isGiven, entropyNew: areNew };
    const options = { platform, store: part, modules, log, automaticBackup, testEnvironment, findsAhead, ...secret };
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
    await this.#write(async (tx) => {
      if (await getState(tx, federationId) !== "left") deleteState(tx, federationId);
    });
  }

  async #write(body: (tx: StoreTx) => Promise<void> | void): Promise<void> {
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

/** A wallet that is open, and whether its words may have been used in its federation. */
type Kept = { readonly wallet: FederationClient; readonly isUsed: boolean };

async function joinOrRestore({ wallet, isUsed }: Kept, invite: InviteCode, signal: AbortSignal): Promise<void> {
  if (wallet.isJoined || !isUsed) {
    try {
      await wallet.client.join(invite, signal);
      return;
    } catch (thrown) {
      // guardians have a backup of these words: somebody used them there
      if (!(thrown instanceof ClientError) || thrown.code !== "has_history") throw thrown;
    }
  }
  await wallet.client.restore(invite, {}, signal);
}

/** @throws {ClientError} `not_empty` */
async function refuseLoss(wallet: FederationClient): Promise<void> {
  const { incomingMsat, outgoingMsat, inDoubtMsat }: PendingMoney = await wallet.getPending();
  const holds: string[] = [];
  if (await wallet.hasPendingRecoveries()) holds.push("what belongs to its words is still being recovered");
  else {
    const balanceMsat = await wallet.getBalance();
    if (balanceMsat > 0n) holds.push(`it holds ${balanceMsat} msat`);
  }
  if (incomingMsat > 0n) holds.push(`${incomingMsat} msat are on their way in`);
  if (outgoingMsat > 0n) holds.push(`${outgoingMsat} msat are on their way out`);
  if (inDoubtMsat > 0n) holds.push(`${inDoubtMsat} msat are in doubt`);
  if (holds.length === 0) return;
  throw new ClientError(
    { code: "not_empty" },
    `This wallet isn't empty: ${holds.join("; ")}. Spend it first, or leave it out, or say that it may go`,
  );
}
