/**
 * The client library on Deno: everything of `mod.ts`, with wallets in folders of this machine.
 *
 * ```ts no_run
 * import { openClient } from "./deno.ts";
 *
 * const wallet = await openClient({ dir: "./wallet" }); // made when there is none; one process at a time
 * await wallet.close();
 * ```
 *
 * @module
 */
import type { Platform } from "../actors/platform/platform.ts";
import { realPlatform } from "../actors/platform/real.ts";
import { openKvStore } from "../actors/store/kv.ts";
import { databasePath, walletsDatabasePath } from "./core/database_path.ts";
import type { FederationPreview } from "./federation/preview.ts";
import type { OpenClientOptions, PreviewOptions, WalletOptions } from "./open.ts";
import { openClient as openIn, previewFederation as previewWith } from "./open.ts";
import type { FederationClient } from "./wallet.ts";
import type { Wallets } from "./wallets.ts";
import { openWallets as openWalletsIn } from "./wallets.ts";

export * from "./mod.ts";
export { realPlatform } from "../actors/platform/real.ts";
export type { Report } from "../actors/platform/real.ts";

/** A wallet in a folder of this machine. */
export type OpenFolderOptions = WalletOptions & {
  /** Folder of the database; made when there is none, for its owner alone. */
  readonly dir: string;
  /** Default: the machine's own. */
  readonly platform?: Platform;
};

/**
 * Opens the wallet in a folder; makes both when there are none. One process at a time.
 * @throws {StoreError} `locked` and others · {ClientError} `wrong_secret` · `no_common_version`
 */
export async function openClient(options: OpenFolderOptions): Promise<FederationClient> {
  return await openIn(await withStore(options, databasePath));
}

/**
 * Opens the wallets of several federations that are in a folder, under the same words; makes what isn't there. One process at a time. A wallet
 * that `openClient` keeps in the same folder is another one, with words of its own.
 * @throws {StoreError} `locked` and others
 */
export async function openWallets(options: OpenFolderOptions): Promise<Wallets> {
  return await openWalletsIn(await withStore(options, walletsDatabasePath));
}

async function withStore(
  { dir, platform = realPlatform(), ...wallet }: OpenFolderOptions,
  pathIn: (dir: string) => string,
): Promise<OpenClientOptions> {
  await platform.files.makeDirectory(dir, { secret: true });
  return { ...wallet, platform, store: await openKvStore({ path: pathIn(dir), platform }) };
}

/** As `previewFederation` of `mod.ts`, on this machine unless another platform is given. @throws as there */
export function previewFederation(
  inviteCode: string,
  options: Partial<PreviewOptions> = {},
): Promise<FederationPreview> {
  return previewWith(inviteCode, { platform: realPlatform(), ...options });
}
