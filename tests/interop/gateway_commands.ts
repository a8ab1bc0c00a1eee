/** gateway-cli's commands at a gateway that serves one federation and has a channel, and whether they did it. */
import { gatewayChannelUsable, openGatewayChannel } from "../../client/gateway/testing/channel.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { until } from "../demo/waits.ts";
import type { Gateway } from "./gateway.ts";
import { invoiceOf, msatOf } from "./lightning_payments.ts";
import type { Lnd } from "./lnd_node.ts";
import { awaitLevel } from "./lnd_node.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

const SMALL_SAT = 1_000;
const ONCHAIN_SAT = 30_000;
const CONFIRMATIONS = 12;
const CHANNEL_SAT = 400_000;

/** A gateway, its LND if it has one, and the node at the other end of its channel. */
export type Administered = { readonly gateway: Gateway; readonly own?: Lnd; readonly other: Lnd };

type Env = Administered & {
  readonly suite: Suite;
  readonly federation: DevFederation;
  /** The federation's. */
  readonly id: string;
};

/** @returns what is compared */
type Step = readonly [name: string, run: (env: Env) => Promise<Json>];

function ofFederation({ id }: Env): string[] {
  return ["--federation-id", id];
}

export function membersOf(json: Json): JsonObject {
  return json as JsonObject;
}

/** Exit code and error of a command that must fail. */
async function refusal({ gateway }: Env, ...args: string[]): Promise<Json> {
  const { exit, out } = await gateway.run(...args);
  demand(exit !== 0, `${args.join(" ")}: ${out}`);
  return { [`exit ${exit}`]: out.trim() === "" ? null : String(membersOf(parseJson(out)).code) };
}

async function sendEcash(env: Env): Promise<string> {
  const sent = await env.gateway.ask("ecash", "send", ...ofFederation(env), `${SMALL_SAT} sat`);
  return String(membersOf(sent).notes);
}

/** Fees, policies and what is shown of them. */
const SETTINGS: readonly Step[] = [
  ["info", ({ gateway }) => gateway.ask("info")],
  ["get-balances", ({ gateway }) => gateway.ask("get-balances")],
  ["seed", async ({ gateway }) => {
    const seed = membersOf(await gateway.ask("seed"));
    demand((seed.mnemonic as Json[]).length === 12, "not twelve words");
    return seed;
  }],
  ["invite-codes", async ({ gateway }) => Object.values(membersOf(await gateway.ask("invite-codes")))],
  ["cfg client-config", async (env) => {
    const { federations } = membersOf(await env.gateway.ask("cfg", "client-config", ...ofFederation(env)));
    return Object.values(membersOf(federations!));
  }],
  ["cfg set-fees", async (env) => {
    const fees = ["--ln-base", "1500 msat", "--ln-ppm", "2500", "--tx-base", "500 msat", "--tx-ppm", "1000"];
    const answer = await env.gateway.ask("cfg", "set-fees", ...ofFederation(env), ...fees);
    const shown = await env.gateway.ask("cfg", "display", ...ofFederation(env)) as readonly JsonObject[];
    const { lightning_fee: lightning, transaction_fee: transaction } = shown[0]!;
    const told = stringifyJson([lightning!, transaction!]);
    const wanted = '[{"base":1500,"parts_per_million":2500},{"base":500,"parts_per_million":1000}]';
    demand(told === wanted, told);
    return [answer, shown];
  }],
  ["cfg set-payment-policy", async (env) => {
    const told: Json[] = [];
    for (const enabled of ["false", "true"]) {
      told.push(
        await env.gateway.ask("cfg", "set-payment-policy", ...ofFederation(env), "--receive-enabled", enabled),
        await env.gateway.ask("cfg", "display"),
      );
    }
    return told;
  }],
  [
    "cfg set-fees above the limit",
    (env) => refusal(env, "cfg", "set-fees", ...ofFederation(env), "--ln-ppm", "900000"),
  ],
  ["backup of a federation that isn't there", (env) => {
    return refusal(env, "ecash", "backup", "--federation-id", `${"0".repeat(63)}1`);
  }],
  ["cfg set-mnemonic of one that has words", (env) => refusal(env, "cfg", "set-mnemonic")],
  ["federation_status, which is no command", async ({ gateway, id }) => {
    const told: Json[] = [];
    for (const federation of [id, `${"0".repeat(63)}1`]) {
      const body = JSON.stringify({ federation_id: federation }), headers = { "content-type": "application/json" };
      const answer = await fetch(`${gateway.url}/federation_status`, { method: "POST", body, headers });
      const status = parseJson(await answer.text()), { federation_status: served } = membersOf(status);
      demand(served === (federation === id ? "served" : "unserved"), stringifyJson(status));
      told.push(answer.status, status);
    }
    return told;
  }],
  ["joining once more", (env) => refusal(env, "connect-fed", env.federation.invite)],
];

