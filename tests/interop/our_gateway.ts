/**
 * Our gateways in a federation of four official guardians, with official clients and gateway-cli: one on a real LND,
 * one with the embedded node, each with a channel to another real LND, the outside world.
 */
import { gatewayChannelUsable, openGatewayChannel } from "../../client/gateway/testing/channel.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { compareSessions } from "../demo/agreement.ts";
import { awaitEqualAudits, checkSolvency, netMsat } from "../demo/audits.ts";
import { until } from "../demo/waits.ts";
import { startFederation } from "./federation.ts";
import { Gateway } from "./gateway.ts";
import { compareCommands, compareEnds, leaveAndJoin } from "./gateway_comparison.ts";
import {
  forfeited,
  paidByOutside,
  paidByOutsideOverKill,
  payEachOther,
  payOutside,
  payOutsideOverKill,
  swap,
} from "./lightning_payments.ts";
import { lnGateway, lnPaidByOutside, lnPayOutside, lnRefunded, lnSwap } from "./ln_payments.ts";
import { awaitLevel, Lnd, openChannel } from "./lnd_node.ts";
import { deposit } from "./payments.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";
import { Wallet } from "./wallet.ts";

const DEPOSIT_SAT = 500_000;
const CHANNEL_SAT = 2_000_000;
const COINS_SAT = 10_000_000;
const CHANNEL_BLOCKS = 6;
const ALL = [0, 1, 2, 3];

type Found = Programs<"fedimintd" | "fedimint-cli" | "bitcoind" | "gatewayd" | "gateway-cli" | "lnd" | "lncli">;

/** The gateway's node opens it, half of it to the other side, all by gateway-cli. */
async function channelOfEmbedded(
  suite: Suite,
  federation: DevFederation,
  gateway: Gateway,
  far: Lnd,
): Promise<void> {
  const { address } = await gateway.ask("onchain", "address") as JsonObject;
  await federation.bitcoin("sendtoaddress", address!, COINS_SAT / 1e8);
  await federation.mine(1);
  await until("the gateway has coins", async () => {
    const { onchain_balance_sats: sats } = await gateway.ask("get-balances") as JsonObject;
    return sats === COINS_SAT;
  }, suite.signal);
  await awaitLevel(suite, federation, far);
  const channels = gateway.channels(federation), peer = { key: await far.publicKey(), host: far.address };
  await openGatewayChannel(channels, { ...peer, sizeSats: CHANNEL_SAT, pushSats: CHANNEL_SAT / 2 });
  await gatewayChannelUsable(channels);
  await until("the other side can use it", async () => {
    const { channels: others } = await far.ask("listchannels", "--active_only") as {
      readonly channels: readonly JsonObject[];
    };
    return others.length === 2;
  }, suite.signal);
}

