/** Official clients in a federation of our guardians on the embedded chain, with our client among them. */
import type { JsonObject } from "../../core/encoding/mod.ts";
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

async function scenario(suite: Suite, { "fedimint-cli": fedimintCli }: Programs<"fedimint-cli">): Promise<void> {
  const federation = await suite.must(
    "fedimint-cli sets four of our guardians up",
    () => startFederation(suite, { fedimintCli }),
  );
  const official = Wallet.official(suite, "the official client", fedimintCli);
  const second = Wallet.official(suite, "a second official client", fedimintCli);
  const ours = Wallet.ours(suite, "our client");
  const wallets = [official, second, ours];

  await suite.must("all clients join and see the same federation", async () => {
    const seen = new Set<string>();
    for (const wallet of wallets) {
      await wallet.ask("join", federation.invite);
      const { federation_id: id, network, meta } = await wallet.ask("info") as JsonObject;
      seen.add(stringifyJson({ id: id!, network: network!, meta: meta! }));
    }
    demand(seen.size === 1 && [...seen][0]!.includes('"regtest"'), [...seen].join(" "));
  });
  await suite.must("the official client's deposit is claimed", () => deposit(federation, official, DEPOSIT_SAT));
  for (
    const [from, to, sat] of [[official, second, 50_000], [second, ours, 20_000], [ours, official, 5_000]] as const
  ) {
    await suite.check(`e-cash of ${from.name} is redeemed by ${to.name}, once`, async () => {
      await demandRefused(to, await handOver(from, to, sat));
    });
  }
  await suite.check("our client's deposit is claimed", () => deposit(federation, ours, DEPOSIT_SAT));
  for (const wallet of [official, second, ours]) {
    await suite.check(
      `${wallet.name} withdraws to a Bitcoin address`,
      () => withdraw(federation, wallet, WITHDRAW_SAT, suite.signal),
    );
  }
  await suite.check("the official client reads every guardian's audit, and it balances", async () => {
    for (const { peer } of federation.guardians) await official.checkAudit(peer, federation.apiPassword);
  });
  await suite.check(
    "nothing is under way any more, and all balances add up to what was paid in less fees",
    () => demandSum(wallets, 2 * DEPOSIT_SAT - 3 * WITHDRAW_SAT),
  );
}

if (import.meta.main) await runSuite(() => findPrograms("fedimint-cli"), scenario);
