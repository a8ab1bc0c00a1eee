/**
 * People with money in a federation in trouble: a deposit, payments, a withdrawal, while guardians and wallets are
 * killed and cut off.
 */
import { assert, assertEquals } from "@std/assert";
import type { Dice } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { MemoryBackend } from "../../actors/store/mod.ts";
import { builtInModules } from "../../client/modules.ts";
import { fromHex } from "../../core/bytes.ts";
import type { Audit } from "../demo/audits.ts";
import { netMsat } from "../demo/audits.ts";
import { awaitBalance } from "../demo/waits.ts";
import { SimulatedFederation } from "./federation.ts";
import { pay, SimulatedWallet, walletDisks } from "./wallets.ts";

export const KIND = { total: 4, modules: ["lnv2", "meta", "mintv2", "walletv2"], roundsPerSession: 40 };
/**
 * No other world of the tests may have it: its dice would fall alike once more, and the wallets would make the same
 * notes twice.
 */
const WALLETS_SEED = 1_026;
/**
 * Entropy of the words: Alice's first two deposit addresses are found early in this federation, at 307 and 490, where
 * one index in 65,536 is an address. `early_wallets.ts` finds such words for a federation of other modules.
 */
const WORDS = {
  alice: fromHex("4d5edb718837f6b108e780ebb7a6e930"),
  bob: null,
};
const DEPOSIT_BTC = 0.0006;
const WITHDRAW_SAT = 10_000n;
/** Alice pays at least so much each time, Bob at most: he always has enough. */
const PAYMENT_SAT = 4_000;
const BOOKS_WAIT_MS = 120_000;

/** Two wallets whose addresses are found early: the same ones in all worlds. */
let disks: ReturnType<typeof walletDisks<"alice" | "bob">> | undefined;

export function preparedWallets(): ReturnType<typeof walletDisks<"alice" | "bob">> {
  return disks ??= walletDisks(WORDS, { ...KIND, seed: WALLETS_SEED });
}

/**
 * Both wallets. Bob has no bitcoin: for a short life his program has no module that looks for an address of his.
 * @returns Alice's address too
 */
async function openWallets(
  federation: SimulatedFederation,
  isShort: boolean,
): Promise<{ readonly alice: SimulatedWallet; readonly bob: SimulatedWallet; readonly address: string }> {
  const open = (name: string, from?: MemoryBackend, modules = builtInModules): Promise<SimulatedWallet> =>
    SimulatedWallet.open(federation, name, from, modules);
  if (isShort) {
    const { alice: { disk, address } } = await walletDisks({ alice: WORDS.alice }, { ...KIND, seed: WALLETS_SEED });
    const modules = builtInModules.filter(({ kind }) => kind !== "walletv2");
    return { alice: await open("alice", disk), bob: await open("bob", undefined, modules), address };
  }
  const { alice: { disk, address }, bob } = await preparedWallets();
  return { alice: await open("alice", disk), bob: await open("bob", bob.disk), address };
}

export type Books = {
  readonly aliceMsat: bigint;
  readonly bobMsat: bigint;
  /** The sessions that all guardians have finished, as each of them has them, in hex. */
  readonly sessions: readonly string[][];
  /** Of each guardian: what the mint owes and what the guardian owns beyond all it owes. */
  readonly guardians: readonly { readonly owedMsat: bigint; readonly surplusMsat: bigint }[];
  readonly log: string;
};

export type World = {
  readonly federation: SimulatedFederation;
  readonly alice: SimulatedWallet;
  readonly bob: SimulatedWallet;
  readonly dice: Dice;
};

/** What the two do: all of it must come to an end. @param isShort fewer payments */
async function everydayLife(world: World, address: string, isShort: boolean): Promise<void> {
  const { federation, alice, bob, dice } = world;
  const msat = (sat: number): bigint => BigInt(sat) * 1_000n;
  const large = (): bigint => msat(PAYMENT_SAT + dice.below(PAYMENT_SAT));
  await federation.payIn(address, DEPOSIT_BTC);
  await awaitBalance(alice.client, 0n);
  if (!isShort) await pay(alice, bob, large());
  await pay(alice, bob, large(), async () => {
    bob.kill();
    await bob.restart();
  });
  const destination = await federation.bitcoin("getnewaddress") as string;
  const withdrawal = await alice.client.withdraw(destination, WITHDRAW_SAT);
  alice.kill();
  await alice.restart();
  // both ways at once
  const small = msat(1 + dice.below(PAYMENT_SAT));
  const [paid] = await Promise.all([alice.client.awaitWithdraw(withdrawal), pay(bob, alice, small)]);
  assertEquals(paid.outcome, "success");
  if (!isShort) await pay(alice, bob, large());
  for (const { client } of [alice, bob]) await client.client.awaitIdle();
}