async function scenario(suite: Suite, programs: Found): Promise<void> {
  const { fedimintd, "fedimint-cli": fedimintCli, "gateway-cli": gatewayCli, bitcoind } = programs;
  const federation = await suite.must(
    "a federation of four official guardians starts",
    () =>
      startFederation(suite, {
        fedimintCli,
        bitcoindDir: bitcoind,
        official: { peers: ALL, fedimintd },
        env: { FM_ENABLE_MODULE_LNV1: "1" },
      }),
  );
  const { near, far } = await suite.must("two LNDs have a channel", async () => {
    const [near, far] = await Promise.all([
      Lnd.start(suite, federation, programs, "lnd-near"),
      Lnd.start(suite, federation, programs, "lnd-far"),
    ]);
    await openChannel(suite, federation, { from: near, to: far, sat: CHANNEL_SAT });
    return { near, far };
  });
  const gateways = await suite.must("our gateways start, on LND and with the embedded node", () =>
    Promise.all([
      Gateway.ours(suite, federation, gatewayCli, near),
      Gateway.ours(suite, federation, gatewayCli),
    ]));
  const [onLnd, onLdk] = gateways;
  await suite.must(
    "the embedded node opens a channel to the outside world",
    () => channelOfEmbedded(suite, federation, onLdk, far),
  );
  const id = await suite.must("the gateways join, and have e-cash", async () => {
    const [id, other] = await Promise.all(gateways.map((gateway) => gateway.join(federation, DEPOSIT_SAT)));
    demand(id === other, `${id}, ${other}`);
    return id!;
  });
  await suite.must("a gateway leaves, joins again, and has its e-cash", async () => {
    await Promise.all(gateways.map((gateway) => leaveAndJoin(gateway, federation, id)));
  });
  const alice = Wallet.official(suite, "alice", fedimintCli), bob = Wallet.official(suite, "bob", fedimintCli);
  await suite.must("official clients join, and one deposits", async () => {
    for (const wallet of [alice, bob]) await wallet.ask("join", federation.invite);
    await deposit(federation, alice, DEPOSIT_SAT);
  });
  await suite.must("official guardians vet our gateways, and clients choose one", async () => {
    for (const { peer } of federation.guardians) {
      const as = ["--our-id", String(peer), "--password", federation.apiPassword, "module", "lnv2", "gateways"];
      for (const { url } of gateways) await alice.ask(...as, "add", url);
    }
    const urls: unknown[] = gateways.map(({ url }) => url);
    const chosen = await alice.ask("module", "lnv2", "gateways", "select");
    demand(urls.includes(chosen), stringifyJson(chosen));
  });
  for (const via of gateways) {
    const parties = { suite, far, payer: alice, payee: bob, via }, name = via.name;
    await suite.check(`a client pays the outside world through ${name}`, () => payOutside(parties));
    await suite.check(`the outside world pays a client through ${name}`, () => paidByOutside(parties));
    await suite.check(`a client pays another one within ${name}`, () => swap(parties));
    await suite.check(`what the receiver refuses is forfeited by ${name}`, () => forfeited(parties));
    await suite.check(
      `${name} is killed while the receiver holds its payment, and is paid back for it once`,
      () => payOutsideOverKill(parties),
    );
    await suite.check(
      `${name} is killed while it holds a client's payment, and the client has it once`,
      () => paidByOutsideOverKill(parties),
    );
  }
  await suite.check("a client pays another one from gateway to gateway, over the outside world", async () => {
    const parties = { suite, far, payer: alice, payee: bob };
    await payEachOther({ ...parties, via: onLnd }, { ...parties, via: onLdk });
  });
  await suite.check("the gateways' books have each payment once", async () => {
    for (const [gateway, sent, received] of [[onLnd, 4, 3], [onLdk, 3, 4]] as const) {
      const { outgoing, incoming } = await gateway.ask("payment-summary") as Record<string, JsonObject>;
      const counts = [outgoing, incoming].map((sums) => [sums!.total_success, sums!.total_failure]);
      demand(stringifyJson(counts as Json) === `[[${sent},1],[${received},0]]`, stringifyJson(counts as Json));
    }
  });
  // the embedded node can't intercept what comes in for others: only the gateway on LND registers
  const first = { suite, far, payer: alice, payee: bob };
  await suite.check(`${onLnd.name} is registered for the first Lightning module`, async () => {
    await lnGateway(first);
  });
  await suite.check(`ln: a client pays the outside world through ${onLnd.name}`, () => lnPayOutside(first));
  await suite.check(`ln: the outside world pays a client through ${onLnd.name}`, () => lnPaidByOutside(first));
  await suite.check(`ln: a client pays another one within ${onLnd.name}`, () => lnSwap(first));
  await suite.check(`ln: what the receiver refuses is cancelled by ${onLnd.name}`, () => lnRefunded(first));
  const official = await suite.must("an official gateway joins beside ours, on the outside world's node", async () => {
    const started = await Gateway.official(suite, federation, programs, far);
    await started.join(federation, DEPOSIT_SAT);
    // its commands spend coins too
    const { address } = await far.ask("newaddress", "p2wkh");
    await federation.bitcoin("sendtoaddress", address!, COINS_SAT / 1e8);
    await federation.mine(CHANNEL_BLOCKS);
    await until("it has coins", async () => {
      return await far.isSynced() && Number((await far.ask("walletbalance")).confirmed_balance) >= COINS_SAT;
    }, suite.signal);
    return started;
  });
  const administered = {
    official: { gateway: official, own: far, other: near },
    ours: [{ gateway: onLnd, own: near, other: far }, { gateway: onLdk, other: far }],
  };
  await compareCommands(suite, federation, id, administered);
  await suite.check("guardians agree, owe no contract, and all e-cash is the clients' and the gateways'", async () => {
    let heldMsat = 0n;
    for (const wallet of [alice, bob]) {
      await wallet.ask("dev", "wait-complete");
      heldMsat += await wallet.balanceMsat();
    }
    for (const gateway of [...gateways, official]) heldMsat += await gateway.ecashMsat();
    await compareSessions(federation);
    await checkSolvency(federation);
    for (const audit of await awaitEqualAudits(federation)) {
      for (const kind of ["lnv2", "ln"]) {
        demand(netMsat(audit, kind) === 0n, `contracts of ${kind} hold ${netMsat(audit, kind)} msat`);
      }
      demand(netMsat(audit, "mintv2") === -heldMsat, `${-netMsat(audit, "mintv2")} msat owed, ${heldMsat} msat held`);
    }
  });
  await compareEnds(suite, id, administered);
}

if (import.meta.main) {
  await runSuite(
    () => findPrograms("fedimintd", "fedimint-cli", "bitcoind", "gatewayd", "gateway-cli", "lnd", "lncli"),
    scenario,
  );
}
