/** For tests: wallets, guardians and gateways that are registered with them. */
import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { InvoiceTerms } from "../../../core/lightning/bolt11_write.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../core/lightning/bolt11_write.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import type { HttpServer } from "../../contract/testing/http_network.ts";
import { httpNetwork } from "../../contract/testing/http_network.ts";
import { TestClient } from "../../contract/testing/mod.ts";
import type { TestClientOptions } from "../../contract/testing/mod.ts";
import { lnClient } from "../client.ts";
import type { LnClient } from "../client/api.ts";
import type { LnState } from "../client/states.ts";
import type { LnClientConfig } from "../config.ts";
import { contractAccount, preimageOfKey } from "../contracts.ts";
import { paymentHashOfKey } from "../contracts.ts";
import { gatewayAnnouncement } from "../gateways.ts";
import type { LightningGateway } from "../gateways.ts";
import { TestGateway } from "./gateway.ts";
import { announcementOf, GATEWAY_KEY, NOW_MS, testLn } from "./guardians.ts";

/** What a wallet begins with: 1,000 sat. */
export const BALANCE_MSAT = 1_000_000n;
/** Fee of the usual gateway for paying `AMOUNT_MSAT`: 1 sat and 100 millionths. */
export const AMOUNT_MSAT = 100_000n;
export const FEE_MSAT = 1_010n;

export type LnWallets = Awaited<ReturnType<typeof lnWallets>>;

export async function lnWallets(options: Partial<TestClientOptions> & { readonly gateways?: number } = {}) {
  const { gateways: count = 1, ...client } = options;
  const world = await testLn(), { guardians, clock } = world;
  const servers = new Map<string, HttpServer>(), gateways: TestGateway[] = [];
  const federation = {
    input: (input: Parameters<typeof guardians.input>[0]) => guardians.input(input),
    output: (output: Parameters<typeof guardians.output>[0]) => guardians.output(output),
    contract: async (id: Sha256) => {
      const account = contractAccount.fromJson(await guardians.ask("account", id));
      if (account.contract.tag !== "Outgoing") throw new Error("The contract is not outgoing");
      return { terms: account.contract.value, amount: account.amount };
    },
  };
  const addGateway = async (host: string, key: Bytes, changes: Partial<LightningGateway> = {}) => {
    const gateway = new TestGateway(key, federation);
    gateways.push(gateway);
    servers.set(host, (request) => gateway.handle(request));
    const announced = announcementOf(guardians.config, key, { api: `http://${host}/v1`, ttlSecs: 86_400n, ...changes });
    for (const peer of guardians.guardians.keys()) {
      await guardians.ask("register_gateway", gatewayAnnouncement.toJson(announced), peer);
    }
    return gateway;
  };
  if (count > 0) await addGateway("gw", GATEWAY_KEY);
  const open = (more: Partial<TestClientOptions> = {}) =>
    TestClient.start<LnClientConfig, LnState, LnClient>(lnClient, guardians, {
      clock,
      balanceMsat: BALANCE_MSAT,
      network: httpNetwork(clock, servers),
      ...client,
      ...more,
    });
  return {
    world,
    gateway: gateways[0]!,
    addGateway,
    servers,
    wallet: await open(),
    open,
    /** What guardians owe, msat. */
    openMsat: async () => -await guardians.audit(),
  };
}

const NODE_KEY: Bytes = new Uint8Array(32).fill(77);

/** An invoice of the outside world, whose preimage the gateway will learn. */
export function outsideInvoice(
  gateway: Pick<TestGateway, "preimages">,
  changes: Partial<InvoiceTerms> & { readonly number?: number } = {},
): string {
  const { number = 1, ...terms } = changes;
  const key = publicKeyOf(new Uint8Array(32).fill(100 + number)), paymentHash = paymentHashOfKey(key);
  gateway.preimages.set(paymentHash, preimageOfKey(key));
  return writeBolt11({
    currency: "regtest",
    amountMsat: AMOUNT_MSAT,
    timestamp: BigInt(NOW_MS / 1_000),
    expirySecs: 3_600n,
    paymentHash,
    description: { tag: "Direct", value: "tea" },
    minFinalCltvExpiryDelta: 18n,
    paymentSecret: new Uint8Array(32).fill(4),
    features: FEATURES_BASIC,
    routeHints: [],
    ...terms,
  }, NODE_KEY);
}

/** Kinds of a wallet's events, in order. */
export function eventKinds({ events }: { readonly events: readonly { readonly kind: string }[] }): string[] {
  return events.map(({ kind }) => kind);
}

/** All money of a wallet and its guardians is what it was, less what is said to be gone. */
export async function assertMoney(
  { wallet, openMsat }: Pick<LnWallets, "wallet" | "openMsat">,
  expected: { readonly balanceMsat: bigint; readonly openMsat?: bigint },
): Promise<void> {
  assertEquals(wallet.balanceMsat, expected.balanceMsat);
  assertEquals(await openMsat(), expected.openMsat ?? 0n);
}
