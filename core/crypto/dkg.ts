/**
 * The key ceremony of one key as a pure step machine: Pedersen's distributed key generation with hash commitments, in
 * G1 or G2. Nobody learns the key; each of n guardians gets a share, and a threshold of them can use it. Source:
 * fedimint-server `dkg_g1.rs`, `dkg_g2.rs`; docs/protocol/03-consensus.md §D3.
 *
 * ```ts no_run
 * import { bls } from "./bls/mod.ts";
 * import { numPeers } from "../types/num_peers.ts";
 * import { type DkgMessage, dkgStep, startDkg } from "./dkg.ts";
 *
 * declare function perform(effects: readonly { type: string }[]): { peer: number; message: DkgMessage } | null;
 * declare function randomBytes(size: number): Uint8Array<ArrayBuffer>;
 *
 * let { state, effects } = startDkg({ group: bls.g2, peers: numPeers(4), identity: 0, randomBytes });
 * // `perform` does `broadcast` and `send` in order; `read` asks for exactly one message of that peer
 * for (let next = perform(effects); next !== null; next = perform(effects)) {
 *   ({ state, effects } = dkgStep(state, next)); // until `done` or `abort`
 * }
 * ```
 *
 * Each guardian sends everybody a Hash, a Commitment and a Share, in this order, and reads from the others one message
 * each, ascending, three times round. Peers advance unevenly: who sends keeps one queue a peer, and a message waits
 * there until it is asked for. There is no complaint round: one bad message aborts the ceremony, and it is started
 * anew.
 */
import type { Bytes } from "../bytes.ts";
import { toHex } from "../bytes.ts";
import { assert } from "../assert.ts";
import type { NumPeers } from "../types/num_peers.ts";
import type { G1, G2, Group, Scalar } from "./bls/mod.ts";
import { addScalars, decodeScalar } from "./bls/mod.ts";
import { CryptoError } from "./error.ts";
import {
  commitmentHash,
  commitmentOf,
  evaluateScalars,
  randomPolynomial,
  shareFits,
  sumOfCommitments,
} from "./polynomial.ts";

/** As `core/types/dkg_message.ts` encodes it. Points and scalars are checked here again if nobody has yet. */
export type DkgMessage =
  /** 64 hex digits: sha256 of the commitment that follows. */
  | { readonly tag: "Hash"; readonly value: string }
  /** The public polynomial, constant term first. */
  | { readonly tag: "Commitment"; readonly value: readonly Bytes[] }
  /** The sender's secret polynomial at the receiver. Secret. */
  | { readonly tag: "Share"; readonly value: Bytes };

export type DkgEffect<P> =
  /** To every other guardian. */
  | { readonly type: "broadcast"; readonly message: DkgMessage }
  | { readonly type: "send"; readonly peer: number; readonly message: DkgMessage }
  /** The next step takes exactly one message of this peer. */
  | { readonly type: "read"; readonly peer: number }
  | { readonly type: "done"; readonly key: DkgResult<P> }
  | { readonly type: "abort"; readonly peer: number; readonly reason: DkgAbort };

/**
 * Own share (secret), and the public polynomial: its constant term is the group's key, its value at a peer that peer's
 * key.
 */
export type DkgResult<P> = { readonly share: Scalar; readonly polynomial: readonly P[] };

/** What a peer did wrong. */
export type DkgAbort =
  | "second_message_of_a_kind"
  | "commitment_without_hash"
  | "commitment_of_another_hash"
  | "commitment_of_wrong_degree"
  | "share_without_commitment"
  | "share_does_not_fit"
  | "malformed";

export type DkgState<P extends G1 | G2, R extends object = object> = {
  readonly group: Group<P, R>;
  readonly peers: NumPeers;
  readonly identity: number;
  /** Secret. */
  readonly polynomial: readonly Scalar[];
  readonly hashes: ReadonlyMap<number, string>;
  readonly commitments: ReadonlyMap<number, readonly P[]>;
  /** Secret. */
  readonly shares: ReadonlyMap<number, Scalar>;
  /** Whose message is read next; null when the ceremony is over. */
  readonly reading: number | null;
};

export type DkgStep<P extends G1 | G2, R extends object = object> = {
  readonly state: DkgState<P, R>;
  readonly effects: readonly DkgEffect<P>[];
};

/**
 * @param options.identity own peer id, 0 … n − 1
 * @param options.randomBytes unpredictable; 64 bytes are taken for each coefficient
 */
