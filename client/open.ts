/** Opens a wallet in a store that is handed in. */
import type { LogSink } from "../actors/logger.ts";
import type { Platform } from "../actors/platform/platform.ts";
import { openMemoryStore } from "../actors/store/memory.ts";
import type { Store } from "../actors/store/store.ts";
import type { PeerId } from "../core/types/ids.ts";
import type { AnyClientModuleDefinition } from "../modules/contract/client.ts";
import { Client } from "./core/client.ts";
import type { FederationPreview } from "./federation/preview.ts";
import { builtInModules } from "./modules.ts";
import { FederationClient } from "./wallet.ts";

/** What a wallet is opened with, wherever it is kept. */
export type WalletOptions = {
  /** Default: all that are built in. */
  readonly modules?: readonly AnyClientModuleDefinition[];
  /** Default: nothing is logged. */
  readonly log?: LogSink;
  /** Own guardian, for the modules' admin calls. `password` is secret. */
  readonly admin?: { readonly peer: PeerId; readonly password: string };
  /**
   * Whether the wallet backs itself up when there is something that guardians don't have. Default: it does. `backup`
   * does at any time.
   */
  readonly automaticBackup?: boolean;
  /** Looks for deposits every second. */
  readonly testEnvironment?: boolean;
  /**
   * Whether it looks for what its next payments use up, in quiet moments: some seconds of a core. Default: it does. Of
   * many wallets in a process most may rather not.
   */
  readonly findsAhead?: boolean;
};

/** The same, with what the library is given to touch the world. */
export type OpenClientOptions = WalletOptions & {
  /** Clock, dice, network, files, threads. */
  readonly platform: Platform;
  /** Closed with the wallet, and when it can't be opened. One federation a store. */
  readonly store: Store;
};

/**
 * Opens a wallet: the one that the store holds, or a new one that has joined nothing yet. Needs no network.
 * @throws {StoreError} `newer_schema` and others · {ClientError} `wrong_secret` · `no_common_version` · {ModuleError}
 *   `duplicate_kind`
 */
export async function openClient(options: OpenClientOptions): Promise<FederationClient> {
  const { platform, store, modules = builtInModules, log = () => {}, admin } = options;
  const { automaticBackup = true, testEnvironment = false, findsAhead = true } = options;
  try {
    const given = { platform, store, modules, log, automaticBackup, testEnvironment, findsAhead };
    const client = await Client.open({ ...given, ...(admin && { admin }) });
    return new FederationClient(client);
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

/** What a look at a federation needs. */
export type PreviewOptions = Pick<OpenClientOptions, "platform" | "modules" | "log"> & {
  /** Gives it up. */
  readonly signal?: AbortSignal;
};

/**
 * What an invite code's federation is, before there is a wallet for it: nothing is stored anywhere.
 * @throws {ClientError} `no_answer` · `wrong_federation` · {PastedError} · {ApiError} · {WaitError} `aborted`
 */
export async function previewFederation(inviteCode: string, options: PreviewOptions): Promise<FederationPreview> {
  const { signal, ...given } = options;
  const wallet = await openClient({ ...given, store: await openMemoryStore({ clock: given.platform.clock }) });
  try {
    return await wallet.preview(inviteCode, signal);
  } finally {
    await wallet.close();
  }
}
