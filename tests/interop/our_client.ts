/**
 * Our client in an official federation, with an official client on the other side: join, deposit, e-cash both ways,
 * withdrawal, and the shape of every output against the official one's. A real Bitcoin node.
 */
import { shapeOf } from "../../client/testing/world.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { startFederation } from "./federation.ts";
import { demandRefused, demandSum, deposit, handOver, withdraw } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 200_000;
const WITHDRAW_SAT = 20_000;

/** What our operation log tells beyond the official one's: what was paid for, whoever waited. */
const OURS_ALONE = /^\$\.(outcome|fees_paid_msat|transactions\[\]\.(fee_msat|status|txid|reason)): /;

/** Members and types, not values. */
function demandSameShape(ours: Json, official: Json): void {
  const [mine, theirs] = [shapeOf(ours), shapeOf(official)];
  const missing = theirs.filter((line) => !mine.includes(line)),
    more = mine.filter((line) => !theirs.includes(line) && !OURS_ALONE.test(line));
  demand(missing.length + more.length === 0, `missing: ${missing.join(", ")}\nmore: ${more.join(", ")}`);
}

function sortedText(value: Json): string {
  const sorted = (json: Json): Json => {
    if (Array.isArray(json)) return (json as readonly Json[]).map(sorted);
    if (typeof json !== "object" || json === null) return json;
    return Object.fromEntries(Object.entries(json as JsonObject).sort().map(([key, item]) => [key, sorted(item)]));
  };
  return stringifyJson(sorted(value));
}

type Found = Programs<"fedimintd" | "fedimint-cli" | "bitcoind">;

async function scenario(suite: Suite, { fedimintd, "fedimint-cli": fedimintCli, bitcoind }: Found): Promise<void> {
  const federation = await suite.must("a federation of four official guardians starts", () =>
    startFederation(suite, {
      fedimintCli,
      official: { peers: [0, 1, 2, 3], fedimintd },
      bitcoindDir: bitcoind,
    }));
  const ours = Wallet.ours(suite, "our client");
  const official = Wallet.official(suite, "the official client", fedimintCli);
  const both = [official, ours];

  await suite.must("both join", async () => {
    const { invite } = federation;
    demandSameShape(await ours.ask("join", invite), await official.ask("join", invite));
    demandSameShape(await ours.ask("info"), await official.ask("info"));
  });
  await suite.check("config, versions, chain id and invite code are equal", async () => {
    for (const args of [["dev", "config"], ["dev", "chain-id"], ["invite-code", "1"], ["dev", "meta-fields"]]) {
      const [mine, theirs] = [await ours.ask(...args), await official.ask(...args)];
      demand(sortedText(mine) === sortedText(theirs), `${args.join(" ")} differs`);
    }
  });
  for (const wallet of both) {
    await suite.must(`${wallet.name}'s deposit is claimed`, () => deposit(federation, wallet, DEPOSIT_SAT));
  }
  await suite.check("a deposit looks alike in both operation logs and event logs", async () => {
    demandSameShape(await ours.operation("walletv2", "Receive"), await official.operation("walletv2", "Receive"));
    for (const kind of ["tx-created", "tx-accepted", "payment-receive", "payment-receive-update"]) {
      demandSameShape((await ours.events(kind))[0]!, (await official.events(kind))[0]!);
    }
  });
  for (const [from, to] of [[ours, official], [official, ours]] as const) {
    await suite.check(`e-cash of ${from.name} is redeemed by ${to.name}, once`, async () => {
      await demandRefused(to, await handOver(from, to, 1_000));
    });
  }
  await suite.check("e-cash that carries an invite is understood by the other side", async () => {
    const ecash = await ours.ask("module", "mintv2", "send", "10 sat", "--include-invite") as string;
    demand(await official.ask("module", "mintv2", "receive", ecash) === "Success", "refused");
  });
  await suite.check("sent and received e-cash look alike in both logs", async () => {
    for (const member of ["Send", "Receive"]) {
      demandSameShape(await ours.operation("mintv2", member), await official.operation("mintv2", member));
    }
    demandSameShape((await ours.events("payment-send"))[0]!, (await official.events("payment-send"))[0]!);
  });
  await suite.check("the friendly commands spend and receive", async () => {
    const spent = await ours.run("spend", "20 sat");
    demand(spent.exit === 0 && /^fedimint\S+\n$/.test(spent.out), `${spent.out}${spent.err}`);
    const received = await ours.run("receive", spent.out.trim());
    demand(received.exit === 0 && received.out.startsWith("Received "), `${received.out}${received.err}`);
  });
  for (const wallet of both) {
    await suite.check(
      `${wallet.name} withdraws to a Bitcoin address`,
      () => withdraw(federation, wallet, WITHDRAW_SAT, suite.signal),
    );
  }
  await suite.check("a withdrawal looks alike in both operation logs", async () => {
    demandSameShape(await ours.operation("walletv2", "Send"), await official.operation("walletv2", "Send"));
  });
  await suite.check("the federation's audit balances", () => ours.checkAudit(0, federation.apiPassword));
  await suite.check(
    "nothing is under way any more, and both balances add up to what was paid in less fees",
    () => demandSum(both, 2 * (DEPOSIT_SAT - WITHDRAW_SAT)),
  );
}

if (import.meta.main) await runSuite(() => findPrograms("fedimintd", "fedimint-cli", "bitcoind"), scenario);
