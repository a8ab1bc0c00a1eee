/**
 * Lightning payments over `lnv2` through the official gateway on a real LND: of official clients in a federation of our
 * guardians, with `--mixed` in one of two of ours and two official ones, with `--our-client` of our clients in an
 * official federation. The payments meet every way in which a contract ends: claimed, forfeited, expired, of the same
 * federation; and every guardian must come to the same.
 */
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { compareSessions, sessionCounts } from "../demo/agreement.ts";
import { awaitEqualAudits, checkSolvency, netMsat } from "../demo/audits.ts";
import { until } from "../demo/waits.ts";
import { startFederation } from "./federation.ts";
import { Gatewayd } from "./gatewayd.ts";
import { Lnd, openChannel } from "./lnd_node.ts";
import { deposit, handOver } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 500_000;
const CHANNEL_SAT = 2_000_000;
const PAYMENT_SAT = 10_000;
/** An outgoing contract lasts as long as its gateway asks for, 1,440 blocks, and 12. */
const BLOCKS_TO_EXPIRE = 1_460;
const BLOCKS_AT_ONCE = 100;
const OFFICIAL = [1, 3], ALL = [0, 1, 2, 3];

type Found = Programs<"fedimintd" | "fedimint-cli" | "bitcoind" | "gatewayd" | "gateway-cli" | "lnd" | "lncli">;

const msatOf = (sat: number): bigint => BigInt(sat) * 1_000n;

async function instanceOf(federation: DevFederation, kind: string): Promise<string> {
  const { modules } = await federation.call(0, "client_config") as unknown as {
    readonly modules: Readonly<Record<string, { readonly kind: string }>>;
  };
  return Object.entries(modules).find(([, module]) => module.kind === kind)![0];
}

/** Asks the gateway's terms for others and never pays. */
function neverPays(suite: Suite, gateway: Gatewayd): string {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, async (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.endsWith("/routing_info")) return new Response("not today", { status: 500 });
    const body = await request.text(), headers = { "content-type": "application/json" };
    return await fetch(`${gateway.url}/routing_info`, { method: "POST", body, headers });
  });
  suite.onEnd(() => server.shutdown());
  return `http://127.0.0.1:${server.addr.port}`;
}

