/**
 * Lightning payments over `lnv2` through the official gateway on a real LND: of official clients in a federation of our
 * guardians, with `--mixed` in one of two of ours and two official ones, with `--our-client` of our clients in an
 * official federation. The payments meet every way in which a contract ends: claimed, forfeited, expired, of the same
 * federation; and every guardian must come to the same.
 */
import { stringifyJson } from "../../core/encoding/mod.ts";
import { compareSessions, sessionCounts } from "../demo/agreement.ts";
import { awaitEqualAudits, checkSolvency, netMsat } from "../demo/audits.ts";
import { until } from "../demo/waits.ts";
import { startFederation } from "./federation.ts";
import { Gateway } from "./gateway.ts";
import { expired, forfeited, paidByOutside, payOutside, swap } from "./lightning_payments.ts";
import { Lnd, openChannel } from "./lnd_node.ts";
import { deposit } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 500_000;
const CHANNEL_SAT = 2_000_000;
const OFFICIAL = [1, 3], ALL = [0, 1, 2, 3];

type Found = Programs<"fedimintd" | "fedimint-cli" | "bitcoind" | "gatewayd" | "gateway-cli" | "lnd" | "lncli">;

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
  const { near, far } = await suite.must("two LNDs have a channel", async () => {
    const nodes = {
      near: await Lnd.start(suite, federation, programs, "lnd-near"),
      far: await Lnd.start(suite, federation, programs, "lnd-far"),
    };
    await openChannel(suite, federation, { from: nodes.near, to: nodes.far, sat: CHANNEL_SAT });
    return nodes;
  });
  const gateway = await suite.must("the official gateway joins, and has e-cash", async () => {
    const started = await Gateway.official(suite, federation, programs, near);
    await started.join(federation, DEPOSIT_SAT);
    return started;
  });
  const walletOf = (name: string): Wallet =>
    isOurClient ? Wallet.ours(suite, name) : Wallet.official(suite, name, fedimintCli);
  const alice = walletOf("alice"), bob = walletOf("bob");
  await suite.must("the clients join and deposit", async () => {
    for (const wallet of [alice, bob]) {
      await wallet.ask("join", federation.invite);
      await deposit(federation, wallet, DEPOSIT_SAT);
    }
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

  const parties = { suite, far, payer: alice, payee: bob };
  await suite.check("a client pays an invoice of the outside world", () => payOutside(parties));
  await suite.check("the outside world pays a client", () => paidByOutside(parties));
  await suite.check("a client of the federation pays another one, within the gateway", () => swap(parties));
  await suite.check(
    "a payment that the receiver's node refuses is forfeited by the gateway, and comes back",
    () => forfeited(parties),
  );
  await suite.check(
    "a payment that the gateway takes and never pays comes back when its contract is over",
    () => expired(parties, federation, gateway),
  );
  await suite.check("payments go on while a guardian is killed, and it catches up", async () => {
    await federation.kill(2);
    await payOutside(parties);
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
