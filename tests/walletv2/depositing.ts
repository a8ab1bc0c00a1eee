/** What tests of deposits share: a client of a federation, what is paid to it, and what arrives of that. */
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { TestWallet } from "../../modules/walletv2/testing/federation.ts";
import { depositAddress, payment, testWallet } from "../../modules/walletv2/testing/federation.ts";
import { TestClient } from "./client.ts";
import type { TestClientOptions } from "./client.ts";
import { TestFederation } from "./federation.ts";
import { PURSE_FEE_MSAT } from "./purse.ts";

export const RECEIVE_FEE = 316n;
/** What a claim costs beside its fee: the module's and the purse's. */
export const ITEM_FEES_MSAT = 100_000n + PURSE_FEE_MSAT;

type Options = Omit<TestClientOptions, "federation">;

export async function withClient(
  body: (client: TestClient, federation: TestFederation, wallet: TestWallet) => Promise<void>,
  options: Options = {},
): Promise<void> {
  const wallet = await testWallet();
  const federation = new TestFederation(wallet);
  const client = await TestClient.open({ federation, ...options });
  await body(client, federation, wallet);
  await client.close();
}

export function deposit(wallet: TestWallet, number: number, valueSat: bigint): BitcoinTransaction {
  return payment({ valueSat, script: depositAddress(wallet, number).script });
}

export function creditMsat(...valuesSat: readonly bigint[]): bigint {
  return valuesSat.reduce((sum, value) => sum + (value - RECEIVE_FEE) * 1000n - ITEM_FEES_MSAT, 0n);
}

export function payloads(events: readonly { readonly payload: Json }[]): Json[] {
  return events.map(({ payload }) => payload);
}