/** The node's own payments and channels. */
const LIGHTNING: readonly Step[] = [
  ["lightning create-invoice", async ({ gateway, other }) => {
    const amount = String(msatOf(SMALL_SAT));
    const made = membersOf(
      await gateway.ask("lightning", "create-invoice", amount, "--expiry-secs", "600", "--description", "coffee"),
    );
    const { payment_hash: hash, description, num_msat: told } = await other.ask("decodepayreq", String(made.invoice));
    demand(description === "coffee" && told === amount, `${stringifyJson([description!, told!])}`);
    const ask = () => gateway.ask("lightning", "get-invoice", "--payment-hash", String(hash));
    const before = await ask();
    const { exit, out } = await other.pay(String(made.invoice));
    demand(exit === 0, out);
    const paid = membersOf(await ask());
    demand(paid.status === "Succeeded", stringifyJson(paid));
    return [made, before, paid];
  }],
  ["lightning pay-invoice", async ({ gateway, other }) => {
    const { text, hash } = await invoiceOf(other, SMALL_SAT);
    const paid = membersOf(await gateway.ask("lightning", "pay-invoice", text));
    const { r_preimage: preimage } = await other.ask("lookupinvoice", hash);
    demand(paid.preimage === preimage, stringifyJson(paid));
    return paid;
  }],
  ["lightning get-invoice of one that isn't there", ({ gateway }) => {
    return gateway.ask("lightning", "get-invoice", "--payment-hash", "ab".repeat(32));
  }],
  ["lightning list-channels", ({ gateway }) => gateway.ask("lightning", "list-channels")],
  ["lightning list-transactions", async ({ gateway }) => {
    const at = (ms: number): string => new Date(ms).toISOString();
    const span = ["--start-time", at(Date.now() - 3_600_000), "--end-time", at(Date.now() + 60_000)];
    const { transactions } = membersOf(await gateway.ask("lightning", "list-transactions", ...span)) as unknown as {
      readonly transactions: readonly JsonObject[];
    };
    const known = transactions.filter(({ payment_kind: kind, status }) => kind === "Bolt11" && status === "Succeeded");
    demand(known.length >= 2, stringifyJson(transactions as Json));
    return known as Json;
  }],
  ["lightning create-offer and pay-offer, which LND hasn't", async (env) => [
    await refusal(env, "lightning", "create-offer", "--amount-msat", "1000"),
    await refusal(env, "lightning", "pay-offer", "--offer", "lno1"),
  ]],
  ["lightning connect-peer", async ({ gateway, other }) => {
    const node = `${await other.publicKey()}@${other.address}`;
    return await gateway.ask("lightning", "connect-peer", "--node-address", node);
  }],
  ["lightning set-channel-fees", async ({ gateway }) => {
    const channels = async () => await gateway.ask("lightning", "list-channels") as readonly JsonObject[];
    const outpoint = ["--funding-outpoint", String((await channels())[0]!.funding_outpoint)];
    const fees = ["--base-fee-msat", "7000", "--parts-per-million", "77"];
    const answer = await gateway.ask("lightning", "set-channel-fees", ...outpoint, ...fees);
    const { base_fee_msat: base, parts_per_million: ppm } = (await channels())[0]!;
    demand(base === 7_000 && ppm === 77, stringifyJson([base!, ppm!]));
    return answer;
  }],
  // last: the fees of a new channel are not known at once
  ["lightning open-channel", async ({ gateway, own, other, federation, suite }) => {
    for (const node of own ? [own, other] : [other]) await awaitLevel(suite, federation, node);
    const channels = gateway.channels(federation);
    const terms = { key: await other.publicKey(), host: other.address, sizeSats: CHANNEL_SAT };
    const { answer, txid } = await openGatewayChannel(channels, terms);
    await gatewayChannelUsable(channels, txid);
    return answer;
  }],
];

