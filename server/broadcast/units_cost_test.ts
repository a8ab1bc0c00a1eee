/** What its units cost a guardian beside their messages, in whatever message it sends them. */
import { assert } from "@std/assert";
import { encode, u64 } from "../../core/encoding/mod.ts";
import { admit } from "./broadcast.ts";
import { batchCostUs } from "./cost.ts";
import type { SignedUnit } from "./graph/unit.ts";
import { WORK_US_BURST, WORK_US_PER_SECOND } from "./limits.ts";
import type { NetworkData } from "./messages.ts";
import { encodeMessage } from "./messages.ts";
import { Alone } from "./testing/alone.ts";
import { fastKeychains, makeUnit } from "./testing/network.ts";

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

Deno.test("a guardian's full units are taken at the rate at which they can be processed, also as parents that nobody asked for", () => {
  const guardian = new Alone(), { state } = guardian;
  const say = (from: number, message: NetworkData): void => {
    const bytes = encodeMessage(message);
    for (let waitMs = 1; waitMs > 0; guardian.nowMs += waitMs) waitMs = admit(state, guardian.nowMs, from, bytes);
    guardian.receiveBytes(from, bytes);
  };
  let taken = 0, before: readonly SignedUnit[] | null = null;
  for (const units of rounds()) {
    for (const honest of HONEST) {
      say(1, { tag: "units", value: { tag: "newUnit", value: units[honest]! } });
    }
    if (before) {
      const value = { hash: units[1]!.hash, parents: before };
      say(EVIL, { tag: "units", value: { tag: "responseParents", value } });
      assert(state.store.byKey(before[EVIL]!.key), "it is taken");
      taken++;
    }
    before = units;
    if (guardian.nowMs > SECONDS * 1_000) break;
    guardian.nowMs += 50;
  }
  const share = { burst: WORK_US_BURST / OTHERS, perSecond: WORK_US_PER_SECOND / OTHERS };
  // the last one is on credit
  const most = (share.burst + SECONDS * share.perSecond) / batchCostUs(full) + 2;
  assert(taken >= 1 && taken <= most, `${taken} units in a minute`);
});
