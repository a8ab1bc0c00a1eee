/**
 * Lightning payments over `lnv2` as a wallet makes them, with a real LND as the outside world, and every way in which a
 * contract ends: claimed, forfeited, expired, of the same federation, over a kill of the gateway.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../core/bytes.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { until } from "../demo/waits.ts";
import type { Gateway } from "./gateway.ts";
import type { Lnd } from "./lnd_node.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";
import type { Wallet } from "./wallet.ts";

export const PAYMENT_SAT = 10_000;
/** An outgoing contract lasts as long as its gateway asks for, 1,440 blocks, and 12. */
const BLOCKS_TO_EXPIRE = 1_460;
const BLOCKS_AT_ONCE = 100;

/** Who pays and is paid. */
export type Parties = {
  readonly suite: Suite;
  /** The outside world. */
  readonly far: Lnd;
  /** Whoever pays. */
  readonly payer: Wallet;
  /** Whoever is paid. */
  readonly payee: Wallet;
  /** That both ask by its URL; none: whom the guardians recommend. */
  readonly via?: Gateway;
};

export const msatOf = (sat: number): bigint => BigInt(sat) * 1_000n;

const through = ({ via }: Pick<Parties, "via">): string[] => via ? ["--gateway", via.url] : [];

/** Number of the module of this kind. */
export async function instanceOf(federation: DevFederation, kind: string): Promise<string> {
  const { modules } = await federation.call(0, "client_config") as unknown as {
    readonly modules: Readonly<Record<string, { readonly kind: string }>>;
  };
  return Object.entries(modules).find(([, module]) => module.kind === kind)![0];
}

export async function invoiceOf(node: Lnd, sat: number): Promise<{ readonly text: string; readonly hash: string }> {
  const { payment_request: text, r_hash: hash } = await node.ask("addinvoice", "--amt", String(sat));
  return { text: String(text), hash: String(hash) };
}

/** Begins a payment. @returns its operation's id */
async function send(wallet: Wallet, invoice: string, ...more: string[]): Promise<string> {
  return String(await wallet.ask("module", "lnv2", "send", invoice, ...more));
}

async function outcomeOf(wallet: Wallet, operation: string): Promise<Json> {
  return await wallet.ask("module", "lnv2", "await-send", operation);
}

/** Writes an invoice. @returns its text and its operation's id */
async function receive(parties: Parties): Promise<readonly [string, string]> {
  const words = ["module", "lnv2", "receive", String(msatOf(PAYMENT_SAT)), ...through(parties)];
  return await parties.payee.ask(...words) as readonly [string, string];
}

/** What the wallet lost, msat, once nothing is under way any more. */
export async function spentMsat(wallet: Wallet, beforeMsat: bigint): Promise<bigint> {
  await wallet.ask("dev", "wait-complete");
  return beforeMsat - await wallet.balanceMsat();
}

/** The payment and its fees. */
export async function demandSpent(wallet: Wallet, beforeMsat: bigint): Promise<void> {
  const paidMsat = await spentMsat(wallet, beforeMsat);
  demand(paidMsat > msatOf(PAYMENT_SAT) && paidMsat < msatOf(PAYMENT_SAT) * 12n / 10n, `${paidMsat} msat paid`);
}

/** The payment less its fees. */
export async function demandGained(wallet: Wallet, beforeMsat: bigint): Promise<void> {
  const gainedMsat = -await spentMsat(wallet, beforeMsat);
  demand(gainedMsat > msatOf(PAYMENT_SAT) * 9n / 10n && gainedMsat < msatOf(PAYMENT_SAT), `${gainedMsat} msat came`);
}

export async function payOutside({ far, payer, ...parties }: Parties): Promise<void> {
  const beforeMsat = await payer.balanceMsat(), invoice = await invoiceOf(far, PAYMENT_SAT);
  const operation = await send(payer, invoice.text, ...through(parties));
  const outcome = await outcomeOf(payer, operation) as JsonObject;
  const { state, r_preimage: preimage } = await far.ask("lookupinvoice", invoice.hash);
  demand(state === "SETTLED" && outcome.Success === preimage, `${stringifyJson(outcome)}, ${stringifyJson(state!)}`);
  await demandSpent(payer, beforeMsat);
}

export async function paidByOutside(parties: Parties): Promise<void> {
  const { far, payee } = parties, beforeMsat = await payee.balanceMsat();
  const [invoice, operation] = await receive(parties);
  const [paid, received] = await Promise.all([
    far.pay(invoice),
    payee.ask("module", "lnv2", "await-receive", operation),
  ]);
  demand(paid.exit === 0 && received === "Claimed", `${stringifyJson(received)}: ${paid.out}${paid.err}`);
  await demandGained(payee, beforeMsat);
}

/** Between clients of one federation: the channel isn't used when both ask the same gateway. */
export async function swap(parties: Parties): Promise<void> {
  const { far } = parties, beforeSat = await far.localBalanceSat();
  await payEachOther(parties, parties);
  demand(await far.localBalanceSat() === beforeSat, "the channel was used");
}

