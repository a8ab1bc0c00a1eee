/** Wallets of a federation with fees, for tests of what e-cash costs. */
import { assertEquals } from "@std/assert";
import type { FederationClient } from "../../client/mod.ts";
import { modulePrefix } from "../../client/core/database.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { mintv2Client } from "../../modules/mintv2/client.ts";
import type { MintClient } from "../../modules/mintv2/client/api.ts";
import { addNotes } from "../../modules/mintv2/client/db.ts";
import type { SpendableNote } from "../../modules/mintv2/ecash.ts";
import { MintFederation } from "./federation.ts";

export const world = new ClientWorld(3);
const started = MintFederation.start(world, { fees: true });
let wallets = 0;

export type Setting = {
  readonly federation: MintFederation;
  readonly wallet: FederationClient;
  readonly mint: MintClient;
  readonly done: () => Promise<void>;
};

export async function setting(): Promise<Setting> {
  const federation = await started;
  const wallet = await federation.wallet(world, `wallet ${wallets++}`);
  const mint = wallet.use(mintv2Client);
  return { federation, wallet, mint, done: () => world.finish(wallet.close()) };
}

/** @returns what came, by the balance and by the operation's own account */
export async function receive({ wallet, mint }: Setting, text: string): Promise<[bigint, bigint]> {
  const beforeMsat = await wallet.getBalance();
  const { operationId } = await world.finish(wallet.receive(text));
  assertEquals(await world.finish(wallet.awaitReceive(operationId)), { ok: true, value: null });
  return [await wallet.getBalance() - beforeMsat, await mint.broughtMsat(operationId)];
}

export async function put({ wallet }: Setting, notes: readonly SpendableNote[]): Promise<void> {
  const store = wallet.client.options.store.view(modulePrefix(wallet.client.primary().instance));
  const { durable } = await store.transact((tx) => addNotes(tx, notes));
  await durable;
}

export async function noteCount({ mint }: Setting): Promise<number> {
  return [...(await mint.counts()).values()].reduce((sum, count) => sum + count, 0);
}
