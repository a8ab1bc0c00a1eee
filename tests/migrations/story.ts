/**
 * A federation and three wallets with all kinds of things under way when every process is killed, and how it goes on
 * from there.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import { toHex, utf8 } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import type { Json, JsonFloat } from "../../core/encoding/mod.ts";
import { signBackupRequest, signedBackupRequest } from "../../core/types/backup.ts";
import { ok } from "../../core/result.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { Audit } from "../demo/audits.ts";
import { netMsat } from "../demo/audits.ts";
import { awaitBalance, BLOCKS_TO_AGREE } from "../demo/waits.ts";
import { SimulatedFederation } from "../simulation/federation.ts";
import { pay, SimulatedWallet, walletDisks } from "../simulation/wallets.ts";
import type { Snapshot, Story } from "./snapshot.ts";

const KIND = { total: 4, modules: ["meta", "mintv2", "walletv2"], roundsPerSession: 40 };
/** No other world may have it: its dice would fall alike once more. */
const WALLETS_SEED = 1_026;
const SEED = 9_000;
const SESSIONS_MIN = 3;
const WITHDRAW_SAT = 10_000n;
const DEPOSIT_BTC = "0.0003";
const BACKUP_KEY = new Uint8Array(32).fill(6);
const BACKUP = utf8("what a client has encrypted");
const UNITS_AT_BEGINNING = 20;
const WAIT_MS = 20;
const STEP_MS = 60_000;

function clockOf(federation: SimulatedFederation) {
  return federation.world.process("admin").platform.clock;
}

/** The first so many sessions of a guardian, or all. */
async function historyOf(
  federation: SimulatedFederation,
  peer: number,
  count = Infinity,
): Promise<Story["sessions"][0]> {
  const outcomes = (await federation.sessionsOf(peer)).slice(0, count);
  return { finished: outcomes.length, hash: createHash("sha256").update(outcomes.join(" ")).digest("hex") };
}

async function putBackups(federation: SimulatedFederation): Promise<Story["backup"]> {
  const secsSinceEpoch = BigInt(Math.floor(clockOf(federation).nowMs() / 1_000));
  const signed = signBackupRequest(BACKUP, { secsSinceEpoch, nanosSinceEpoch: 0 }, BACKUP_KEY, new Uint8Array(32));
  const request = signedBackupRequest.toJson(signed) as Json;
  for (const peer of PEERS) await federation.call(peer, "backup", request);
  return { id: toHex(publicKeyOf(BACKUP_KEY)), payload: toHex(BACKUP) };
}

const PEERS = Array.from({ length: KIND.total }, (_, peer) => peer);

async function everyGuardian(
  federation: SimulatedFederation,
  what: string,
  holds: (peer: number) => Promise<boolean>,
): Promise<void> {
  const clock = clockOf(federation), endMs = clock.monotonicMs() + STEP_MS;
  while (!(await Promise.all(PEERS.map(holds))).every((held) => held)) {
    if (clock.monotonicMs() > endMs) throw new Error(`${what}: not within ${STEP_MS} ms`);
    await sleep(clock, WAIT_MS);
  }
}

/** Sessions are finished, and another has just begun. */
async function awaitNewSession(federation: SimulatedFederation): Promise<void> {
  await everyGuardian(federation, "a new session", async (peer) => {
    const { units } = await federation.underWay(peer);
    return units < UNITS_AT_BEGINNING && (await federation.sessionsOf(peer)).length >= SESSIONS_MIN;
  });
}

/** Every guardian has units and accepted items of the running session. */
async function awaitMidSession(federation: SimulatedFederation): Promise<void> {
  await everyGuardian(federation, "the midst of a session", async (peer) => {
    const { units, items } = await federation.underWay(peer);
    return units > 2 && items > 0;
  });
}

