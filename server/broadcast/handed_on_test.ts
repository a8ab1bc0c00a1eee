/**
 * What it costs to hand on an evil guardian's units: an accomplice, and never an honest guardian, stands in for them.
 */
import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { encode, u64 } from "../../core/encoding/mod.ts";
import { admit, charge, step } from "./broadcast.ts";
import { batchCostUs } from "./cost.ts";
import { fedimintDelays } from "./delays.ts";
import type { SignedUnit, UnitData } from "./graph/unit.ts";
import { HANDED_ON_US_BURST, HANDED_ON_US_PER_SECOND, WORK_US_BURST, WORK_US_PER_SECOND } from "./limits.ts";
import { encodeMessage } from "./messages.ts";
import { createBroadcast } from "./state.ts";
import { fastKeychains, makeUnit, seedOf } from "./testing/network.ts";

const PEERS = 7, OTHERS = PEERS - 1, MINUTE_MS = 60_000;
const EVIL = 6, ACCOMPLICE = 5, HONEST = [1, 2, 3, 4];
const keychains = fastKeychains(PEERS);
const FULL = batchSaying(25_000, 50_000), USUAL = batchSaying(10, 200);
const FULL_US = batchCostUs(FULL.bytes);
/** A guardian's own share, and what it may do at once. */
const SHARE = { perSecond: WORK_US_PER_SECOND / OTHERS, burst: WORK_US_BURST / OTHERS };

/** As many items as it says, so far as they fit. */
function batchSaying(count: number, bytes: number): Extract<UnitData, { kind: "batch" }> {
  const batch = new Uint8Array(bytes);
  batch.set(encode(u64, BigInt(count)));
  return { kind: "batch", bytes: batch };
}

/** Guardian 0 of seven. */
function guardian() {
  const state = createBroadcast({
    session: 7n,
    peers: PEERS,
    keychain: keychains[0]!,
    roundMax: 100_000,
    delays: {
      ...fedimintDelays({ roundDelayMs: 50, roundsPerSession: 100, testEnvironment: false }),
      creationMs: () => Number.MAX_SAFE_INTEGER,
    },
    seed: seedOf(1),
    askNewest: false,
    inDoubt: false,
  });
  step(state, { type: "start", nowMs: 0, backup: [] });
  let parents: SignedUnit[] = [];
  return {
    /** A round's units, by creator. */
    round: (round: number, data: (creator: number) => UnitData | null): SignedUnit[] => {
      parents = Array.from(
        { length: PEERS },
        (_, creator) => makeUnit({ keychains, round, creator, parents, data: data(creator) }),
      );
      return parents;
    },
    say: (nowMs: number, from: number, bytes: Bytes): number => {
      const waitMs = admit(state, nowMs, from, bytes);
      if (waitMs === 0) step(state, { type: "received", nowMs, from, bytes });
      return waitMs;
    },
    charge: (nowMs: number, creator: number, us: number) => charge(state, nowMs, creator, us),
    has: (unit: SignedUnit) => state.store.byKey(unit.key) !== undefined,
  };
}

function newUnit(value: SignedUnit): Bytes {
  return encodeMessage({ tag: "units", value: { tag: "newUnit", value } });
}

/** Rounds that guardian 0 takes in a minute, as fast as it takes them from each. */
function roundsTaken(send: (units: readonly SignedUnit[], say: (from: number, bytes: Bytes) => void) => void, {
  evil = FULL,
  wastedUs = 0,
} = {}): number {
  const { say, round, charge, has } = guardian();
  let nowMs = 0, rounds = 0, last: readonly SignedUnit[] = [];
  for (; nowMs < MINUTE_MS; rounds++) {
    const units = round(rounds, (creator) => creator === EVIL ? evil : USUAL);
    send(units, (from, bytes) => {
      for (let waitMs = say(nowMs, from, bytes); waitMs > 0; waitMs = say(nowMs, from, bytes)) nowMs += waitMs;
    });
    if (rounds > 0) assert(has(last[EVIL]!), "the evil guardian's units are taken");
    last = units;
    // told when the unit was ordered and processed
    if (wastedUs > 0) charge(nowMs, EVIL, wastedUs);
  }
  return rounds;
}

