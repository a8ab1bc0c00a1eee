/** What the embedded node is told when it starts. Plain data: it goes to another process. */
import type { BitcoinNetwork } from "../../../../core/bitcoin/network.ts";

export type LdkChainSettings =
  | { readonly kind: "bitcoind"; readonly url: string; readonly username: string; readonly password: string }
  | { readonly kind: "esplora"; readonly url: string };

export type LdkSettings = {
  /** 32 bytes in hex. Secret. */
  readonly seedHex: string;
  /** Folder of the node, for its owner alone; made when there is none. */
  readonly folder: string;
  readonly network: Exclude<BitcoinNetwork, "testnet4">;
  readonly chain: LdkChainSettings;
  readonly alias: string;
  /** Where peers reach it; null: it dials and isn't dialed. */
  readonly listen: { readonly hostname: string; readonly port: number } | null;
  /** Whether somebody has read what is known of this version's flaws, and takes the risk. */
  readonly acceptsKnownFlaws: boolean;
  /** A folder with fewer commits than this is an older one, and is refused. */
  readonly leastCommits: number;
};

/** What is to be known before real money is given to this node. */
export const KNOWN_FLAWS =
  "The embedded Lightning node is LDK 0.1.2, the last that there is for JavaScript. Later versions mend ways to steal " +
  "from a node (0.1.4, 0.1.6), to overdraw a channel's reserve (0.1.5), and to stop it; it has no anchor channels. On " +
  "mainnet use an LND, or say --ldk-accept-known-flaws and keep in its channels only what you can lose.";