/** Money in and around; then, with something of every kind under way, all processes are killed. */
export async function makeSnapshot(): Promise<Snapshot> {
  const prepared = await walletDisks({ alice: null, bob: null }, { ...KIND, seed: WALLETS_SEED });
  const federation = await SimulatedFederation.start({ ...KIND, seed: SEED });
  const alice = await SimulatedWallet.open(federation, "alice", prepared.alice.disk);
  const bob = await SimulatedWallet.open(federation, "bob", prepared.bob.disk);
  const { address } = prepared.alice;
  const made = await federation.play(async () => {
    await federation.payIn(address, 0.0006);
    await awaitBalance(alice.client, 0n);
    await pay(alice, bob, 20_000_000n);
    await pay(bob, alice, 5_000_000n);
    const backup = await putBackups(federation);
    const lost = await loseWallet(federation, alice);
    const restoring = await SimulatedWallet.restore(federation, "carol", lost.words);
    assert(await restoring.client.hasPendingRecoveries(), "carol's wallet is being restored");
    const carol = restoring.kill();
    await awaitNewSession(federation);

    await federation.bitcoin("sendtoaddress", address, Number(DEPOSIT_BTC));
    await federation.mine(1);
    const spent = await bob.client.spend(3_000_000n);
    const handed = await alice.client.spend(2_000_000n);
    const destination = await federation.bitcoin("getnewaddress") as string;
    const withdrawal = await alice.client.withdraw(destination, WITHDRAW_SAT);
    await awaitMidSession(federation);
    const received = await bob.client.receive(handed.ecash);
    for (const { name, client } of [alice, bob]) assert(await client.client.activeMachines() > 0, `${name} has work`);
    const disks = { alice: alice.kill(), bob: bob.kill(), carol };
    const sessions = await Promise.all(PEERS.map((peer) => historyOf(federation, peer)));
    const story: Omit<Story, "end"> = {
      sessions,
      withdrawal: { operationId: withdrawal, address: destination, amountSat: Number(WITHDRAW_SAT) },
      deposit: { address, amountSat: Math.round(Number(DEPOSIT_BTC) * 1e8) },
      receiving: { operationId: received.operationId, amountMsat: Number(received.amountMsat) },
      spent: { ecash: spent.ecash, amountMsat: Number(spent.amountMsat) },
      backup,
      restoring: { amountMsat: lost.amountMsat },
    };
    return { wallets: disks, story };
  });
  const snapshot = { federation: federation.end(), ...made };
  const end = await goOn(snapshot, SEED + 1);
  return { ...snapshot, story: { ...snapshot.story, end } };
}

/** A wallet with e-cash, some of which it has handed out to nobody; then its folder is gone. */
async function loseWallet(
  federation: SimulatedFederation,
  alice: SimulatedWallet,
): Promise<{ readonly words: string; readonly amountMsat: number }> {
  const wallet = await SimulatedWallet.open(federation, "lost");
  await pay(alice, wallet, 4_000_000n);
  const { amountMsat } = await wallet.client.spend(1_000_000n);
  await wallet.client.client.awaitIdle();
  const left = await wallet.client.getBalance(), words = await wallet.client.words();
  wallet.kill();
  return { words, amountMsat: Number(left + amountMsat) };
}

/** Waits until all count the same. */
async function equalAudits(federation: SimulatedFederation): Promise<Audit[]> {
  const audits = new Map<number, Audit>();
  const summary = (peer: number) => JSON.stringify([audits.get(peer)!.net_assets, audits.get(peer)!.module_summaries]);
  await everyGuardian(federation, "equal books", async (peer) => {
    audits.set(peer, await federation.call(peer, "audit") as unknown as Audit);
    return audits.size === KIND.total && summary(peer) === summary(0);
  });
  return [...audits.values()];
}

/** Each guardian has finished more sessions than it had. */
async function awaitMoreSessions(
  federation: SimulatedFederation,
  { sessions }: Pick<Story, "sessions">,
): Promise<void> {
  await everyGuardian(
    federation,
    "more sessions",
    async (peer) => (await federation.sessionsOf(peer)).length > sessions[peer]!.finished + 1,
  );
}

type BitcoinOutput = { readonly value: JsonFloat; readonly scriptPubKey: { readonly address?: string } };