/** In an accomplice's minute: what may be handed on, and what it has itself. The last unit is on credit. */
function mostBy(costUs: number): number {
  const handedOn = HANDED_ON_US_BURST + 60 * HANDED_ON_US_PER_SECOND, own = SHARE.burst + 60 * SHARE.perSecond;
  return (handedOn + own) / costUs + 2;
}

Deno.test("full units of an evil guardian that an accomplice hands on are taken at the rate at which they can be processed", () => {
  const taken = roundsTaken((units, say) => {
    for (const unit of units) if (unit.creator !== EVIL) say(unit.creator, newUnit(unit));
    say(ACCOMPLICE, newUnit(units[EVIL]!));
  });
  assert(taken > mostBy(FULL_US) / 3 && taken <= mostBy(FULL_US), `${taken} units in a minute`);
});

Deno.test("so are those that come as parents of the accomplice's next unit, asked for or not", () => {
  let before: readonly SignedUnit[] = [];
  const taken = roundsTaken((units, say) => {
    if (before.length > 0) {
      say(ACCOMPLICE, newUnit(units[ACCOMPLICE]!));
      const value = { hash: units[ACCOMPLICE]!.hash, parents: before };
      say(ACCOMPLICE, encodeMessage({ tag: "units", value: { tag: "responseParents", value } }));
    }
    for (const unit of units) if (unit.creator !== EVIL) say(unit.creator, newUnit(unit));
    before = units;
  });
  assert(taken > mostBy(FULL_US) / 3 && taken <= mostBy(FULL_US) + 1, `${taken} units in a minute`);
});

Deno.test("an accomplice pays for work that the units which it hands on have wasted", () => {
  const wastedUs = 2_000_000;
  const taken = roundsTaken((units, say) => {
    for (const unit of units) if (unit.creator !== EVIL) say(unit.creator, newUnit(unit));
    say(ACCOMPLICE, newUnit(units[EVIL]!));
  }, { evil: USUAL, wastedUs });
  assert(taken > mostBy(wastedUs) / 3 && taken <= mostBy(wastedUs), `${taken} units in a minute`);
});

Deno.test("honest guardians hand on an evil one's units that they have taken, and pay nothing", () => {
  const { say, round } = guardian();
  const tokens = new Map(HONEST.map((peer) => [peer, SHARE.burst]));
  let nowMs = 0;
  // the evil guardian sends each unit to one of them alone, which takes it while it has a share of work left for it
  for (let rounds = 0; nowMs < MINUTE_MS / 3; rounds++, nowMs += 50) {
    for (const peer of HONEST) {
      tokens.set(peer, Math.min(SHARE.burst, tokens.get(peer)! + SHARE.perSecond / 20));
    }
    const by = HONEST.find((peer) => tokens.get(peer)! > 0) ?? null;
    const units = round(rounds, (creator) => creator === EVIL ? by === null ? null : FULL : USUAL);
    if (by !== null) tokens.set(by, tokens.get(by)! - FULL_US);
    for (const unit of units) {
      const from = unit.creator === EVIL ? by ?? HONEST[0]! : unit.creator;
      assertEquals(say(nowMs, from, newUnit(unit)), 0, `${from} waits`);
    }
  }
});

Deno.test("to a guardian that was away a session's units come as fast as if there was nothing in them", () => {
  const ROUNDS = 300;
  const waited = [0, 60].map((items) => {
    const { say, round } = guardian(), data = batchSaying(items, 200);
    let nowMs = 0;
    for (let rounds = 0; rounds < ROUNDS; rounds++) {
      for (const unit of round(rounds, () => data)) {
        const others = HONEST.filter((peer) => peer !== unit.creator);
        while (say(nowMs, others[rounds % others.length]!, newUnit(unit)) > 0) nowMs++;
      }
    }
    return nowMs;
  });
  assertEquals(waited[1], waited[0]);
});