export function startDkg<P extends G1 | G2, R extends object>(options: {
  readonly group: Group<P, R>;
  readonly peers: NumPeers;
  readonly identity: number;
  readonly randomBytes: (size: number) => Bytes;
}): DkgStep<P, R> {
  const { group, peers, identity } = options;
  assert(Number.isInteger(identity) && identity >= 0 && identity < peers.total, "the own id is one of the peers'");
  const polynomial = randomPolynomial(peers.threshold, options.randomBytes);
  const commitment = commitmentOf(group, polynomial);
  const hash = toHex(commitmentHash(commitment));
  const reading = next(peers, identity, -1);
  const state: DkgState<P, R> = {
    group,
    peers,
    identity,
    polynomial,
    hashes: new Map([[identity, hash]]),
    commitments: new Map([[identity, commitment]]),
    shares: new Map(),
    reading,
  };
  if (reading === null) {
    const share = evaluateScalars(polynomial, identity);
    return { state, effects: [{ type: "done", key: { share, polynomial: commitment } }] };
  }
  return {
    state,
    effects: [{ type: "broadcast", message: { tag: "Hash", value: hash } }, { type: "read", peer: reading }],
  };
}

/** Takes the message that the last `read` asked for. */
export function dkgStep<P extends G1 | G2, R extends object>(
  state: DkgState<P, R>,
  event: { readonly peer: number; readonly message: DkgMessage },
): DkgStep<P, R> {
  const { peer, message } = event;
  assert(state.reading === peer, "messages are handed in as they are asked for");
  let result: Taken<P, R>;
  try {
    result = take(state, peer, message);
  } catch (thrown) {
    if (!(thrown instanceof CryptoError)) throw thrown;
    result = "malformed";
  }
  if (typeof result === "string") {
    return { state: { ...state, reading: null }, effects: [{ type: "abort", peer, reason: result }] };
  }
  if (result.effects.some((effect) => effect.type === "done")) {
    return { state: { ...result.state, reading: null }, effects: result.effects };
  }
  const reading = next(state.peers, state.identity, peer);
  assert(reading !== null, "who got a message has a peer to read from");
  return { state: { ...result.state, reading }, effects: [...result.effects, { type: "read", peer: reading }] };
}

type Taken<P extends G1 | G2, R extends object> = DkgStep<P, R> | DkgAbort;

function take<P extends G1 | G2, R extends object>(
  state: DkgState<P, R>,
  peer: number,
  message: DkgMessage,
): Taken<P, R> {
  switch (message.tag) {
    case "Hash":
      return takeHash(state, peer, message.value);
    case "Commitment":
      return takeCommitment(state, peer, message.value.map((point) => state.group.decode(point)));
    case "Share":
      return takeShare(state, peer, decodeScalar(message.value));
  }
}

function takeHash<P extends G1 | G2, R extends object>(state: DkgState<P, R>, peer: number, hash: string): Taken<P, R> {
  if (state.hashes.has(peer)) return "second_message_of_a_kind";
  const hashes = new Map(state.hashes).set(peer, hash);
  const effects: DkgEffect<P>[] = hashes.size === state.peers.total
    ? [{ type: "broadcast", message: { tag: "Commitment", value: state.commitments.get(state.identity)! } }]
    : [];
  return { state: { ...state, hashes }, effects };
}

function takeCommitment<P extends G1 | G2, R extends object>(
  state: DkgState<P, R>,
  peer: number,
  commitment: readonly P[],
): Taken<P, R> {
  const hash = state.hashes.get(peer);
  if (hash === undefined) return "commitment_without_hash";
  if (hash !== toHex(commitmentHash(commitment))) return "commitment_of_another_hash";
  if (commitment.length !== state.peers.threshold) return "commitment_of_wrong_degree";
  if (state.commitments.has(peer)) return "second_message_of_a_kind";
  const commitments = new Map(state.commitments).set(peer, commitment);
  if (commitments.size < state.peers.total) return { state: { ...state, commitments }, effects: [] };
  const shares = new Map(state.shares).set(state.identity, evaluateScalars(state.polynomial, state.identity));
  const effects = others(state.peers, state.identity).map((to): DkgEffect<P> => ({
    type: "send",
    peer: to,
    message: { tag: "Share", value: evaluateScalars(state.polynomial, to) },
  }));
  return { state: { ...state, commitments, shares }, effects };
}

function takeShare<P extends G1 | G2, R extends object>(
  state: DkgState<P, R>,
  peer: number,
  share: Scalar,
): Taken<P, R> {
  const commitment = state.commitments.get(peer);
  if (commitment === undefined) return "share_without_commitment";
  if (!shareFits(state.group, commitment, share, state.identity)) return "share_does_not_fit";
  if (state.shares.has(peer)) return "second_message_of_a_kind";
  const shares = new Map(state.shares).set(peer, share);
  if (shares.size < state.peers.total) return { state: { ...state, shares }, effects: [] };
  const key: DkgResult<P> = {
    share: addScalars(...shares.values()),
    polynomial: sumOfCommitments(state.group, [...state.commitments.values()]),
  };
  return { state: { ...state, shares }, effects: [{ type: "done", key }] };
}

function others(peers: NumPeers, identity: number): number[] {
  return Array.from({ length: peers.total }, (_, peer) => peer).filter((peer) => peer !== identity);
}

/** The peer after `peer` in ascending order, round and round, without oneself; null when one is alone. */
function next(peers: NumPeers, identity: number, peer: number): number | null {
  const all = others(peers, identity);
  return all.find((candidate) => candidate > peer) ?? all[0] ?? null;
}
