/**
 * A wallet that is lost in the midst of its life, deposits and payments under way, and comes back on another machine
 * from its words alone, in a federation in trouble.
 */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Operation } from "../../client/mod.ts";
import { awaitBalance } from "../demo/waits.ts";
import { SimulatedFederation } from "./federation.ts";
import type { Books, World } from "./money.ts";
import { commonSessions, countedBooks, KIND, preparedWallets } from "./money.ts";
import { pay, SimulatedWallet } from "./wallets.ts";

const DEPOSIT_BTC = 0.0006, SECOND_BTC = 0.0003, THIRD_BTC = 0.0002;
const SAT_MSAT = 1_000n;
const PAYMENT_SAT = 4_000;
/** What was submitted before the loss is decided by then: words don't bring back what guardians don't know yet. */
const DECIDED_MS = 30_000;
const KILLS = 3;
const REST_MS = 5_000, RESTS_MAX = 60;

/** What came back. */
export type Returned = {
  readonly books: Books;
  /** Of the operations of the restored wallet those that were recovered. */
  readonly past: readonly Operation[];
  /** What the mint's recovery says that it found. */
  readonly foundMsat: bigint;
};

/** Both wallets are lost, one after the other, and killed again while they recover. */
export async function lostAndRestored(seed: number): Promise<Returned> {
  const prepared = await preparedWallets();
  const federation = await SimulatedFederation.start({
    ...KIND,
    seed,
    world: { link: { delayMs: [5, 60], dropProbability: 0.01 } },
  });
  const alice = await SimulatedWallet.open(federation, "alice", prepared.alice.disk);
  const bob = await SimulatedWallet.open(federation, "bob", prepared.bob.disk);
  let world: World = { federation, alice, bob, dice: federation.world.dice("fate") };
  await federation.play(() => firstLife(world, prepared.alice.address));
  world = { ...world, alice: await secondLife(world) };
  world = { ...world, bob: await lost(world, world.bob, "bob-again") };
  await federation.play(() => atRest(world));
  const books = await federation.play(() => countedBooks(world));
  const sessions = await federation.play(() => commonSessions(federation));
  const statuses = await federation.finish(world.alice.client.recoveries());
  const mint = statuses.find(({ kind }) => kind === "mintv2");
  assert(mint?.status === "done");
  const past = (await federation.finish(world.alice.client.operations())).filter(({ isRecovered }) => isRecovered);
  for (const wallet of [world.alice, world.bob]) await wallet.close();
  return { books: { ...books, sessions, log: federation.world.log.hash() }, past, foundMsat: mint.amountMsat! };
}

/** A deposit, payments both ways, e-cash that is handed out and that nobody ever redeems. */
async function firstLife({ federation, alice, bob, dice }: World, address: string): Promise<void> {
  await federation.payIn(address, DEPOSIT_BTC);
  await awaitBalance(alice.client, 0n);
  await pay(alice, bob, BigInt(2 * PAYMENT_SAT + dice.below(PAYMENT_SAT)) * SAT_MSAT);
  await pay(bob, alice, BigInt(1 + dice.below(PAYMENT_SAT)) * SAT_MSAT);
  await alice.client.spend(BigInt(1 + dice.below(PAYMENT_SAT)) * SAT_MSAT);
}

/** Alice's wallet is lost with a payment to it and a deposit under way; a third deposit comes to what it had shown. */
async function secondLife(world: World): Promise<SimulatedWallet> {
  const { federation, alice, bob, dice } = world;
  const shown = await federation.finish(alice.client.depositAddress());
  const { ecash } = await federation.finish(bob.client.spend(BigInt(1 + dice.below(PAYMENT_SAT)) * SAT_MSAT));
  const words = await federation.finish(alice.client.words());
  await federation.play(async () => {
    await federation.payIn(shown, SECOND_BTC);
    const { clock } = federation.world.process("fate").platform;
    alice.client.receive(ecash).catch(() => undefined);
    await sleep(clock, dice.below(4_000));
  });
  alice.kill();
  const again = await restoredIn(world, "alice-again", words, async (wallet) => {
    // new money comes while the old one is looked for
    await pay(bob, wallet, SAT_MSAT);
    await federation.payIn(shown, THIRD_BTC);
  });
  // the payment that was under way: taken before the loss, or now
  await federation.play(async () => {
    const { operationId } = await again.client.receive(ecash);
    await again.client.awaitReceive(operationId);
  });
  return again;
}

async function lost(world: World, wallet: SimulatedWallet, name: string): Promise<SimulatedWallet> {
  const words = await world.federation.finish(wallet.client.words());
  wallet.kill();
  return await restoredIn(world, name, words, () => Promise.resolve());
}

async function restoredIn(
  { federation, dice }: World,
  name: string,
  words: string,
  meanwhile: (wallet: SimulatedWallet) => Promise<void>,
): Promise<SimulatedWallet> {
  const { clock } = federation.world.process("fate").platform;
  await federation.play(() => sleep(clock, DECIDED_MS));
  const wallet = await SimulatedWallet.restore(federation, name, words);
  for (let kills = KILLS; kills > 0; kills--) {
    await federation.play(() => sleep(clock, dice.below(3_000)));
    wallet.kill();
    await wallet.restart();
  }
  await federation.play(async () => {
    await meanwhile(wallet);
    await wallet.client.awaitRecoveries();
  });
  return wallet;
}

/** Blocks come until nothing is under way any more. */
async function atRest({ federation, alice, bob }: World): Promise<void> {
  const { clock } = federation.world.process("fate").platform;
  for (let rests = 0;; rests++) {
    assert(rests < RESTS_MAX, "everything comes to an end");
    await federation.mine(1);
    await sleep(clock, REST_MS);
    for (const { client } of [alice, bob]) await client.client.awaitIdle();
    const pending = await Promise.all([alice, bob].map(({ client }) => client.getPending()));
    const underWay = pending.some(({ incomingMsat, outgoingMsat }) => incomingMsat > 0n || outgoingMsat > 0n);
    if (!underWay && await allClaimed(federation)) return;
  }
}

/** By guardians' own books: no deposit is left. */
async function allClaimed(federation: SimulatedFederation): Promise<boolean> {
  const instance = KIND.modules.indexOf("walletv2");
  const outputs = await federation.call(0, `module_${instance}_output_info_slice`, [0, 100]) as { spent: boolean }[];
  return outputs.length === 3 && outputs.every(({ spent }) => spent);
}

function recoveredOf(past: readonly Operation[], kind: string): { readonly [name: string]: Json }[] {
  return past.filter((operation) => operation.kind === kind)
    .map(({ meta }) => (meta as { Recovered: { [name: string]: Json } }).Recovered);
}

/** The past shows the first deposit, and of e-cash what the mint's recovery found. */
export function assertPast({ past, foundMsat }: Returned): void {
  const notes = recoveredOf(past, "mintv2");
  const heldMsat = notes.reduce(
    (sum, { issued, redeemed }) => sum + BigInt(issued as number) - BigInt(redeemed as number),
    0n,
  );
  assertEquals(heldMsat, foundMsat);
  assert(foundMsat > 0n);
  const deposits = recoveredOf(past, "walletv2").map(({ value }) => value);
  assert(deposits.includes(60_000), `${deposits}`);
}