/** @param from whose gateway pays @param to whose gateway receives */
export async function payEachOther(from: Parties, to: Parties): Promise<void> {
  const { payer } = from, { payee } = to;
  const [payerMsat, payeeMsat] = [await payer.balanceMsat(), await payee.balanceMsat()];
  const [invoice, operation] = await receive(to);
  const paying = await send(payer, invoice, ...through(from));
  const outcomes = await Promise.all([
    outcomeOf(payer, paying),
    payee.ask("module", "lnv2", "await-receive", operation),
  ]);
  demand(outcomes[1] === "Claimed" && Object.hasOwn(outcomes[0] as JsonObject, "Success"), stringifyJson(outcomes));
  await demandSpent(payer, payerMsat);
  await demandGained(payee, payeeMsat);
}

async function refunded(wallet: Wallet, operation: string, beforeMsat: bigint): Promise<void> {
  const outcome = await outcomeOf(wallet, operation);
  demand(outcome === "Refunded", stringifyJson(outcome));
  const lostMsat = await spentMsat(wallet, beforeMsat);
  // the fees of two transactions
  demand(lostMsat > 0n && lostMsat < msatOf(PAYMENT_SAT) / 10n, `${lostMsat} msat are gone`);
}

/** The receiver's node refuses; the gateway signs a forfeit. */
export async function forfeited({ far, payer, ...parties }: Parties): Promise<void> {
  const invoice = await invoiceOf(far, PAYMENT_SAT), beforeMsat = await payer.balanceMsat();
  await far.ask("cancelinvoice", invoice.hash);
  await refunded(payer, await send(payer, invoice.text, ...through(parties)), beforeMsat);
}

/** A gateway takes the contract and never pays; the money comes back by time. @param gateway whose terms it asks for */
export async function expired(parties: Parties, federation: DevFederation, gateway: Gateway): Promise<void> {
  const { suite, far, payer } = parties;
  const invoice = await invoiceOf(far, PAYMENT_SAT), beforeMsat = await payer.balanceMsat();
  const operation = await send(payer, invoice.text, "--gateway", neverPays(suite, gateway));
  const lnv2 = await instanceOf(federation, "lnv2");
  await mineToExpiry(federation, `module_${lnv2}_consensus_block_count`);
  await refunded(payer, operation, beforeMsat);
}

/** Asks the gateway's terms for others and never pays. */
function neverPays(suite: Suite, gateway: Gateway): string {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, async (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.endsWith("/routing_info")) return new Response("not today", { status: 500 });
    const body = await request.text(), headers = { "content-type": "application/json" };
    return await fetch(`${gateway.url}/routing_info`, { method: "POST", body, headers });
  });
  suite.onEnd(() => server.shutdown());
  return `http://127.0.0.1:${server.addr.port}`;
}

async function mineToExpiry(federation: DevFederation, method: string): Promise<void> {
  const count = async (): Promise<number> => Number(await federation.call(0, method));
  const target = await count() + BLOCKS_TO_EXPIRE;
  for (let mined = 0; mined < BLOCKS_TO_EXPIRE; mined += BLOCKS_AT_ONCE) await federation.mine(BLOCKS_AT_ONCE);
  await until("guardians agree on the blocks", async () => await count() >= target);
}

/** The gateway is killed while the receiver holds its payment, which is settled while the gateway is away. */
export async function payOutsideOverKill(parties: Parties & { readonly via: Gateway }): Promise<void> {
  const { suite, far, payer, via } = parties, beforeMsat = await payer.balanceMsat();
  const preimage = crypto.getRandomValues(new Uint8Array(32)), hash = toHex(sha256(preimage));
  const { payment_request: text } = await far.ask("addholdinvoice", hash, "--amt", String(PAYMENT_SAT));
  const operation = await send(payer, String(text), ...through(parties));
  // a command line works on its payment only while it runs
  const paying = payer.run("module", "lnv2", "await-send", operation);
  const stands = async (): Promise<Json> => (await far.ask("lookupinvoice", hash)).state!;
  await until("the receiver holds the payment", async () => await stands() === "ACCEPTED", suite.signal);
  await via.kill();
  await far.ask("settleinvoice", toHex(preimage));
  await via.startAgain();
  const { exit, out } = await paying;
  demand(exit === 0 && (parseJson(out) as JsonObject).Success === toHex(preimage), out);
  demand(await stands() === "SETTLED", "the receiver has no money");
  await demandSpent(payer, beforeMsat);
}

/** The gateway is killed while it holds a payment for a client, and goes on with it when it is back. */
export async function paidByOutsideOverKill(parties: Parties & { readonly via: Gateway }): Promise<void> {
  const { suite, far, payee, via } = parties, beforeMsat = await payee.balanceMsat();
  const [invoice, operation] = await receive(parties);
  let hasEnded = false;
  const paying = far.pay(invoice).finally(() => hasEnded = true);
  await until("the payment is on its way", async () => {
    const { channels } = await far.ask("listchannels") as { readonly channels: readonly JsonObject[] };
    return hasEnded || channels.some(({ pending_htlcs: pending }) => (pending as Json[]).length > 0);
  }, suite.signal);
  await via.kill();
  await via.startAgain();
  const received = await payee.ask("module", "lnv2", "await-receive", operation);
  const paid = await paying;
  demand(paid.exit === 0 && received === "Claimed", `${stringifyJson(received)}: ${paid.out}${paid.err}`);
  await demandGained(payee, beforeMsat);
}
