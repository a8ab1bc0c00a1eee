/**
 * gateway-cli's commands at our gateways and at the official one, all in one federation and each with a channel: what
 * they print must have the same members of the same types, and what they did must have been done.
 */
import { shapeOf } from "../../client/testing/world.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { until } from "../demo/waits.ts";
import type { Gateway } from "./gateway.ts";
import { invoiceOf, msatOf } from "./lightning_payments.ts";
import type { Lnd } from "./lnd_node.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

const SMALL_SAT = 1_000;
const ONCHAIN_SAT = 30_000;
const CONFIRMATIONS = 12;

/** A gateway, and the node at the other end of its channel. */
export type Administered = { readonly gateway: Gateway; readonly other: Lnd };

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

function membersOf(json: Json): JsonObject {
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

/** What may differ, and why. */
const OWN = [
  // each has its own node and its own address
  /^\$\.lightning_mode/,
  // null or not: ours backs up by itself when it joins, gatewayd later, and tells nothing of backups that are asked for
  /last_backup_time/,
  // null or not: LND knows what it invented before it is paid, and its neighbours' names
  /\.preimage: (null|string)$/,
  /\.remote_node_alias: (null|string)$/,
  // null or not: whether clients have paid through it
  /_latency/,
  // gatewayd knows no meta
  /\.unknown_module_hex/,
];

function differences(theirs: Json, ours: Json): string[] {
  const shapes = [shapeOf(theirs), shapeOf(ours)].map((lines) =>
    lines.filter((line) => !OWN.some((own) => own.test(line)))
  ) as [string[], string[]];
  const [wanted, got] = shapes;
  return [
    ...wanted.filter((line) => !got.includes(line)).map((line) => `missing ${line}`),
    ...got.filter((line) => !wanted.includes(line)).map((line) => `more ${line}`),
  ];
}

/** Each command at the official gateway, then at ours. */
export async function compareCommands(
  suite: Suite,
  federation: DevFederation,
  id: string,
  { official, ours }: { readonly official: Administered; readonly ours: readonly Administered[] },
): Promise<void> {
  for (const [name, run] of [...SETTINGS, ...LIGHTNING, ...MONEY]) {
    await suite.check(`gateway-cli ${name}: as at gatewayd`, async () => {
      const theirs = await run({ ...official, suite, federation, id });
      for (const { gateway, other } of ours) {
        const differs = differences(theirs, await run({ gateway, other, suite, federation, id }));
        demand(differs.length === 0, `${gateway.name}: ${differs.join(", ")}`);
      }
    });
  }
}

/** Leaving and stopping, after everything else. A gateway of ours that comes back has its e-cash. */
export async function compareEnds(
  suite: Suite,
  federation: DevFederation,
  id: string,
  { official, ours }: { readonly official: Gateway; readonly ours: readonly Gateway[] },
): Promise<void> {
  const leave = (gateway: Gateway): Promise<Json> => gateway.ask("leave-fed", "--federation-id", id);
  await suite.check("gateway-cli leave-fed: as at gatewayd; whoever joins again has its e-cash", async () => {
    const theirs = await leave(official);
    for (const gateway of ours) {
      const beforeMsat = await gateway.ecashMsat(), differs = differences(theirs, await leave(gateway));
      demand(differs.length === 0, `${gateway.name}: ${differs.join(", ")}`);
      demand((membersOf(await gateway.ask("info")).federations as Json[]).length === 0, "it is there still");
      await gateway.ask("connect-fed", federation.invite);
      const afterMsat = await gateway.ecashMsat();
      demand(afterMsat === beforeMsat, `${gateway.name} had ${beforeMsat} msat and has ${afterMsat} msat`);
    }
  });
  await suite.check("gateway-cli stop: as at gatewayd, and the program ends", async () => {
    const theirs = await official.run("stop");
    for (const gateway of ours) {
      const { exit, out } = await gateway.run("stop");
      demand(
        exit === theirs.exit && out === theirs.out,
        `${gateway.name}: ${exit} ${out}, not ${theirs.exit} ${theirs.out}`,
      );
      const code = await gateway.ended;
      demand(code === 0, `${gateway.name} ended with ${code}`);
    }
  });
}
