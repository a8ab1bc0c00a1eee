/** What the API answers from. */
import type { Sender } from "../../actors/actor.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import type { FederationId, PeerId } from "../../core/types/ids.ts";
import type { BitcoinSource } from "../../modules/contract/bitcoin.ts";
import type { ShownBoard } from "../consensus/session/board.ts";
import type { SessionsRef } from "../consensus/session/sessions.ts";
import type { SubmissionsRef } from "../consensus/waiting/submissions.ts";
import type { Modules } from "../consensus/engine/transaction.ts";
import type { DiskRoom } from "../disk_watch.ts";
import type { ConfiguredModule, GuardianConfig } from "../config/guardian_config.ts";

export type ApiDeps = {
  readonly sender: Sender;
  readonly platform: Platform;
  readonly store: StoreView;
  readonly config: GuardianConfig;
  readonly modules: Modules;
  readonly configured: ReadonlyMap<number, ConfiguredModule>;
  readonly clientConfig: ClientConfig;
  readonly federationId: FederationId;
  readonly board: ShownBoard;
  readonly room: Readonly<DiskRoom>;
  /** The other guardians that are connected now. */
  readonly connected: ReadonlySet<PeerId>;
  readonly submissions: SubmissionsRef;
  readonly sessions: SessionsRef;
  readonly bitcoin: BitcoinSource;
  /** Accepted secrets of the API; the first goes into invite codes. Secret. */
  readonly apiSecrets: readonly string[];
  /** For admin calls; null = none are answered. Secret. */
  readonly apiPassword: string | null;
};