/** Of a transaction that guardians have signed: they hand it to their nodes soon. */
async function outputsOf(federation: SimulatedFederation, txid: string): Promise<readonly BitcoinOutput[]> {
  const clock = clockOf(federation), endMs = clock.monotonicMs() + STEP_MS;
  while (!(await federation.bitcoin("getrawmempool") as string[]).includes(txid)) {
    if (clock.monotonicMs() > endMs) throw new Error(`${txid} is not in the mempool`);
    await sleep(clock, WAIT_MS);
  }
  return (await federation.bitcoin("getrawtransaction", txid, true) as { vout: BitcoinOutput[] }).vout;
}

/**
 * Everything that was under way comes to its end, money goes around once more, and all books balance.
 * @returns what the wallets hold then, msat
 */
export async function goOn(
  { federation: remains, wallets, story }: Omit<Snapshot, "story"> & { readonly story: Omit<Story, "end"> },
  seed: number,
): Promise<Story["end"]> {
  const federation = await SimulatedFederation.resume(remains, seed);
  const alice = await SimulatedWallet.open(federation, "alice", wallets.alice);
  const bob = await SimulatedWallet.open(federation, "bob", wallets.bob);
  const carol = wallets.carol && await SimulatedWallet.open(federation, "carol", wallets.carol);
  const all = [alice, bob, ...carol ? [carol] : []];
  const { withdrawal, deposit, receiving, spent, backup, restoring } = story;
  await federation.play(async () => {
    if (carol) {
      await carol.client.awaitRecoveries();
      for (const { operationId } of await carol.client.recoveries()) await carol.client.awaitNotes(operationId);
      assertEquals(Number(await carol.client.getBalance()), restoring?.amountMsat);
    }
    const paid = await alice.client.awaitWithdraw(withdrawal.operationId as OperationId);
    assert(paid.outcome === "success", JSON.stringify(paid));
    const vout = await outputsOf(federation, paid.txid);
    const outputs = vout.filter(({ scriptPubKey }) => scriptPubKey.address === withdrawal.address);
    assertEquals(outputs.map(({ value }) => Math.round(value.value * 1e8)), [withdrawal.amountSat]);
    assertEquals(await bob.client.awaitReceive(receiving.operationId as OperationId), ok(null));

    // its change is in the balance
    await alice.client.awaitNotes(withdrawal.operationId as OperationId);
    const beforeMsat = await alice.client.getBalance();
    await federation.mine(BLOCKS_TO_AGREE);
    const claimedMsat = await awaitBalance(alice.client, beforeMsat) - beforeMsat;
    assert(claimedMsat < deposit.amountSat * 1_000 && claimedMsat > deposit.amountSat * 900, `${claimedMsat} msat`);
    const { operationId, amountMsat } = await alice.client.receive(spent.ecash);
    assertEquals(Number(amountMsat), spent.amountMsat);
    assertEquals(await alice.client.awaitReceive(operationId), ok(null));
    await pay(alice, bob, 4_000_000n);
    await pay(bob, alice, 1_000_000n);
    if (carol) await pay(carol, alice, 1_000_000n);
    for (const { client } of all) await client.client.awaitIdle();

    for (const peer of PEERS) {
      const kept = await federation.call(peer, "recover", backup.id) as { data: string };
      assertEquals(kept.data, backup.payload);
      const { finished } = story.sessions[peer]!;
      assertEquals(await historyOf(federation, peer, finished), story.sessions[peer], `history of g${peer}`);
    }
    await awaitMoreSessions(federation, story);
  });
  const balances = Promise.all(all.map(async ({ client }) => Number(await client.getBalance())));
  const [aliceMsat, bobMsat, carolMsat] = await federation.finish(balances) as [number, number, number?];
  for (const audit of await federation.play(() => equalAudits(federation))) {
    assertEquals(Number(-netMsat(audit, "mintv2")), aliceMsat + bobMsat + (carolMsat ?? 0));
    assert(audit.net_assets >= 0, "a guardian owes more than it owns");
  }
  for (const wallet of all) await wallet.close();
  return carolMsat === undefined ? { aliceMsat, bobMsat } : { aliceMsat, bobMsat, carolMsat };
}
