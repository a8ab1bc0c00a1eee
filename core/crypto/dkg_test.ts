import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvariantError } from "../assert.ts";
import type { Bytes } from "../bytes.ts";
import { equalBytes, toHex } from "../bytes.ts";
import { numPeers } from "../types/num_peers.ts";
import type { G1, G2, Group } from "./bls/mod.ts";
import { bls, lagrangeFactors, scalarFromBigInt } from "./bls/mod.ts";
import { fromLittleEndian } from "./bls/scalar.ts";
import type { DkgEffect, DkgMessage, DkgResult, DkgState } from "./dkg.ts";
import { dkgStep, startDkg } from "./dkg.ts";
import { commitmentHash, evaluatePoints, shareFits } from "./polynomial.ts";
import { seededBytes } from "./testing/mod.ts";

type Outcome<P> = { readonly done: DkgResult<P> } | { readonly abort: string; readonly peer: number };
type Sent = { readonly from: number; readonly to: number; readonly message: DkgMessage };

/**
 * A ceremony of `total` machines joined by one queue a pair. `pick` chooses which guardian moves next among those that
 * can (any network is some such schedule); `tamper` may change what is sent.
 */
function ceremony<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  total: number,
  random: (size: number) => Bytes,
  pick: (choices: number) => number,
  tamper: (sent: Sent) => DkgMessage = ({ message }) => message,
): { outcomes: (Outcome<P> | undefined)[]; sent: Sent[]; maxQueued: number } {
  const ids = Array.from({ length: total }, (_, id) => id);
  const queues = ids.map(() => ids.map((): DkgMessage[] => []));
  const states: DkgState<P, R>[] = [], outcomes: (Outcome<P> | undefined)[] = ids.map(() => undefined);
  const sent: Sent[] = [];
  let maxQueued = 0;
  const perform = (from: number, effects: readonly DkgEffect<P>[]): void => {
    for (const effect of effects) {
      if (effect.type === "done") outcomes[from] = { done: effect.key };
      if (effect.type === "abort") outcomes[from] = { abort: effect.reason, peer: effect.peer };
      if (effect.type !== "broadcast" && effect.type !== "send") continue;
      for (const to of effect.type === "send" ? [effect.peer] : ids.filter((id) => id !== from)) {
        const message = tamper({ from, to, message: effect.message });
        sent.push({ from, to, message });
        maxQueued = Math.max(maxQueued, queues[to]![from]!.push(message));
      }
    }
  };
  for (const identity of ids) {
    const { state, effects } = startDkg({ group, peers: numPeers(total), identity, randomBytes: random });
    states.push(state);
    perform(identity, effects);
  }
  for (;;) {
    const ready = ids.filter((id) => states[id]!.reading !== null && queues[id]![states[id]!.reading!]!.length > 0);
    if (ready.length === 0) return { outcomes, sent, maxQueued };
    const id = ready[pick(ready.length)]!, state = states[id]!, peer = state.reading!;
    const step = dkgStep(state, { peer, message: queues[id]![peer]!.shift()! });
    states[id] = step.state;
    perform(id, step.effects);
  }
}

/** Uniform choices from seeded bytes. */
function chooser(random: (size: number) => Bytes): (choices: number) => number {
  return (choices) => new DataView(random(4).buffer).getUint32(0) % choices;
}

function keyOf<P>(outcome: Outcome<P> | undefined): DkgResult<P> {
  assert(outcome && "done" in outcome, `every guardian finishes, not ${JSON.stringify(outcome)}`);
  return outcome.done;
}

function checkKeys<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  total: number,
  outcomes: readonly (Outcome<P> | undefined)[],
): void {
  const keys = outcomes.map(keyOf), { threshold } = numPeers(total);
  for (const [peer, key] of keys.entries()) {
    assertEquals(key.polynomial.map(toHex), keys[0]!.polynomial.map(toHex));
    assertEquals(key.polynomial.length, threshold);
    assert(shareFits(group, key.polynomial, key.share, peer), "own share fits the public polynomial");
  }
  // any threshold of shares is the key; one less is not
  for (const count of [threshold, threshold - 1]) {
    const peers = keys.map((_, peer) => peer).slice(total - count);
    const secret = lagrangeFactors(peers).reduce(
      (sum, factor, i) => sum + fromLittleEndian(factor) * fromLittleEndian(keys[peers[i]!]!.share),
      0n,
    );
    const publicKey = group.multiply(group.generator, scalarFromBigInt(secret));
    assertEquals(equalBytes(publicKey, keys[0]!.polynomial[0]!), count === threshold);
  }
}

Deno.test("every schedule of the network gives all guardians one key and shares that make it", () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(4, 7), fc.constantFrom("G1", "G2"), (seed, total, name) => {
      const random = seededBytes(seed), pick = chooser(seededBytes(seed + 1));
      if (name === "G1") checkKeys(bls.g1, total, ceremony(bls.g1, total, random, pick).outcomes);
      else checkKeys(bls.g2, total, ceremony(bls.g2, total, random, pick).outcomes);
    }),
    { numRuns: 16 },
  );
});

Deno.test("each guardian sends every other a hash, a commitment and a share, in this order, and nothing else", () => {
  const { sent, maxQueued } = ceremony(bls.g1, 4, seededBytes(1), chooser(seededBytes(2)));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      const tags = sent.filter((message) => message.from === from && message.to === to).map(({ message }) =>
        message.tag
      );
      assertEquals(tags, from === to ? [] : ["Hash", "Commitment", "Share"]);
    }
  }
  assert(maxQueued <= 2, "nobody is more than two messages ahead of a reader");
});

