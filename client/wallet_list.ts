/**
 * What a database of several federations holds beside the wallets themselves: their words, and which wallets there are.
 *
 * | prefix | key | value |
 * |---|---|---|
 * | 01 | | entropy of the words. Secret |
 * | 02 | federation 32 | how it is with its wallet |
 * | 03 | | the words were given, not made here |
 * | 10 | federation 32 ‖ … | a wallet's own part (`core/database.ts`) |
 * | fe | | version of all that is no wallet's (`actors/store/schema.ts`) |
 */
import type { Schema } from "../actors/store/schema.ts";
import { nothingToMigrate } from "../actors/store/schema.ts";
import type { ReadTx, StoreTx, StoreView } from "../actors/store/store.ts";
import { assert } from "../core/assert.ts";
import type { Bytes } from "../core/bytes.ts";
import { concat, equalBytesConstantTime, fromHex, toHex } from "../core/bytes.ts";
import { bytes, decode, encode, u8 } from "../core/encoding/mod.ts";
import type { FederationId } from "../core/types/ids.ts";

const ENTROPY_KEY = Uint8Array.of(0x01);
const WALLET_PREFIX = Uint8Array.of(0x02);
const GIVEN_KEY = Uint8Array.of(0x03);
const PART_PREFIX = Uint8Array.of(0x10);

/** Of the list; each wallet's part has a version of its own. 2: wallets that were left. */
export const WALLETS_SCHEMA: Schema = { version: 2, migrations: { 0: nothingToMigrate, 1: nothingToMigrate } };

/** Entries of a wallet's part that are deleted in one transaction. */
const DELETED_AT_ONCE = 1_000;

/**
 * How it is with a wallet. `leaving`: its part is being deleted, nothing of it may be opened. `left`: there was one,
 * and words that once were used here are restored, never joined afresh.
 */
const STATES = ["kept", "left_out", "leaving", "left"] as const;
export type WalletState = typeof STATES[number];

function stateKey(id: FederationId): Bytes {
  return concat(WALLET_PREFIX, fromHex(id));
}

function stateOf(value: Bytes): WalletState {
  const state = STATES[decode(u8, value)];
  assert(state !== undefined, "a program of this version has written it");
  return state;
}

export async function getState(tx: ReadTx, id: FederationId): Promise<WalletState | null> {
  const value = await tx.get(stateKey(id));
  return value ? stateOf(value) : null;
}

export function setState(tx: StoreTx, id: FederationId, state: WalletState): void {
  tx.set(stateKey(id), encode(u8, STATES.indexOf(state)));
}

/** There never was a wallet. */
export function deleteState(tx: StoreTx, id: FederationId): void {
  tx.delete(stateKey(id));
}

export async function allStates(tx: ReadTx): Promise<Map<FederationId, WalletState>> {
  const states = new Map<FederationId, WalletState>();
  for await (const { key, value } of tx.range({ prefix: WALLET_PREFIX })) {
    states.set(toHex(key.subarray(WALLET_PREFIX.length)) as FederationId, stateOf(value));
  }
  return states;
}

/** Words of all wallets. Secret. */
export type Words = { readonly entropy: Bytes; readonly isGiven: boolean };

export async function getWords(tx: ReadTx): Promise<Words | null> {
  const stored = await tx.get(ENTROPY_KEY);
  return stored ? { entropy: decode(bytes, stored), isGiven: await tx.get(GIVEN_KEY) !== undefined } : null;
}

/** The first ones. @param entropy fresh random bytes */
export function setMadeWords(tx: StoreTx, entropy: Bytes): void {
  tx.set(ENTROPY_KEY, encode(bytes, entropy));
}

/**
 * Words that somebody gave: in the place of those that were made and never used, or the same ones again.
 * @returns whether there are wallets of other words, so that nothing was changed
 */
export async function setGivenWords(tx: StoreTx, entropy: Bytes): Promise<"set" | "others_are_used"> {
  const before = await getWords(tx);
  const isSame = before !== null && equalBytesConstantTime(before.entropy, entropy);
  if (!isSame && (await allStates(tx)).size > 0) return "others_are_used";
  tx.set(ENTROPY_KEY, encode(bytes, entropy));
  tx.set(GIVEN_KEY, Uint8Array.of(1));
  return "set";
}

/** Where a wallet's own part is. */
export function partPrefix(id: FederationId): Bytes {
  return concat(PART_PREFIX, fromHex(id));
}

/**
 * Deletes all that a wallet stored, in steps: a crash in between leaves it `leaving`, and the next opening goes on.
 * Durable when it resolves.
 */
export async function deletePart(store: StoreView, id: FederationId): Promise<void> {
  const prefix = partPrefix(id);
  for (;;) {
    const { value, durable } = await store.transact(async (tx) => {
      assert(await getState(tx, id) === "leaving", "only a wallet that is left is deleted");
      let deleted = 0;
      for await (const { key } of tx.range({ prefix, limit: DELETED_AT_ONCE })) {
        tx.delete(key);
        deleted++;
      }
      if (deleted === 0) setState(tx, id, "left");
      return deleted;
    });
    await durable;
    if (value === 0) return;
  }
}
