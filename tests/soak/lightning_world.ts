/**
 * Real processes of a federation with two gateways and the Lightning network outside: one gateway with the embedded
 * node, one on an LND (where there is none: with an embedded node too), and a node of the outside world with a channel
 * to each. Gateways' side opens the channels, so that what the outside world has is free of commitments' fees.
 */
import { join } from "@std/path";
import type { FederationClient } from "../../client/mod.ts";
import { openClient } from "../../client/deno.ts";
import type { LabNode } from "../../client/gateway/node/ldk/testing/lab.ts";
import { Lab, until } from "../../client/gateway/node/ldk/testing/lab.ts";
import type { LightningNode } from "../../client/gateway/node/node.ts";
import type { ChannelLab } from "../../client/gateway/testing/channel.ts";
import { gatewayChannelUsable, openGatewayChannel } from "../../client/gateway/testing/channel.ts";
import { GatewayProgram } from "../../client/gateway/testing/program.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { toHex } from "../../core/bytes.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import { fund } from "../demo/fund.ts";
import { within } from "../demo/waits.ts";
import { Lnd } from "../interop/lnd_node.ts";
import { findPrograms } from "../interop/programs.ts";
import type { Suite } from "../interop/suite.ts";

const PEERS = 4;
const COIN_SAT = 10_000_000n;
const CHANNEL_SAT = 5_000_000;
const PEGIN_SAT = 5_000_000n;
const WALLET_BTC = 0.03;
const AGREED_BLOCKS = 10;
/** On a machine that does much else. */
const WAIT_MS = 300_000;

/** What a gateway has in one of the federation's, or is nothing yet. */
type Balances = {
  readonly onchain_balance_sats: Json;
  readonly lightning_balance_msats: Json;
  readonly ecash_balances: readonly { readonly ecash_balance_msats: Json }[];
};

/** A gateway, and its node where that is a process of its own. */
export class SoakGateway {
  readonly name: string;
  readonly program: GatewayProgram;
  readonly lnd: Lnd | null;

  constructor(name: string, program: GatewayProgram, lnd: Lnd | null) {
    this.name = name;
    this.program = program;
    this.lnd = lnd;
  }

  get url(): SafeUrl {
    return this.program.url as SafeUrl;
  }

  balances(): Promise<Balances> {
    return this.program.ask<Balances>("get-balances");
  }

  async ecashMsat(): Promise<bigint> {
    return BigInt((await this.balances()).ecash_balances[0]?.ecash_balance_msats as number | bigint | undefined ?? 0);
  }

  /** With what it has in its channels. */
  async totalMsat(): Promise<bigint> {
    const { lightning_balance_msats: msats, ecash_balances: [ecash] } = await this.balances();
    return BigInt(msats as number) + BigInt(ecash!.ecash_balance_msats as number);
  }

  /** SIGKILL for its node alone, which is back when this resolves. */
  async killNode(): Promise<void> {
    if (this.lnd) {
      await this.lnd.kill();
      await this.lnd.startAgain();
      return;
    }
    const before = await this.#embeddedPid();
    if (before !== null) Deno.kill(before, "SIGKILL");
    await until("the embedded node runs again", async () => {
      const now = await this.#embeddedPid();
      return now !== null && now !== before;
    }, WAIT_MS);
  }

  async #embeddedPid(): Promise<number | null> {
    const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid="] }).output();
    for (const line of new TextDecoder().decode(stdout).split("\n")) {
      const [pid, parent] = line.trim().split(/\s+/).map(Number);
      if (parent === this.program.pid) return pid!;
    }
    return null;
  }
}

/** The outside world's node: an LND, or an embedded one. */
export type Outside = { readonly node: LightningNode; readonly key: string; readonly host: string };

export type SoakWorld = {
  readonly federation: DevFederation;
  readonly gateways: readonly SoakGateway[];
  readonly outside: Outside;
  readonly wallets: readonly FederationClient[];
  /** Whether one gateway is on a real LND. */
  readonly hasLnd: boolean;
};

