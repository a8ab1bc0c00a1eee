/**
 * The first Lightning module in a federation of two official guardians and two of ours: offers, contracts and
 * decryption shares go through both kinds of guardians, and invoices within the federation from each kind of client to
 * each.
 */
import type { JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { compareSessions } from "../demo/agreement.ts";
import { checkSolvency } from "../demo/audits.ts";
import { until } from "../demo/waits.ts";
import { startFederation } from "./federation.ts";
import { demandSum, deposit, handOver } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 400_000;
const INVOICE_SAT = 5_000;
/** Ours leads the ceremony. */
const OFFICIAL = [1, 3];

type Found = Programs<"fedimintd" | "fedimint-cli" | "bitcoind">;

/** One wallet writes an invoice, the other pays it, and nobody else takes part. */
async function payWithin(from: Wallet, to: Wallet): Promise<void> {
  const beforeMsat = await to.balanceMsat();
  const invited = await to.ask("module", "ln", "invoice", `${INVOICE_SAT} sat`, "--force-internal") as JsonObject;
  const { invoice, operation_id: operationId } = invited as { invoice: string; operation_id: string };
  const paid = await from.ask("module", "ln", "pay", invoice, "--force-internal") as JsonObject;
  demand(paid.Success !== undefined, stringifyJson(paid));
  const received = await to.ask("module", "ln", "await-invoice", operationId) as JsonObject;
  demand(received.status === "paid", stringifyJson(received));
  await to.ask("dev", "wait-complete");
  const gainedMsat = await to.balanceMsat() - beforeMsat;
  demand(gainedMsat > BigInt(INVOICE_SAT) * 900n, `${gainedMsat} of ${INVOICE_SAT}000 msat are in the balance`);
  // what was paid is told again
  const again = await from.run("module", "ln", "pay", invoice, "--force-internal");
  demand(again.exit === 0 && again.out.includes("Success"), again.out);
}

async function scenario(suite: Suite, { fedimintd, "fedimint-cli": fedimintCli, bitcoind }: Found): Promise<void> {
  const federation = await suite.must(
    "two official guardians and two of ours do the ceremony, with the first Lightning module",
    () =>
      startFederation(suite, {
        fedimintCli,
        official: { peers: OFFICIAL, fedimintd },
        env: { FM_ENABLE_MODULE_LNV1: "1" },
        bitcoindDir: bitcoind,
      }),
  );
  const official = Wallet.official(suite, "the official client", fedimintCli);
  const ours = Wallet.ours(suite, "our client");
  const both = [official, ours] as const;
  await suite.must("both clients join", async () => {
    for (const wallet of both) await wallet.ask("join", federation.invite);
  });
  await suite.must("both clients have money", async () => {
    await deposit(federation, official, DEPOSIT_SAT);
    await handOver(official, ours, DEPOSIT_SAT / 2);
  });
  await suite.check("all guardians come to version 2.1 of the module", async () => {
    const isAgreed = async (): Promise<boolean> => {
      const { list } = await ours.ask("module") as unknown as { list: readonly JsonObject[] };
      const id = list.find(({ kind }) => kind === "ln")!.id;
      const version = await ours.ask("dev", "api", `module_consensus_version`, "--module", String(id), "null");
      return stringifyJson(version).includes('"minor":1');
    };
    await until("the version is 2.1", isAgreed, suite.signal);
  });
  for (const [from, to] of [[official, ours], [ours, official]] as const) {
    await suite.check(`${from.name} pays an invoice of ${to.name}`, () => payWithin(from, to));
  }
  await suite.check("invoices are paid while a guardian of either kind is killed", async () => {
    await federation.kill(OFFICIAL[1]!);
    await payWithin(official, ours);
    await federation.restart(OFFICIAL[1]!);
    await federation.kill(2);
    await payWithin(ours, official);
    await federation.restart(2);
  });
  await suite.check("both clients see the same gateways: none", async () => {
    for (const wallet of both) {
      const listed = await wallet.ask("module", "ln", "list-gateways");
      demand(stringifyJson(listed) === "[]", stringifyJson(listed));
    }
  });
  await suite.check("all guardians have the same outcome of every session, and their audits balance", async () => {
    demand(await compareSessions(federation) >= 2, "fewer sessions than guardians were killed");
    await checkSolvency(federation);
  });
  await suite.check(
    "nothing is under way any more, and both balances add up to what was paid in less fees",
    () => demandSum(both, DEPOSIT_SAT),
  );
}

if (import.meta.main) await runSuite(() => findPrograms("fedimintd", "fedimint-cli", "bitcoind"), scenario);
