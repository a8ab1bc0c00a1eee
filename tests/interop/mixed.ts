/**
 * Two official guardians and two of ours in one federation: it is set up, takes deposits and moves money of both kinds
 * of clients, also while a guardian of either kind is down and after it came back.
 */
import { compareSessions, sessionCounts } from "../demo/agreement.ts";
import { checkSolvency } from "../demo/audits.ts";
import { until } from "../demo/waits.ts";
import { startFederation } from "./federation.ts";
import { demandRefused, demandSum, deposit, handOver, withdraw } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 400_000;
const WITHDRAW_SAT = 20_000;
const GIFT_SAT = 2_000;
/** Ours leads the ceremony. */
const OURS = [0, 2], OFFICIAL = [1, 3];

type Found = Programs<"fedimintd" | "fedimint-cli" | "bitcoind">;

async function scenario(suite: Suite, { fedimintd, "fedimint-cli": fedimintCli, bitcoind }: Found): Promise<void> {
  const federation = await suite.must(
    "two official guardians and two of ours do the ceremony",
    () =>
      startFederation(suite, {
        fedimintCli,
        official: { peers: OFFICIAL, fedimintd },
        bitcoindDir: bitcoind,
      }),
  );
  const official = Wallet.official(suite, "the official client", fedimintCli);
  const ours = Wallet.ours(suite, "our client");
  const both = [official, ours] as const;

  await suite.must("both clients join", async () => {
    for (const wallet of both) await wallet.ask("join", federation.invite);
  });
  await suite.must("our client's deposit is claimed, and the official one gets a part of it", async () => {
    await deposit(federation, ours, DEPOSIT_SAT);
    await handOver(ours, official, DEPOSIT_SAT / 2);
  });
  const moneyMoves = async (): Promise<void> => {
    for (const [from, to] of [both, [ours, official]] as const) {
      await demandRefused(to, await handOver(from, to, GIFT_SAT));
    }
  };
  await suite.must("e-cash goes both ways, and no text twice", moneyMoves);
  for (const [kind, peer] of [["one of our guardians", OURS[1]!], ["an official guardian", OFFICIAL[1]!]] as const) {
    await suite.check(`e-cash goes both ways while ${kind} is killed`, async () => {
      await federation.kill(peer);
      await moneyMoves();
    });
    await suite.check(`${kind} comes back, and all four finish further sessions`, async () => {
      await federation.restart(peer);
      const before = Math.max(...await sessionCounts(federation));
      await until(
        `all have finished session ${before}`,
        async () => Math.min(...await sessionCounts(federation)) > before,
        suite.signal,
      );
      await moneyMoves();
    });
  }
  for (const wallet of both) {
    await suite.check(
      `${wallet.name} withdraws to a Bitcoin address`,
      () => withdraw(federation, wallet, WITHDRAW_SAT, suite.signal),
    );
  }
  await suite.check("all guardians have the same outcome of every session, and their audits balance", async () => {
    demand(await compareSessions(federation) >= 2, "fewer sessions than guardians were killed");
    await checkSolvency(federation);
  });
  await suite.check(
    "nothing is under way any more, and both balances add up to what was paid in less fees",
    () => demandSum(both, DEPOSIT_SAT - 2 * WITHDRAW_SAT),
  );
}

if (import.meta.main) await runSuite(() => findPrograms("fedimintd", "fedimint-cli", "bitcoind"), scenario);
