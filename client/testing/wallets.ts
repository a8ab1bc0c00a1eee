/** For tests: wallets of several federations in a simulated world's database. */
import type { OpenWalletsOptions, Wallets } from "../wallets.ts";
import { openWallets } from "../wallets.ts";
import type { ClientWorld } from "./world.ts";

/** What wallets are opened with, and at which commit their disk fails. */
export type OpenInWorld = Partial<OpenWalletsOptions> & { readonly failAtCommit?: number };

export async function openWalletsIn(world: ClientWorld, options: OpenInWorld): Promise<Wallets> {
  const { failAtCommit = Infinity, ...given } = options;
  const store = await world.finish(world.openStore("wallets.kv", { failAtCommit }));
  return await world.finish(openWallets({ platform: world.platform, store, ...given }));
}
