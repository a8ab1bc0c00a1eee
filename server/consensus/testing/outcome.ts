/** For tests of one session's outcome: a guardian of four whose module counts votes, and the others' keys. */
import { defineActor, next } from "../../../actors/actor.ts";
import { child, refTo } from "../../../actors/mod.ts";
import { encode, list, u64 } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { AcceptedItem, ConsensusItem, SignedSessionOutcome } from "../../../core/types/session.ts";
import { consensusItem } from "../../../core/types/session.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { treeOf } from "./db.ts";
import type { Disagreement } from "../engine/disagreement.ts";
import type { FetchedOutcome } from "../session/fetched_outcome.ts";
import type { OrderedUnit, OutcomeMessage } from "../session/outcome.ts";
import { outcome } from "../session/outcome.ts";
import type { SessionsMessage } from "../session/sessions.ts";
import { sessionHeader } from "./db.ts";
import type { ConsensusSettings } from "../settings.ts";
import type { ConsensusTest } from "./processing.ts";
import { codecsWith, dealtKeychains, refs, vote, withConsensus } from "./processing.ts";

export const SESSION = 0, ROUNDS = 10;
export const outcomeRef = refTo<OutcomeMessage>("root/outcome");

const dealt = dealtKeychains(4);
export const { keychains } = dealt;

export const SETTINGS: ConsensusSettings = {
  identity: 0,
  peers: numPeers(4),
  broadcastKeys: dealt.broadcastKeys,
  version: { major: 2, minor: 1 },
  roundsPerSession: ROUNDS,
  roundDelayMs: 50,
  sessionTimeoutMs: 600_000,
  testEnvironment: true,
};

export const voteCodecs = codecsWith({ consensusItem: u64, input: u64 });

/** Takes each number below 100 once, and others as often as they come. How often each came is under its key. */
export const VOTES: Partial<AnyServerModule> = {
  processConsensusItem: async (tx, number: bigint) => {
    const key = Uint8Array.of(Number(number));
    const [count] = await tx.get(key) ?? [0];
    if (number < 100n && count! > 0) return err("voted before");
    tx.set(key, Uint8Array.of(count! + 1));
    return ok(null);
  },
  consensusProposal: () => Promise.resolve([]),
  audit: () => Promise.resolve(0n),
  apiEndpoints: {},
};

function batchOf(...items: ConsensusItem[]): Uint8Array<ArrayBuffer> {
  return encode(list(consensusItem), items);
}

/** Voted by guardian 1. */
export function itemsOf(...numbers: bigint[]): AcceptedItem[] {
  return numbers.map((number) => ({ item: vote(number), peer: 1 }));
}

/** A unit of guardian 1 with these votes. */
export function unitOf(round: number, ...numbers: bigint[]): OrderedUnit {
  return { round, creator: 1, data: { kind: "batch", bytes: batchOf(...numbers.map(vote)) } };
}

/** By guardians 1 to 3. */
export function signed(items: AcceptedItem[], session = SESSION): SignedSessionOutcome {
  const header = sessionHeader(session, { items });
  const signatures = new Map([1, 2, 3].map((peer) => [peer, keychains[peer]!.sign(header)]));
  return { sessionOutcome: { items }, signatures };
}

/** As if a peer had told it, and its signatures had been checked. */
export function fetched({ sessionOutcome: { items }, signatures }: SignedSessionOutcome): FetchedOutcome {
  const tree = treeOf(items);
  return {
    root: tree.root(),
    told: items.length,
    shortest: tree.shortest(),
    isDoubtful: false,
    signatures,
    items: async function* (count) {
      for (let at = 0; at < count; at += 2) yield items.slice(at, Math.min(at + 2, count));
    },
  };
}

/** How a session ended: what was given to `sessions`. */
export type Completion = {
  readonly sealed: { readonly items: number; readonly root: Bytes };
  readonly signatures: ReadonlyMap<PeerId, Bytes>;
};

export function sealedWith(items: readonly AcceptedItem[]): Completion["sealed"] {
  return { items: items.length, root: treeOf(items).root() };
}

/** One session of guardian 0. `completed` and `disagreed`: what it gave to `sessions`. */
export async function withSession(
  body: (test: ConsensusTest, completed: readonly Completion[], disagreed: readonly Disagreement[]) => Promise<void>,
): Promise<void> {
  const completed: Completion[] = [], disagreed: Disagreement[] = [];
  const sessions = defineActor<Extract<SessionsMessage, { type: "completed" | "disagreed" }>, null, null>({
    name: "sessions",
    init: () => null,
    handle: {
      completed: (state, { sealed, signatures }) => {
        completed.push({ sealed, signatures });
        return next(state);
      },
      disagreed: (state, found) => {
        disagreed.push(found);
        return next(state);
      },
    },
  });
  await withConsensus(VOTES, voteCodecs, (test) => body(test, completed, disagreed), (modules, wasted) => {
    const { engine, mempool } = refs;
    const common = { session: SESSION, settings: SETTINGS, keychain: keychains[0]!, modules, engine, mempool, wasted };
    return [
      child(sessions, { args: null }),
      child(outcome, { restart: "temporary", args: { ...common, sessions: refTo<SessionsMessage>("root/sessions") } }),
    ];
  });
}
