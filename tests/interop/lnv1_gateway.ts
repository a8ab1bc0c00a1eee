/**
 * The first Lightning module through our gateway on a real LND, in a federation of our guardians: the official client
 * and ours pay the outside world and are paid by it, also while the gateway is killed.
 */
import type { JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { compareSessions } from "../demo/agreement.ts";
import { awaitEqualAudits, checkSolvency, netMsat } from "../demo/audits.ts";
import { startFederation } from "./federation.ts";
import { Gateway } from "./gateway.ts";
import type { Parties } from "./lightning_payments.ts";
import { demandGained, demandSpent, invoiceOf, msatOf, PAYMENT_SAT } from "./lightning_payments.ts";
import { lnGateway, lnPaidByOutside, lnPayOutside, lnRefunded, lnSwap } from "./ln_payments.ts";
import { Lnd, openChannel } from "./lnd_node.ts";
import { deposit, handOver } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 500_000;
const CHANNEL_SAT = 2_000_000;
/** After it the gateway has the payment in hand, or has settled it. */
const IN_HAND_MS = 1_500;

type Found = Programs<"fedimint-cli" | "bitcoind" | "gateway-cli" | "lnd" | "lncli">;

/** By the commands of the official client's first versions. */
async function byOldCommands({ far, payer, payee }: Parties): Promise<void> {
  const [payerMsat, payeeMsat] = [await payer.balanceMsat(), await payee.balanceMsat()];
  const made = await payee.ask("ln-invoice", "--amount", String(msatOf(PAYMENT_SAT))) as JsonObject;
  const [paid, received] = await Promise.all([
    far.pay(String(made.invoice)),
    payee.ask("await-invoice", String(made.operation_id)),
  ]);
  demand(paid.exit === 0, `${paid.out}${paid.err}, ${stringifyJson(received)}`);
  await demandGained(payee, payeeMsat);
  const invoice = await invoiceOf(far, PAYMENT_SAT);
  await payer.ask("ln-pay", invoice.text);
  const { state } = await far.ask("lookupinvoice", invoice.hash);
  demand(state === "SETTLED", stringifyJson(state!));
  await demandSpent(payer, payerMsat);
}

/** LND holds the forward while the gateway is away, and whoever funded a contract for it settles it. */
async function paidOverKill({ far, payee }: Parties, via: Gateway, afterMs: number): Promise<void> {
  const beforeMsat = await payee.balanceMsat();
  const made = await payee.ask("module", "ln", "invoice", `${PAYMENT_SAT} sat`) as JsonObject;
  if (afterMs === 0) await via.kill();
  const paying = far.pay(String(made.invoice));
  await new Promise((resolve) => setTimeout(resolve, afterMs === 0 ? IN_HAND_MS : afterMs));
  if (afterMs > 0) await via.kill();
  await via.startAgain();
  const [paid, received] = await Promise.all([
    paying,
    payee.ask("module", "ln", "await-invoice", String(made.operation_id)) as Promise<JsonObject>,
  ]);
  demand(paid.exit === 0 && received.status === "paid", `${stringifyJson(received)}: ${paid.out}${paid.err}`);
  await demandGained(payee, beforeMsat);
}

async function scenario(suite: Suite, programs: Found): Promise<void> {
  const { "fedimint-cli": fedimintCli, "gateway-cli": gatewayCli, bitcoind } = programs;
  const federation = await suite.must(
    "our guardians start, with the first Lightning module",
    () =>
      startFederation(suite, {
        fedimintCli,
        bitcoindDir: bitcoind,
        env: { FM_ENABLE_MODULE_LNV1: "1" },
      }),
  );
  const { near, far } = await suite.must("two LNDs have a channel", async () => {
    const [near, far] = await Promise.all([
      // it holds forwards while the gateway is away
      Lnd.start(suite, federation, programs, "lnd-near", ["--requireinterceptor"]),
      Lnd.start(suite, federation, programs, "lnd-far"),
    ]);
    await openChannel(suite, federation, { from: near, to: far, sat: CHANNEL_SAT });
    return { near, far };
  });
  const gateway = await suite.must("our gateway joins, and has e-cash", async () => {
    const started = await Gateway.ours(suite, federation, gatewayCli, near);
    await started.join(federation, DEPOSIT_SAT);
    return started;
  });
  const alice = Wallet.official(suite, "alice", fedimintCli), bob = Wallet.official(suite, "bob", fedimintCli);
  const ours = Wallet.ours(suite, "our client");
  await suite.must("clients join, and two have money", async () => {
    for (const wallet of [alice, bob, ours]) await wallet.ask("join", federation.invite);
    await deposit(federation, alice, DEPOSIT_SAT);
    await handOver(alice, ours, DEPOSIT_SAT / 4);
  });
  const official: Parties = { suite, far, payer: alice, payee: bob }, own: Parties = { ...official, payer: ours };
  await suite.must("guardians name our gateway to both clients", async () => {
    const ids = [await lnGateway(official), await lnGateway(own)];
    demand(ids[0] === ids[1], stringifyJson(ids));
  });
  await suite.check("an official client pays the outside world", () => lnPayOutside(official));
  await suite.check("the outside world pays an official client", () => lnPaidByOutside(official));
  await suite.check("an official client pays another one", () => lnSwap(official));
  await suite.check("what the receiver refuses is cancelled, and the money is back", () => lnRefunded(official));
  await suite.check("the commands of old are paid and pay as well", () => byOldCommands(official));
  await suite.check("our client pays the outside world", () => lnPayOutside(own));
  await suite.check("the outside world pays our client", () => lnPaidByOutside({ ...own, payee: ours }));
  await suite.check(
    "a payment that comes while the gateway is away is the client's once it is back",
    () => paidOverKill(official, gateway, 0),
  );
  await suite.check(
    "a gateway that is killed with a payment in hand settles it once",
    () => paidOverKill(official, gateway, IN_HAND_MS),
  );
  await suite.check("guardians agree, owe no contract, and all e-cash is the clients' and the gateway's", async () => {
    let heldMsat = await gateway.ecashMsat();
    for (const wallet of [alice, bob, ours]) {
      await wallet.ask("dev", "wait-complete");
      heldMsat += await wallet.balanceMsat();
    }
    await compareSessions(federation);
    await checkSolvency(federation);
    for (const audit of await awaitEqualAudits(federation)) {
      demand(netMsat(audit, "ln") === 0n, `contracts hold ${netMsat(audit, "ln")} msat`);
      demand(netMsat(audit, "mintv2") === -heldMsat, `${-netMsat(audit, "mintv2")} msat owed, ${heldMsat} msat held`);
    }
  });
}

if (import.meta.main) {
  await runSuite(() => findPrograms("fedimint-cli", "bitcoind", "gateway-cli", "lnd", "lncli"), scenario);
}
