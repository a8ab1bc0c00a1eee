/** Bounds of the embedded node, each with its reason. */

/** LDK's WebAssembly has 15 MB. */
export const WASM_BYTES_MAX = 64_000_000;
/** Sockets at once: channels need few, and whoever comes unknown is cut by LDK when it doesn't shake hands. */
export const SOCKETS_MAX = 128;
/** Of them from one address that we have no channel with. */
export const SOCKETS_OF_SOURCE_MAX = 16;
/** Bytes that wait for a socket, for a commit or for the other side; beyond it LDK is told to wait … */
export const SEND_QUEUE_BYTES_MAX = 1_000_000;
/** … until so few are left. */
export const SEND_QUEUE_BYTES_LOW = 100_000;
export const DIAL_TIMEOUT_MS = 10_000;
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A peer with a channel that is away is dialed again so often. */
export const REDIAL_MS = 3_000;
/** LDK's own advice: `lightning-background-processor`. */
export const PEERS_TICK_MS = 10_000;
export const MANAGER_TICK_MS = 60_000;
export const REBROADCAST_MS = 30_000;
/** The graph is gossip, which peers tell again: it is kept now and then, to route soon after a start. */
export const GRAPH_KEPT_MS = 600_000;
/** A value of the store; a graph beyond it isn't kept. */
export const GRAPH_BYTES_MAX = 15_000_000;
/** The newest block is asked for so often; on regtest somebody waits for it. */
export const BLOCK_POLL_MS = 10_000;
export const BLOCK_POLL_REGTEST_MS = 500;
export const FEE_POLL_MS = 60_000;
/** A Bitcoin node that doesn't answer is asked again after so long. */
export const CHAIN_RETRY_MS = 1_000;
/** Headers kept to walk back on a chain that was left: LDK writes a monitor's block every 50 blocks at least. */
export const HEADERS_KEPT = 1_000;
/** A coin or a transaction that is so deep is settled. */
export const DEPTH_FINAL = 100;
/** Updates of a monitor that are stored as differences before it is stored whole. */
export const MONITOR_UPDATES_MAX = 100;
/** Addresses that are watched beyond those that were given out: words may have given them out in an earlier life. */
export const ADDRESSES_AHEAD = 100;
/** A search of the chain for coins that could not be made, or that is older than what was read, is made again. */
export const SEARCH_RETRY_MS = 5_000;
/** A transaction of a channel that isn't in the chain after two weeks was replaced by another. */
export const LIGHTNING_BLOCKS_MAX = 2_016;
/** A sweep that is not confirmed after so many blocks is made again with the fee of the day. */
export const SWEEP_AGAIN_BLOCKS = 6;
/** LDK takes another way so often before a payment has failed. */
export const PAY_ATTEMPTS = 10;
/** Funding a channel takes a few messages of the peer. */
export const OPEN_DEADLINE_MS = 60_000;
/** Characters of one message between the gateway and the node's process. */
export const MESSAGE_CHARACTERS_MAX = 1_000_000;
/** Calls that one process answers at once. */
export const CALLS_MAX = 1_024;
/** What the node tells of itself in one list. */
export const LIST_MAX = 10_000;
/**
 * An invoice that has expired unpaid is kept for so long: LDK counts time by blocks, adds two hours, and takes payments
 * until then.
 */
export const INVOICE_KEPT_SECS = 6 * 60 * 60;
/** A process that died is started again after so long, doubled up to the last, until one has run for a while. */
export const RESTART_FIRST_MS = 200;
export const RESTART_LAST_MS = 30_000;
export const RESTART_RESET_MS = 10_000;
/** What the gateway asks of a node that is lost is asked again after so long, or when it is back. */
export const ASK_AGAIN_MS = 1_000;
/** A call of the process; opening a channel takes longest. */
export const CALL_DEADLINE_MS = 90_000;

/**
 * A payment is begun within so long of its being asked for: how many blocks its money may be bound for was counted
 * then. Two blocks within it are rare, and gateways keep more than a hundred in reserve.
 */
export const BEGIN_WITHIN_MS = 60_000;
