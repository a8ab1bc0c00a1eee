/** What users do in a federation, the same on every side: pay in, hand e-cash over, pay out. */
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { until } from "../demo/waits.ts";
import { demand } from "./suite.ts";
import type { Wallet } from "./wallet.ts";

/** Deep enough for guardians to agree on a block, and for a wallet to claim what is in it. */
const CONFIRMATIONS = 12;
const SAT_PER_BTC = 1e8;

/** Pays to an address of the wallet; done when the notes are there. */
export async function deposit(federation: DevFederation, wallet: Wallet, sat: number): Promise<void> {
  const beforeMsat = await wallet.balanceMsat();
  const position = await wallet.ask("dev", "next-event-log-id");
  const address = await wallet.ask("module", "walletv2", "receive");
  await federation.bitcoin("sendtoaddress", address, sat / SAT_PER_BTC);
  await federation.mine(CONFIRMATIONS);
  const claimed = await wallet.ask("module", "walletv2", "await-receive", String(position)) as readonly Json[];
  demand(claimed[0] === "Success" && typeof claimed[1] === "number", stringifyJson(claimed));
  const gainedMsat = await wallet.balanceMsat() - beforeMsat, paidMsat = BigInt(sat) * 1_000n;
  demand(gainedMsat > paidMsat * 9n / 10n && gainedMsat < paidMsat, `${gainedMsat} of ${paidMsat} msat arrived`);
}

/** @returns the e-cash, which is worth nothing any more */
export async function handOver(from: Wallet, to: Wallet, sat: number): Promise<string> {
  const beforeMsat = await to.balanceMsat();
  const ecash = await from.ask("module", "mintv2", "send", `${sat} sat`) as string;
  demand(await to.ask("module", "mintv2", "receive", ecash) === "Success", "the e-cash was refused");
  // the official client says so before the notes are there, and works on them only while it runs
  await to.ask("dev", "wait-complete");
  const gainedMsat = await to.balanceMsat() - beforeMsat;
  demand(gainedMsat > BigInt(sat) * 900n, `${gainedMsat} of ${sat}000 msat are in the balance`);
  return ecash;
}

/** E-cash that the wallet redeemed before. */
export async function demandRefused(wallet: Wallet, ecash: string): Promise<void> {
  const { exit, out } = await wallet.run("module", "mintv2", "receive", ecash);
  demand(exit === 1, "the same e-cash was received twice");
  demand((parseJson(out) as JsonObject).error === "The ECash was already received", out);
}

/** Pays to an address of the node's; done when the chain has it. */
export async function withdraw(
  federation: DevFederation,
  wallet: Wallet,
  sat: number,
  signal: AbortSignal,
): Promise<void> {
  const address = String(await federation.bitcoin("getnewaddress"));
  const sent = await wallet.ask("module", "walletv2", "send", address, `${sat} sat`) as JsonObject;
  const txid = String(sent.Success);
  demand(/^[0-9a-f]{64}$/.test(txid), stringifyJson(sent));
  await until(`the Bitcoin node has ${txid}`, () => federation.isWaiting(txid), signal);
  await federation.mine(CONFIRMATIONS);
  const { vout } = await federation.bitcoin("getrawtransaction", txid, true) as unknown as {
    vout: readonly { value: Json; scriptPubKey: { address: string } }[];
  };
  const paid = stringifyJson(vout.find(({ scriptPubKey }) => scriptPubKey.address === address)?.value ?? 0);
  demand(Math.round(Number(paid) * SAT_PER_BTC) === sat, `${txid} pays ${paid} BTC to ${address}`);
}

/** All that was paid in and not out must be in the wallets, but for fees of 5 %. */
export async function demandSum(wallets: readonly Wallet[], paidSat: number): Promise<void> {
  let sum = 0n;
  for (const wallet of wallets) {
    await wallet.ask("dev", "wait-complete");
    sum += await wallet.balanceMsat();
  }
  const most = BigInt(paidSat) * 1_000n;
  demand(sum <= most && sum > most * 95n / 100n, `the wallets have ${sum} of ${most} msat`);
}