async function invoiceOf(node: Lnd, sat: number): Promise<{ readonly text: string; readonly hash: string }> {
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

/** What the wallet lost, msat, once nothing is under way any more. */
async function spentMsat(wallet: Wallet, beforeMsat: bigint): Promise<bigint> {
  await wallet.ask("dev", "wait-complete");
  return beforeMsat - await wallet.balanceMsat();
}

async function refunded(wallet: Wallet, operation: string, beforeMsat: bigint): Promise<void> {
  const outcome = await outcomeOf(wallet, operation);
  demand(outcome === "Refunded", stringifyJson(outcome));
  const lostMsat = await spentMsat(wallet, beforeMsat);
  // the fees of two transactions
  demand(lostMsat > 0n && lostMsat < msatOf(PAYMENT_SAT) / 10n, `${lostMsat} msat are gone`);
}

async function mineToExpiry(federation: DevFederation, method: string): Promise<void> {
  const count = async (): Promise<number> => Number(await federation.call(0, method));
  const target = await count() + BLOCKS_TO_EXPIRE;
  for (let mined = 0; mined < BLOCKS_TO_EXPIRE; mined += BLOCKS_AT_ONCE) await federation.mine(BLOCKS_AT_ONCE);
  await until("guardians agree on the blocks", async () => await count() >= target);
}

async function scenario(suite: Suite, programs: Found): Promise<void> {
  const isMixed = Deno.args.includes("--mixed"), isOurClient = Deno.args.includes("--our-client");
  const official = isOurClient ? ALL : isMixed ? OFFICIAL : [];
  const { fedimintd, "fedimint-cli": fedimintCli, bitcoind } = programs;
  const federation = await suite.must(
    `a federation of four starts, of which ${official.length} guardians are official`,
    () =>
      startFederation(suite, {
        fedimintCli,
        bitcoindDir: bitcoind,
        official: { peers: official, fedimintd },
      }),
  );
  const lnv2 = await instanceOf(federation, "lnv2");
  const { near, far } = await suite.must("two LNDs have a channel", async () => {
    const nodes = {
      near: await Lnd.start(suite, federation, programs, "lnd-near"),
      far: await Lnd.start(suite, federation, programs, "lnd-far"),
    };
    await openChannel(suite, federation, { from: nodes.near, to: nodes.far, sat: CHANNEL_SAT });
    return nodes;
  });
  const gateway = await suite.must("the official gateway joins, and has e-cash", async () => {
    const started = await Gatewayd.start(suite, federation, programs, near);
    const { federation_id: id } = await started.ask("connect-fed", federation.invite) as JsonObject;
    const made = await started.ask("ecash", "pegin", "--federation-id", String(id));
    const address = typeof made === "string" ? made : String((made as JsonObject).address);
    await federation.bitcoin("sendtoaddress", address, DEPOSIT_SAT / 1e8);
    await federation.mine(12);
    await until("the gateway has e-cash", async () => await started.ecashMsat() > 0n, suite.signal);
    return started;
  });
  const walletOf = (name: string): Wallet =>
    isOurClient ? Wallet.ours(suite, name) : Wallet.official(suite, name, fedimintCli);
  const alice = walletOf("alice"), bob = walletOf("bob");
  await suite.must("the clients join, one deposits and gives the other a part", async () => {
    for (const wallet of [alice, bob]) await wallet.ask("join", federation.invite);
    await deposit(federation, alice, DEPOSIT_SAT);
    await handOver(alice, bob, DEPOSIT_SAT / 5);
  });
  await suite.must("guardians' operators vet the gateway, and clients find it", async () => {
    for (const { peer } of federation.guardians) {
      const as = ["--our-id", String(peer), "--password", federation.apiPassword, "module", "lnv2", "gateways"];
      demand(await alice.ask(...as, "add", gateway.url) === true, `guardian ${peer} refuses the gateway`);
      demand(await alice.ask(...as, "add", gateway.url) === false, `guardian ${peer} takes it twice`);
    }
    const listed = await alice.ask("module", "lnv2", "gateways", "list");
    demand(stringifyJson(listed) === stringifyJson([gateway.url]), stringifyJson(listed));
    demand(await alice.ask("module", "lnv2", "gateways", "select") === gateway.url, "another gateway is chosen");
  });

  await suite.check("a client pays an invoice of the outside world", async () => {
    const beforeMsat = await alice.balanceMsat(), invoice = await invoiceOf(far, PAYMENT_SAT);
    const outcome = await outcomeOf(alice, await send(alice, invoice.text)) as JsonObject;
    const { state, r_preimage: preimage } = await far.ask("lookupinvoice", invoice.hash);
    demand(state === "SETTLED" && outcome.Success === preimage, `${stringifyJson(outcome)}, ${stringifyJson(state!)}`);
    const paidMsat = await spentMsat(alice, beforeMsat);
    demand(paidMsat > msatOf(PAYMENT_SAT) && paidMsat < msatOf(PAYMENT_SAT) * 12n / 10n, `${paidMsat} msat paid`);
  });
  await suite.check("the outside world pays a client", async () => {
    const beforeMsat = await bob.balanceMsat();
    const [invoice, operation] = await bob.ask("module", "lnv2", "receive", String(msatOf(PAYMENT_SAT))) as [
      string,
      string,
    ];
    const [paid, received] = await Promise.all([
      far.pay(invoice),
      bob.ask("module", "lnv2", "await-receive", operation),
    ]);
    demand(paid.exit === 0 && received === "Claimed", `${stringifyJson(received)}: ${paid.out}${paid.err}`);
    const gainedMsat = -await spentMsat(bob, beforeMsat);
    demand(gainedMsat > msatOf(PAYMENT_SAT) * 9n / 10n && gainedMsat < msatOf(PAYMENT_SAT), `${gainedMsat} msat came`);
  });
  await suite.check("a client of the federation pays another one, within the gateway", async () => {
    const beforeMsat = await far.localBalanceSat();
    const [invoice, operation] = await bob.ask("module", "lnv2", "receive", String(msatOf(PAYMENT_SAT))) as [
      string,
      string,
    ];
    const paying = await send(alice, invoice);
    const outcomes = await Promise.all([
      outcomeOf(alice, paying),
      bob.ask("module", "lnv2", "await-receive", operation),
    ]);
    demand(outcomes[1] === "Claimed" && Object.hasOwn(outcomes[0] as JsonObject, "Success"), stringifyJson(outcomes));
    demand(await far.localBalanceSat() === beforeMsat, "the channel was used");
  });
  await suite.check(
    "a payment that the receiver's node refuses is forfeited by the gateway, and comes back",
    async () => {
      const invoice = await invoiceOf(far, PAYMENT_SAT), beforeMsat = await alice.balanceMsat();
      await far.ask("cancelinvoice", invoice.hash);
      await refunded(alice, await send(alice, invoice.text), beforeMsat);
    },
  );
  await suite.check(
    "a payment that the gateway takes and never pays comes back when its contract is over",
    async () => {
      const invoice = await invoiceOf(far, PAYMENT_SAT), beforeMsat = await alice.balanceMsat();
      const operation = await send(alice, invoice.text, "--gateway", neverPays(suite, gateway));
      await mineToExpiry(federation, `module_${lnv2}_consensus_block_count`);
      await refunded(alice, operation, beforeMsat);
    },
  );
  await suite.check("payments go on while a guardian is killed, and it catches up", async () => {
    await federation.kill(2);
    const invoice = await invoiceOf(far, PAYMENT_SAT);
    const outcome = await outcomeOf(alice, await send(alice, invoice.text)) as JsonObject;
    demand(Object.hasOwn(outcome, "Success"), stringifyJson(outcome));
    await federation.restart(2);
    const before = Math.max(...await sessionCounts(federation));
    await until(
      "all finish a session",
      async () => Math.min(...await sessionCounts(federation)) > before,
      suite.signal,
    );
  });
  await suite.check(
    "all guardians have the same outcome of every session and the same books, and owe no contract",
    async () => {
      for (const wallet of [alice, bob]) await wallet.ask("dev", "wait-complete");
      await compareSessions(federation);
      await checkSolvency(federation);
      for (const audit of await awaitEqualAudits(federation)) {
        demand(netMsat(audit, "lnv2") === 0n, `contracts hold ${netMsat(audit, "lnv2")} msat`);
      }
    },
  );
}

if (import.meta.main) {
  await runSuite(
    () => findPrograms("fedimintd", "fedimint-cli", "bitcoind", "gatewayd", "gateway-cli", "lnd", "lncli"),
    scenario,
  );
}
