/**
 * Lightning payments of both modules, `lnv2` and the first one, through the official gateway on a real LND: of an
 * official client and ours in a federation of our guardians, with `--mixed` in one of two of ours and two official
 * ones, with `--official` in one of official ones. The payments meet every way in which a contract ends: claimed,
 * forfeited, expired, of the same federation; and every guardian must come to the same.
 */
import { stringifyJson } from "../../core/encoding/mod.ts";
import { compareSessions, sessionCounts } from "../demo/agreement.ts";
import { awaitEqualAudits, checkSolvency, netMsat } from "../demo/audits.ts";
import { until } from "../demo/waits.ts";
import { startFederation } from "./federation.ts";
import { Gateway } from "./gateway.ts";
import { expired, forfeited, paidByOutside, payOutside, swap } from "./lightning_payments.ts";
import { lnGateway, lnPaidByOutside, lnPayOutside, lnRefunded, lnSwap } from "./ln_payments.ts";
import { Lnd, openChannel } from "./lnd_node.ts";
import { deposit, handOver } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import { MovedClock, staysRegistered } from "./registration.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 500_000;
const CHANNEL_SAT = 2_000_000;
const OFFICIAL = [1, 3], ALL = [0, 1, 2, 3];

type Found = Programs<"fedimintd" | "fedimint-cli" | "bitcoind" | "gatewayd" | "gateway-cli" | "lnd" | "lncli">;

async function scenario(suite: Suite, programs: Found): Promise<void> {
  const isMixed = Deno.args.includes("--mixed");
  const official = Deno.args.includes("--official") ? ALL : isMixed ? OFFICIAL : [];
  const { fedimintd, "fedimint-cli": fedimintCli, bitcoind } = programs;
  const clock = official.length === 0 ? new MovedClock(suite) : null;
  const federation = await suite.must(
    `a federation of four starts, of which ${official.length} guardians are official`,
    () =>
      startFederation(suite, {
        fedimintCli,
        bitcoindDir: bitcoind,
        official: { peers: official, fedimintd },
        ...(clock && { ours: clock.guardian }),
        env: { FM_ENABLE_MODULE_LNV1: "1" },
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
  const alice = Wallet.official(suite, "the official client", fedimintCli);
  const bob = Wallet.ours(suite, "our client");
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

  const there = { suite, far, payer: alice, payee: bob }, back = { ...there, payer: bob, payee: alice };
  // each kind of guardian has seen each kind of client elsewhere
  const directions = isMixed ? [there] : [there, back];
  for (const parties of directions) {
    const { payer: { name: payer }, payee: { name: payee } } = parties;
    await suite.check(`${payer} pays an invoice of the outside world`, () => payOutside(parties));
    await suite.check(`the outside world pays ${payee}`, () => paidByOutside(parties));
    await suite.check(`${payer} pays ${payee}, within the gateway`, () => swap(parties));
    await suite.check(
      `what ${payer} pays and the receiver's node refuses is forfeited by the gateway, and comes back`,
      () => forfeited(parties),
    );
  }
  await suite.must("the gateway is registered for the first Lightning module", () => lnGateway(there));
  for (const parties of directions) {
    const { payer: { name: payer }, payee: { name: payee } } = parties;
    await suite.check(`ln: ${payer} pays an invoice of the outside world`, () => lnPayOutside(parties));
    await suite.check(`ln: the outside world pays ${payee}`, () => lnPaidByOutside(parties));
    await suite.check(`ln: ${payer} pays ${payee}, within the gateway`, () => lnSwap(parties));
    await suite.check(
      `ln: what ${payer} pays and the receiver's node refuses is cancelled by the gateway, and comes back`,
      () => lnRefunded(parties),
    );
  }
  await suite.check(
    "a payment that the gateway takes and never pays comes back when its contract is over",
    () => expired(there, federation, gateway),
  );
  await suite.check("payments go on while a guardian is killed, and it catches up", async () => {
    await federation.kill(2);
    await payOutside(there);
    await lnPayOutside(back);
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
        for (const kind of ["lnv2", "ln"]) {
          demand(netMsat(audit, kind) === 0n, `contracts of ${kind} hold ${netMsat(audit, kind)} msat`);
        }
      }
    },
  );
  if (clock) {
    await suite.check(
      "the gateway is registered for an hour in which it renews its ten minutes, and forgotten when it stays away",
      () => staysRegistered(suite, federation, gateway, clock),
    );
  }
}

if (import.meta.main) {
  await runSuite(
    () => findPrograms("fedimintd", "fedimint-cli", "bitcoind", "gatewayd", "gateway-cli", "lnd", "lncli"),
    scenario,
  );
}
