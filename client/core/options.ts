/** What a client is opened with. */
import type { LogSink } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { Store } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";

export type ClientOptions = {
  readonly platform: Platform;
  /** Closed with the client; until `open` has succeeded it is the caller's. */
  readonly store: Store;
  readonly modules: readonly AnyClientModuleDefinition[];
  readonly log: LogSink;
  /** Own guardian for admin calls. `password` is secret. */
  readonly admin?: { readonly peer: PeerId; readonly password: string };
  /** A pre-root to use instead of words. Secret. */
  readonly secret?: DerivableSecret;
  /** Entropy of words that are kept elsewhere, for several federations: none are made or stored here. Secret. */
  readonly entropy?: Bytes;
  /** The words of `entropy` were given, not made: a federation is restored with them, never joined afresh. */
  readonly entropyGiven?: boolean;
  /** The words of `entropy` were made for this wallet: nobody can have used them before. */
  readonly entropyNew?: boolean;
  /** Whether backups are made by themselves, too. Default: they are. */
  readonly automaticBackup?: boolean;
  /** Deposits are looked for each second. Default: they aren't. */
  readonly testEnvironment?: boolean;
  /**
   * Only a look at what is stored: nothing goes on that is under way, and no guardian can be asked. For a wallet that
   * `isResting`. Default: all of it goes on.
   */
  readonly onlyLooks?: boolean;
  /** Whether new notes' tweaks are looked for ahead, in quiet moments. Default: they are. */
  readonly findsAhead?: boolean;
};
