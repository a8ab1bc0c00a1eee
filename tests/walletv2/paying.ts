/** For tests of payments: a federation that holds money, a client with a balance, and where it pays to. */
import { assertEquals, assertRejects } from "@std/assert";
import { addressFromScript, p2wpkhScript } from "../../core/bitcoin/mod.ts";
import { WalletError } from "../../modules/walletv2/client/error.ts";
import type { TestWallet } from "../../modules/walletv2/testing/federation.ts";
import { claim, claimOf, confirm, deposit, testWallet } from "../../modules/walletv2/testing/federation.ts";
import { TestClient } from "./client.ts";
import { TestFederation } from "./federation.ts";
import { PURSE_FEE_MSAT } from "./purse.ts";

export const SCRIPT = p2wpkhScript(new Uint8Array(20).fill(9));
export const ADDRESS = addressFromScript(SCRIPT, "regtest")!;
/** What a payment costs beside its fee: the module's and the purse's. */
export const ITEM_FEES_MSAT = 100_000n + PURSE_FEE_MSAT;

/** A federation that holds 1,000,000 sat of somebody else. */
export async function funded(): Promise<{ readonly federation: TestFederation; readonly wallet: TestWallet }> {
  const wallet = await testWallet();
  await confirm(wallet, deposit(wallet, 3, 1_000_000n));
  assertEquals((await claim(wallet, claimOf(wallet, 0n, 3))).ok, true);
  return { federation: new TestFederation(wallet), wallet };
}

/** Such a federation, and a client with this balance. */
export async function withBalance(
  balanceMsat: bigint,
  body: (client: TestClient, federation: TestFederation, wallet: TestWallet) => Promise<void>,
): Promise<void> {
  const { federation, wallet } = await funded();
  const client = await TestClient.open({ federation });
  await client.setBalance(balanceMsat);
  await body(client, federation, wallet);
  await client.close();
}

export async function refusedWith(code: string, send: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(send, WalletError);
  assertEquals(error.code, code);
}
