/** What its units cost a guardian beside their messages, in whatever message it sends them. */
import { assert } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { encode, u64 } from "../../core/encoding/mod.ts";
import { admit, step } from "./broadcast.ts";
import { batchCostUs } from "./cost.ts";
import { fedimintDelays } from "./delays.ts";
import type { SignedUnit } from "./graph/unit.ts";
import { WORK_US_BURST, WORK_US_PER_SECOND } from "./limits.ts";
import { encodeMessage } from "./messages.ts";
import { createBroadcast } from "./state.ts";
import { fastKeychains, makeUnit, seedOf } from "./testing/network.ts";

const PEERS = 4, OTHERS = PEERS - 1, SECONDS = 60;
const HONEST = [0, 1, 2], EVIL = 3;
const keychains = fastKeychains(PEERS);
const full = new Uint8Array(50_000);
full.set(encode(u64, 25_000n));

/** Each round's units. */
function* rounds(): Generator<readonly SignedUnit[], never> {
  let parents: SignedUnit[] = [];
  for (let round = 0;; round++) {
    parents = [...HONEST, EVIL].map((creator) => {
      const data = creator === EVIL ? { kind: "batch", bytes: full } as const : null;
      return makeUnit({ keychains, round, creator, parents, data });
    });
    yield parents;
  }
}

function newUnit(value: SignedUnit): Bytes {
  return encodeMessage({ tag: "units", value: { tag: "newUnit", value } });
}

Deno.test("a guardian's full units are taken at the rate at which they can be processed, also as parents that nobody asked for", () => {
  const state = createBroadcast({
    session: 7n,
    peers: PEERS,
    keychain: keychains[0]!,
    roundMax: 10_000,
    delays: {
      ...fedimintDelays({ roundDelayMs: 50, roundsPerSession: 100, testEnvironment: false }),
      creationMs: () => Number.MAX_SAFE_INTEGER,
    },
    seed: seedOf(1),
    askNewest: false,
    inDoubt: false,
  });
  step(state, { type: "start", nowMs: 0, backup: [] });
  let nowMs = 0;
  const say = (from: number, bytes: Bytes): void => {
    for (let waitMs = 1; waitMs > 0; nowMs += waitMs) waitMs = admit(state, nowMs, from, bytes);
    step(state, { type: "received", nowMs, from, bytes });
  };
  let taken = 0, before: readonly SignedUnit[] | null = null;
  for (const units of rounds()) {
    for (const honest of HONEST) say(1, newUnit(units[honest]!));
    if (before) {
      const value = { hash: units[1]!.hash, parents: before };
      say(EVIL, encodeMessage({ tag: "units", value: { tag: "responseParents", value } }));
      assert(state.store.byKey(before[EVIL]!.key), "it is taken");
      taken++;
    }
    before = units;
    if (nowMs > SECONDS * 1_000) break;
    nowMs += 50;
  }
  const share = { burst: WORK_US_BURST / OTHERS, perSecond: WORK_US_PER_SECOND / OTHERS };
  // the last one is on credit
  const most = (share.burst + SECONDS * share.perSecond) / batchCostUs(full) + 2;
  assert(taken >= 1 && taken <= most, `${taken} units in a minute`);
});