Deno.test("shares differ between receivers, and a commitment is only sent once all hashes are known", () => {
  const { sent } = ceremony(bls.g1, 4, seededBytes(3), () => 0);
  const shares = sent.filter(({ from, message }) => from === 0 && message.tag === "Share");
  assertEquals(new Set(shares.map(({ message }) => toHex(message.value as Bytes))).size, 3);
  const firstCommitment = sent.findIndex(({ message }) => message.tag === "Commitment");
  assertEquals(sent.slice(0, firstCommitment).filter(({ message }) => message.tag === "Hash").length, 12);
});

Deno.test("a guardian alone deals its key to itself", () => {
  const { state, effects } = startDkg({ group: bls.g2, peers: numPeers(1), identity: 0, randomBytes: seededBytes(4) });
  assertEquals(effects.map(({ type }) => type), ["done"]);
  assertEquals(state.reading, null);
  const [done] = effects;
  assert(done?.type === "done", "it is done at once");
  assertEquals(evaluatePoints(bls.g2, done.key.polynomial, 0), bls.g2.multiply(bls.g2.generator, done.key.share));
});

/** What guardian 2 sends to guardian 0 instead, and how guardian 0 must end. */
const MISDEEDS: { name: string; reason: string; change: (message: DkgMessage) => DkgMessage }[] = [
  {
    name: "a commitment that isn't the one of the hash",
    reason: "commitment_of_another_hash",
    change: (message) =>
      message.tag === "Commitment"
        ? { tag: "Commitment", value: [bls.g1.generator, ...message.value.slice(1)] }
        : message,
  },
  {
    name: "a share that doesn't fit",
    reason: "share_does_not_fit",
    change: (message) => message.tag === "Share" ? { tag: "Share", value: scalarFromBigInt(1n) } : message,
  },
  {
    name: "a share that is no scalar",
    reason: "malformed",
    change: (message) => message.tag === "Share" ? { tag: "Share", value: new Uint8Array(32).fill(255) } : message,
  },
  {
    name: "a commitment of bytes that are no point",
    reason: "malformed",
    change: (message) =>
      message.tag === "Commitment"
        ? { tag: "Commitment", value: message.value.map(() => new Uint8Array(48)) }
        : message,
  },
  {
    name: "a second hash",
    reason: "second_message_of_a_kind",
    change: (message) => message.tag === "Commitment" ? { tag: "Hash", value: "00".repeat(32) } : message,
  },
  {
    name: "a commitment before its hash",
    reason: "commitment_without_hash",
    change: (message) => message.tag === "Hash" ? { tag: "Commitment", value: [bls.g1.generator] } : message,
  },
  {
    name: "a share before its commitment",
    reason: "share_without_commitment",
    change: (message) => message.tag === "Commitment" ? { tag: "Share", value: scalarFromBigInt(1n) } : message,
  },
];

for (const { name, reason, change } of MISDEEDS) {
  Deno.test(`a guardian that sends ${name} is named and ends the ceremony`, () => {
    const { outcomes } = ceremony(
      bls.g1,
      4,
      seededBytes(5),
      chooser(seededBytes(6)),
      ({ from, to, message }) => from === 2 && to === 0 ? change(message) : message,
    );
    assertEquals(outcomes[0], { abort: reason, peer: 2 });
  });
}

Deno.test("a commitment of another degree is refused although its hash is right", () => {
  for (const points of [[], [bls.g1.generator], Array.from({ length: 4 }, () => bls.g1.generator)]) {
    const { outcomes } = ceremony(bls.g1, 4, seededBytes(7), () => 0, ({ from, to, message }) => {
      if (from !== 2 || to !== 0) return message;
      if (message.tag === "Hash") return { tag: "Hash", value: toHex(commitmentHash(points)) };
      return message.tag === "Commitment" ? { tag: "Commitment", value: points } : message;
    });
    assertEquals(outcomes[0], { abort: "commitment_of_wrong_degree", peer: 2 });
  }
});

Deno.test("a repeated commitment, and a repeated share, end the ceremony", () => {
  const repeated: { [tag: string]: DkgMessage | undefined } = {};
  for (const [tag, late] of [["Commitment", "Share"]] as const) {
    const { outcomes } = ceremony(bls.g1, 4, seededBytes(8), () => 0, ({ from, to, message }) => {
      if (from !== 2 || to !== 0) return message;
      if (message.tag === tag) repeated[tag] = message;
      return message.tag === late ? repeated[tag]! : message;
    });
    assertEquals(outcomes[0], { abort: "second_message_of_a_kind", peer: 2 });
  }
  // a share again: handed to a machine that waits for nobody else any more is a bug of the caller
  const { state, effects } = startDkg({ group: bls.g1, peers: numPeers(1), identity: 0, randomBytes: seededBytes(9) });
  assertEquals(effects.length, 1);
  const share: DkgMessage = { tag: "Share", value: scalarFromBigInt(1n) };
  assertThrows(() => dkgStep(state, { peer: 0, message: share }), InvariantError);
});

Deno.test("a message of a peer that wasn't asked for is a bug of the caller", () => {
  const { state } = startDkg({ group: bls.g1, peers: numPeers(4), identity: 1, randomBytes: seededBytes(10) });
  assertEquals(state.reading, 0);
  const message: DkgMessage = { tag: "Hash", value: "00".repeat(32) };
  assertThrows(() => dkgStep(state, { peer: 2, message }), InvariantError);
  assertThrows(
    () => startDkg({ group: bls.g1, peers: numPeers(4), identity: 4, randomBytes: seededBytes(10) }),
    InvariantError,
  );
});