async function lndsOf(suite: Suite, federation: DevFederation) {
  const programs = await findPrograms("lnd", "lncli");
  if (!programs.ok) {
    console.log(`Both gateways have the embedded node: ${programs.error}`);
    return null;
  }
  const [inner, outside] = await Promise.all([
    Lnd.start(suite, federation, programs.value, "lnd-inner"),
    Lnd.start(suite, federation, programs.value, "lnd-outside"),
  ]);
  return { inner, outside };
}

async function outsideOf(suite: Suite, federation: DevFederation, lnd: Lnd | undefined): Promise<Outside> {
  if (lnd) {
    const node = await lnd.open();
    suite.onEnd(() => Promise.resolve(node.close()));
    return { node, key: await lnd.publicKey(), host: lnd.address };
  }
  const lab = await Lab.open();
  suite.onEnd(() => lab.close());
  const outside: LabNode = await lab.node("outside", { chain: { kind: "bitcoind", ...federation.node } });
  return { node: outside.node, key: toHex(outside.key), host: outside.host };
}

/** With coins, a channel of which the outside world has half, and e-cash. */
async function supply(federation: DevFederation, { program }: SoakGateway, { node, key, host }: Outside) {
  await within("The gateway's node", program.connected());
  const { address } = await program.ask<{ address: string }>("onchain", "address");
  await federation.pay(address, COIN_SAT);
  await federation.mine(1);
  const height = Number(await federation.bitcoin("getblockcount"));
  await until("the outside world is level with the chain", async () => {
    const { blockHeight, isSynced } = await node.info();
    return isSynced && blockHeight >= height;
  }, WAIT_MS);
  const channels: ChannelLab = {
    ask: (...args) => program.ask(...args),
    mine: (blocks) => federation.mine(blocks),
    isWaiting: (txid) => federation.isWaiting(txid),
    until: (what, attempt) => until(what, attempt, WAIT_MS),
  };
  const terms = { key, host, sizeSats: CHANNEL_SAT, pushSats: CHANNEL_SAT / 2 };
  await gatewayChannelUsable(channels, (await openGatewayChannel(channels, terms)).txid);
  const joined = await program.ask<JsonObject>("connect-fed", federation.invite);
  const pegin = ["ecash", "pegin", "--federation-id", joined.federation_id as string];
  const { address: deposit } = await program.ask<{ address: string }>(...pegin);
  await federation.pay(deposit, PEGIN_SAT);
  await federation.mine(AGREED_BLOCKS);
}

/** Everything runs and has money. Ends with the suite. */
export async function startSoakWorld(suite: Suite, names: readonly string[]): Promise<SoakWorld> {
  const platform = realPlatform(), { dir, signal } = suite, progress = (text: string): void => console.log(text);
  const federation = await DevFederation.start({ platform, dir: join(dir, "fed"), peers: PEERS, progress, signal });
  suite.onEnd(() => federation.stop());
  progress("Starting Lightning nodes and gateways");
  const lnds = await lndsOf(suite, federation), outside = await outsideOf(suite, federation, lnds?.outside);
  const gateways: SoakGateway[] = [];
  for (const [name, lnd] of [["gateway a", null], ["gateway b", lnds?.inner ?? null]] as const) {
    const folder = join(dir, name.replace(" ", "-"));
    const program = new GatewayProgram({ platform, folder, chain: federation.node, ...(lnd && { lnd }) });
    suite.onEnd(() => program.stop());
    await program.start();
    gateways.push(new SoakGateway(name, program, lnd));
  }
  for (const gateway of gateways) {
    progress(`${gateway.name}, ${gateway.lnd ? "on an LND" : "with the embedded node"}: a channel and e-cash`);
    await supply(federation, gateway, outside);
  }
  const wallets: FederationClient[] = [];
  for (const name of names) {
    const wallet = await openClient({ dir: join(dir, name), platform, testEnvironment: true, findsAhead: false });
    suite.onEnd(() => wallet.close());
    wallets.push(wallet);
    await within("Joining", wallet.join(federation.invite));
    await fund(federation, wallet, WALLET_BTC);
  }
  for (const gateway of gateways) {
    await until("the gateway has e-cash", async () => await gateway.ecashMsat() > 0n, WAIT_MS);
  }
  return { federation, gateways, outside, wallets, hasLnd: lnds !== null };
}
