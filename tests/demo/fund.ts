/** Money for wallets of a development federation. */
import type { FederationClient } from "../../client/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { awaitBalance, BLOCKS_TO_AGREE, within } from "./waits.ts";

/**
 * The faucet pays to an address of the wallet, which has nothing yet, and guardians see it. @returns the balance, msat
 */
export async function fund(federation: DevFederation, wallet: FederationClient, btc: number): Promise<bigint> {
  const address = await within("A deposit address", wallet.depositAddress());
  await federation.bitcoin("sendtoaddress", address, btc);
  await federation.mine(BLOCKS_TO_AGREE);
  return await within("The deposit", awaitBalance(wallet, 0n));
}
