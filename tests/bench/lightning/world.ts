/**
 * What the Lightning bench measures: a federation of our guardians with our gateway and the official one in it,
 * each on an LND of its own, and a third LND, the outside world, with a channel to both. Two wallets of ours use
 * either.
 */
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import type { FederationClient } from "../../../client/mod.ts";
import { openClient } from "../../../client/deno.ts";
import type { LightningNode } from "../../../client/gateway/node/node.ts";
import { DevFederation } from "../../../server/dev/federation/federation.ts";
import { fund } from "../../demo/fund.ts";
import { within } from "../../demo/waits.ts";
import { Gateway } from "../../interop/gateway.ts";
import { Lnd, openChannel } from "../../interop/lnd_node.ts";
import { ready } from "../../interop/lnd_pair.ts";
import type { Programs } from "../../interop/programs.ts";
import type { Suite } from "../../interop/suite.ts";

export type Found = Programs<"gatewayd" | "gateway-cli" | "lnd" | "lncli" | "bitcoind">;

/** Both gateways: whatever is measured is of one and then of the other. */
export type Pair<T> = { readonly ours: T; readonly official: T };

export type World = {
  readonly federation: DevFederation;
  readonly gateways: Pair<Gateway>;
  /** The outside world. */
  readonly outside: LightningNode;
  readonly payer: FederationClient;
  readonly payee: FederationClient;
};

const CHANNEL_SAT = 2_000_000;
const GATEWAY_SAT = 1_000_000;
const PAYER_BTC = 0.02;
/** Strangers' invoices are what is measured, and not how they are kept in bounds. */
const ENV = { FM_GATEWAY_INVOICE_RATE_LIMIT_BURST: "100000", FM_GATEWAY_INVOICE_RATE_LIMIT_PER_SECOND: "1000" };

const platform = realPlatform();
const progress = (text: string): void => console.error(text);

/** Ends with the suite. @param peers guardians */
export async function startWorld(suite: Suite, programs: Found, peers: number): Promise<World> {
  // gatewayd asks its Bitcoin node for what the embedded chain doesn't have
  const { signal } = suite, { "gateway-cli": cli, bitcoind: bitcoindDir } = programs;
  const dir = join(suite.dir, "federation");
  const federation = await DevFederation.start({ platform, dir, peers, progress, signal, bitcoindDir });
  suite.onEnd(() => federation.stop());
  progress("Starting three LNDs, with channels");
  const names = ["lnd-ours", "lnd-official", "lnd-outside"];
  const lnds = await Promise.all(names.map((name) => Lnd.start(suite, federation, programs, name)));
  const [near, officials, far] = lnds as [Lnd, Lnd, Lnd];
  for (const from of [near, officials]) await openChannel(suite, federation, { from, to: far, sat: CHANNEL_SAT });
  const [own, official, outside] = await Promise.all(lnds.map((lnd) => lnd.open())) as [OpenLnd, OpenLnd, OpenLnd];
  suite.onEnd(() => Promise.resolve([own, official, outside].forEach((node) => node.close())));
  for (const node of [own, official]) await ready(node, outside, signal);
  progress("Starting the gateways, with e-cash");
  const gateways = {
    ours: await Gateway.ours(suite, federation, cli, near, ENV),
    official: await Gateway.official(suite, federation, programs, officials, ENV),
  };
  for (const gateway of Object.values(gateways)) await gateway.join(federation, GATEWAY_SAT);
  const wallet = async (name: string): Promise<FederationClient> => {
    const opened = await openClient({ dir: join(suite.dir, name), platform, testEnvironment: true, findsAhead: false });
    suite.onEnd(() => opened.close());
    await within("Joining", opened.join(federation.invite));
    return opened;
  };
  const payer = await wallet("payer"), payee = await wallet("payee");
  await fund(federation, payer, PAYER_BTC);
  return { federation, gateways, outside, payer, payee };
}

type OpenLnd = Awaited<ReturnType<Lnd["open"]>>;
