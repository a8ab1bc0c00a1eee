/** For tests: a wallet, guardians that vet gateways, and those gateways. */
import { assertEquals } from "@std/assert";
import { GUARDIAN_PASSWORD, TestClient } from "../../contract/testing/mod.ts";
import type { TestClientOptions } from "../../contract/testing/mod.ts";
import { lnv2Client } from "../client.ts";
import type { LightningClient } from "../client/api.ts";
import type { LightningState } from "../client/states.ts";
import type { LightningConfig } from "../config.ts";
import { TestGateway } from "./gateway.ts";
import { testLightning } from "./guardians.ts";
import type { HttpServer } from "../../contract/testing/http_network.ts";
import { httpNetwork } from "../../contract/testing/http_network.ts";

/** What a wallet begins with: 1,000 sat. */
export const BALANCE_MSAT = 1_000_000n;

export type WalletOptions = Partial<TestClientOptions> & {
  /** Hosts of gateways that guardians vet, by guardian; default: all vet one. */
  readonly vetted?: readonly (readonly string[])[];
};

export type LightningWallet = Awaited<ReturnType<typeof lightningWallet>>;

export async function lightningWallet(options: WalletOptions = {}) {
  const { vetted = [["gw"], ["gw"], ["gw"], ["gw"]], ...client } = options;
  const world = await testLightning(), { guardians, clock } = world;
  const nowSecs = (): number => Math.floor(clock.nowMs() / 1_000);
  const gateways = new Map<string, TestGateway>(), servers = new Map<string, HttpServer>();
  const addGateway = (host: string): TestGateway => {
    const federation = {
      input: (input: Parameters<typeof guardians.input>[0]) => guardians.input(input),
      output: (output: Parameters<typeof guardians.output>[0]) => guardians.output(output),
    };
    const gateway = new TestGateway(gateways.size + 10, federation, nowSecs);
    gateways.set(host, gateway);
    servers.set(host, (request) => gateway.handle(request));
    return gateway;
  };
  for (const host of new Set(vetted.flat())) addGateway(host);
  for (const [peer, hosts] of vetted.entries()) {
    for (const host of hosts) await guardians.ask("add_gateway", `http://${host}/v1`, peer, GUARDIAN_PASSWORD);
  }
  const open = (more: Partial<TestClientOptions> = {}) =>
    TestClient.start<LightningConfig, LightningState, LightningClient>(lnv2Client, guardians, {
      clock,
      balanceMsat: BALANCE_MSAT,
      network: httpNetwork(clock, servers),
      ...client,
      ...more,
    });
  return {
    world,
    gateways,
    gateway: gateways.get("gw")!,
    addGateway,
    wallet: await open(),
    open,
    /** Contracts that guardians hold, msat. */
    openMsat: async () => -await guardians.audit(),
  };
}

/** Kinds of a wallet's events, in order. */
export function eventKinds({ events }: { readonly events: readonly { readonly kind: string }[] }): string[] {
  return events.map(({ kind }) => kind);
}

/** All money of a wallet and its guardians is what it was, less what is said to be gone. */
export async function assertMoney(
  { wallet, openMsat }: LightningWallet,
  expected: { readonly balanceMsat: bigint; readonly openMsat?: bigint },
): Promise<void> {
  assertEquals(wallet.balanceMsat, expected.balanceMsat);
  assertEquals(await openMsat(), expected.openMsat ?? 0n);
}
