/** What consensus is told at its start: from the config files and the command line. */
import type { Bytes } from "../../core/bytes.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { Version } from "../../core/types/version.ts";

export type ConsensusSettings = {
  readonly identity: PeerId;
  readonly peers: NumPeers;
  /** 33-byte compressed key of every guardian. */
  readonly broadcastKeys: ReadonlyMap<PeerId, Bytes>;
  readonly version: Version;
  /** Rounds whose units a session orders: 3600, in test federations 200. */
  readonly roundsPerSession: number;
  /** 50 ms unless configured. */
  readonly roundDelayMs: number;
  /** A session that takes longer is a failure: consensus starts anew from the store. */
  readonly sessionTimeoutMs: number;
  readonly testEnvironment: boolean;
};