/** Between the chain, the node and the federation. */
const MONEY: readonly Step[] = [
  ["onchain address", ({ gateway }) => gateway.ask("onchain", "address")],
  ["onchain send", async ({ gateway, federation, suite }) => {
    const address = String(await federation.bitcoin("getnewaddress"));
    const rate = ["--fee-rate-sats-per-vbyte", "2"];
    const sent = membersOf(
      await gateway.ask("onchain", "send", "--address", address, "--amount", `${ONCHAIN_SAT} sat`, ...rate),
    );
    await until("the coins are sent", () => federation.isWaiting(String(sent.txid)), suite.signal);
    await federation.mine(1);
    const received = await federation.bitcoin("getreceivedbyaddress", address);
    demand(Number(stringifyJson(received)) === ONCHAIN_SAT / 1e8, stringifyJson(received));
    return sent;
  }],
  ["ecash pegin-from-onchain", async (env) => {
    const { gateway, federation, suite } = env, beforeMsat = await gateway.ecashMsat();
    const words = [...ofFederation(env), "--amount", `${ONCHAIN_SAT} sat`, "--fee-rate-sats-per-vbyte", "2"];
    const sent = membersOf(await gateway.ask("ecash", "pegin-from-onchain", ...words));
    await until("the coins are sent", () => federation.isWaiting(String(sent.txid)), suite.signal);
    await federation.mine(CONFIRMATIONS);
    await until("the e-cash is there", async () => await gateway.ecashMsat() > beforeMsat, suite.signal);
    return sent;
  }],
  ["ecash pegin, pegin-recheck", async (env) => {
    const made = membersOf(await env.gateway.ask("ecash", "pegin", ...ofFederation(env)));
    const address = ["--address", String(made.address ?? made)];
    return [made, await env.gateway.ask("ecash", "pegin-recheck", ...address, ...ofFederation(env))];
  }],
  ["ecash pegout", async (env) => {
    const { gateway, federation, suite } = env, address = String(await federation.bitcoin("getnewaddress"));
    const words = [...ofFederation(env), "--amount", `${ONCHAIN_SAT} sat`, "--address", address];
    const sent = membersOf(await gateway.ask("ecash", "pegout", ...words));
    await until("the coins are sent", () => federation.isWaiting(String(sent.txid)), suite.signal);
    await federation.mine(CONFIRMATIONS);
    return sent;
  }],
  ["ecash pegout-to-onchain", async (env) => {
    const { gateway, federation, suite } = env;
    const words = [...ofFederation(env), "--amount", `${ONCHAIN_SAT} sat`];
    const sent = membersOf(await gateway.ask("ecash", "pegout-to-onchain", ...words));
    await until("the coins are sent", () => federation.isWaiting(String(sent.txid)), suite.signal);
    await federation.mine(CONFIRMATIONS);
    return sent;
  }],
  ["ecash send, receive", async (env) => {
    const notes = await sendEcash(env);
    const received = await env.gateway.ask("ecash", "receive", "--notes", notes);
    const again = await refusal(env, "ecash", "receive", "--notes", notes);
    return [received, again];
  }],
  ["ecash backup", (env) => env.gateway.ask("ecash", "backup", ...ofFederation(env))],
  ["payment-log", async (env) => {
    const events = await env.gateway.ask("payment-log", ...ofFederation(env), "--event-kinds", "tx-created");
    return (events as readonly JsonObject[]).map(({ payload: _, ...event }) => event) as Json;
  }],
  ["payment-summary", ({ gateway }) => gateway.ask("payment-summary")],
];

/** Those that leave everything as it was, or give it back. */
export const COMMANDS: readonly Step[] = [...SETTINGS, ...LIGHTNING, ...MONEY];