/** One guardian is cut off from another, one is killed and comes back, twice. @param isShort within a few seconds */
async function trouble({ federation, dice }: World, over: () => boolean, isShort: boolean): Promise<void> {
  const { world } = federation;
  const { clock } = world.process("fate").platform;
  const some = (leastMs: number, belowMs: number): Promise<void> =>
    sleep(clock, (leastMs + dice.below(belowMs)) / (isShort ? 4 : 1));
  for (let round = 0; round < 2 && !over(); round++) {
    const victim = dice.below(KIND.total), cut = (victim + 1 + dice.below(KIND.total - 1)) % KIND.total;
    await some(1_000, 6_000);
    world.partition(`g${cut}`, `g${victim}`);
    await some(0, 3_000);
    federation.kill(victim);
    await some(500, 5_000);
    world.heal(`g${cut}`, `g${victim}`);
    await federation.restart(victim);
  }
}

export async function commonSessions(federation: SimulatedFederation): Promise<string[][]> {
  const sessions: string[][] = [];
  for (let peer = 0; peer < KIND.total; peer++) sessions.push(await federation.sessionsOf(peer));
  const common = Math.min(...sessions.map(({ length }) => length));
  return sessions.map((of) => of.slice(0, common));
}

/** Waits until all guardians count the same. */
export async function countedBooks({ federation, alice, bob }: World): Promise<Omit<Books, "log" | "sessions">> {
  const { clock } = federation.world.process("admin").platform;
  const endMs = clock.monotonicMs() + BOOKS_WAIT_MS;
  for (;;) {
    const guardians: Books["guardians"][number][] = [];
    for (let peer = 0; peer < KIND.total; peer++) {
      const audit = await federation.call(peer, "audit") as unknown as Audit;
      guardians.push({ owedMsat: -netMsat(audit, "mintv2"), surplusMsat: BigInt(audit.net_assets) });
    }
    const same = guardians.every(({ owedMsat, surplusMsat }) =>
      owedMsat === guardians[0]!.owedMsat && surplusMsat === guardians[0]!.surplusMsat
    );
    if (same) {
      return { guardians, aliceMsat: await alice.client.getBalance(), bobMsat: await bob.client.getBalance() };
    }
    if (clock.monotonicMs() > endMs) throw new Error("Guardians count differently for two minutes");
    await sleep(clock, 1_000);
  }
}

/** Money goes in, around and out of a federation in trouble. Returns how it ended, and the hash of the world's log. */
export async function troubledMoney(seed: number, { isShort = false } = {}): Promise<Books> {
  const federation = await SimulatedFederation.start({
    ...KIND,
    seed,
    world: { link: { delayMs: [5, 60], dropProbability: 0.01 } },
  });
  const { alice, bob, address } = await openWallets(federation, isShort);
  const world = { federation, alice, bob, dice: federation.world.dice("fate") };
  let over = false;
  await federation.play(() => {
    const life = everydayLife(world, address, isShort).finally(() => over = true);
    return Promise.all([life, trouble(world, () => over, isShort)]);
  });
  const books = await federation.play(() => countedBooks(world));
  const sessions = await federation.play(() => commonSessions(federation));
  for (const wallet of [alice, bob]) await wallet.close();
  return { ...books, sessions, log: federation.world.log.hash() };
}

/** Guardians have the same sessions, owe exactly what the wallets hold, and own at least as much. */
export function assertBalanced({ sessions, guardians, aliceMsat, bobMsat }: Books): void {
  assert(sessions[0]!.length > 0, "a session is finished");
  for (const of of sessions) assertEquals(of, sessions[0]);
  for (const { owedMsat, surplusMsat } of guardians) {
    assertEquals(owedMsat, aliceMsat + bobMsat);
    assert(surplusMsat >= 0n, "a guardian owes more than it owns");
  }
  assert(aliceMsat > 0n && bobMsat > 0n);
}
