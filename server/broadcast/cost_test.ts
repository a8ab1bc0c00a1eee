/** What a guardian's messages may cost, before anything of them is decoded. */
import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { encode, u64 } from "../../core/encoding/mod.ts";
import { admit } from "./broadcast.ts";
import { Budget } from "./requests/budget.ts";
import { batchCostUs, messageBytesMax, messageCostUs } from "./cost.ts";
import type { Keychain } from "./keychain.ts";
import {
  ALERT_BYTES_MAX,
  BATCH_BYTES_MAX,
  PEERS_MAX,
  USELESS_WORK_US,
  WORK_US_BURST,
  WORK_US_BURST_MIN,
} from "./limits.ts";
import { WORK_US_PER_SECOND } from "./limits.ts";
import { alertHash, encodeMessage } from "./messages.ts";
import { Alone } from "./testing/alone.ts";
import { batchOf, fastKeychains, makeUnit } from "./testing/network.ts";
import type { SignedUnit, UnitData } from "./graph/unit.ts";

const PEERS = 4;
const keychains = fastKeychains(PEERS);

/** Guardian 0, and how many signatures it has checked. */
function counting() {
  let checks = 0;
  const keychain: Keychain = {
    ...keychains[0]!,
    verify: (...args) => {
      checks++;
      return keychains[0]!.verify(...args);
    },
  };
  const guardian = new Alone({ keychain }), { state } = guardian;
  /** Handles it if it is admitted. @returns how long to wait */
  const say = (nowMs: number, from: number, bytes: Bytes): number => {
    guardian.nowMs = nowMs;
    const waitMs = admit(state, nowMs, from, bytes);
    if (waitMs === 0) guardian.receiveBytes(from, bytes);
    return waitMs;
  };
  return { state, say, checks: () => checks };
}

function unitMessage(unit: SignedUnit): Bytes {
  return encodeMessage({ tag: "units", value: { tag: "newUnit", value: unit } });
}

/** Ever other units whose signatures are bad. */
function forged(number: number): Bytes {
  const unit = makeUnit({
    keychains: [3, 3, 3, 3].map((i) => keychains[i]!),
    round: 0,
    creator: 1,
    data: batchOf(`${number}`),
  });
  return unitMessage(unit);
}

Deno.test("a guardian that sends bad signatures is checked at a bounded rate, and waits instead of being dropped", () => {
  const { say, checks } = counting();
  let handled = 0;
  for (let nowMs = 0; nowMs < 60_000;) {
    const waitMs = say(nowMs, 3, forged(handled));
    if (waitMs === 0) handled++;
    else nowMs += waitMs;
  }
  const share = WORK_US_PER_SECOND / (PEERS - 1);
  const most = (WORK_US_BURST / (PEERS - 1) + 60 * share) / USELESS_WORK_US;
  assertEquals(checks(), handled);
  assert(handled > most / 2 && handled < most, `${handled} messages in a minute`);
});

Deno.test("an honest guardian's units are handled at once whatever another has spent, also when units are full", () => {
  const { state, say } = counting();
  let number = 0;
  let nowMs = 0;
  while (say(nowMs, 3, forged(number++)) === 0);
  let parents: SignedUnit[] = [];
  for (let round = 0; round < 200; round++) {
    const data = { kind: "batch", bytes: new Uint8Array(BATCH_BYTES_MAX) } as const;
    const units = [0, 1, 2].map((creator) => makeUnit({ keychains, round, creator, parents, data }));
    // its own, and those of two others that it is asked for, 20 rounds a second
    for (const unit of units) assertEquals(say(nowMs, 1, unitMessage(unit)), 0);
    say(nowMs, 3, forged(number++));
    parents = units;
    nowMs += 50;
  }
  assertEquals(state.store.newest(1)!.unit.round, 199);
});

/** As many items as it says, so far as they fit. */
function batchSaying(count: number, bytes: number): Extract<UnitData, { kind: "batch" }> {
  const batch = new Uint8Array(bytes);
  batch.set(encode(u64, BigInt(count)));
  return { kind: "batch", bytes: batch };
}

Deno.test("units full of tiny items are taken from their creator at the rate at which they can be processed", () => {
  const { say } = counting();
  const creator = 3, minute = 60_000;
  let parents: SignedUnit[] = [], nowMs = 0, taken = 0;
  while (nowMs < minute) {
    const units = [0, 1, 2, 3].map((by) =>
      makeUnit({ keychains, round: taken, creator: by, parents, data: batchSaying(by === creator ? 3_000 : 3, 50_000) })
    );
    for (const unit of units.slice(0, 3)) say(nowMs, 2, unitMessage(unit));
    for (let waitMs = say(nowMs, creator, unitMessage(units[creator]!)); waitMs > 0;) {
      nowMs += waitMs;
      waitMs = say(nowMs, creator, unitMessage(units[creator]!));
    }
    taken++;
    parents = units;
  }
  const share = WORK_US_PER_SECOND / (PEERS - 1), cost = batchCostUs(batchSaying(3_000, 50_000).bytes);
  // the last one is on credit
  const most = (WORK_US_BURST / (PEERS - 1) + 60 * share) / cost + 2;
  assert(taken > most / 2 && taken <= most, `${taken} units in a minute`);
});

Deno.test("who hands on another's unit of tiny items pays nothing for them, and nobody more than its bytes can hold", () => {
  const { say } = counting();
  const unit = makeUnit({ keychains, round: 0, creator: 3, data: batchSaying(2 ** 50, 50_000) });
  assertEquals(say(0, 1, unitMessage(unit)), 0);
  assertEquals(say(0, 1, unitMessage(makeUnit({ keychains, round: 0, creator: 2 }))), 0);
  assertEquals(batchCostUs(batchSaying(2 ** 50, 50_000).bytes), batchCostUs(batchSaying(25_000, 50_000).bytes));
  assertEquals(batchCostUs(Uint8Array.of(0xfd)), 0, "what is malformed is not processed");
});

Deno.test("who catches up gets a whole session's units without being dropped: the rest waits", () => {
  const { state, say } = counting();
  let nowMs = 0;
  let parents: SignedUnit[] = [];
  let waits = 0;
  for (let round = 0; round < 300; round++) {
    const units = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round, creator, parents }));
    for (const unit of units.slice(1)) {
      for (let waitMs = say(nowMs, 2, unitMessage(unit)); waitMs > 0; waitMs = say(nowMs, 2, unitMessage(unit))) {
        nowMs += waitMs;
        waits++;
      }
    }
    // ours come back, too, as after a lost disk
    say(nowMs, 1, unitMessage(units[0]!));
    parents = units;
  }
  assertEquals(state.store.newest(2)!.unit.round, 299);
  assertEquals(waits, 0);
});

Deno.test("a message that is longer than its kind can be costs a copy, and is not decoded", () => {
  const { state, say } = counting();
  for (const head of [[0, 0], [0, 1], [0, 2], [0, 3], [0, 4], [0, 5], [0, 6], [1, 1], [1, 2], [9, 9], []]) {
    const bytes = new Uint8Array(9_000_000);
    bytes.set(head);
    assert(bytes.length > messageBytesMax(bytes, PEERS));
    assert(messageCostUs(bytes, PEERS) < 10_000);
    // reading its length would go far beyond the end
    Object.defineProperty(bytes, "slice", { value: () => assert(false, "it is not decoded") });
    assertEquals(say(0, 3, bytes), 0);
  }
  assertEquals(state.store.size, 0);
});

Deno.test("the longest honest messages of each kind are not too long, in any federation", () => {
  for (const peers of [4, 19, 100]) {
    const many = fastKeychains(peers);
    const data = { kind: "batch", bytes: new Uint8Array(BATCH_BYTES_MAX) } as const;
    const parents = Array.from(
      { length: peers },
      (_, creator) => makeUnit({ keychains: many, round: 0, creator, data }),
    );
    const unit = makeUnit({ keychains: many, round: 1, creator: 1, parents, data });
    const [hash, signature] = [new Uint8Array(32), new Uint8Array(64)];
    const index = 2 ** 40;
    const response = { requester: index, responder: index, unit, salt: 2n ** 64n - 1n };
    const signatures = parents.map(() => signature);
    const messages = [
      encodeMessage({ tag: "units", value: { tag: "newUnit", value: unit } }),
      encodeMessage({ tag: "units", value: { tag: "responseCoord", value: unit } }),
      encodeMessage({
        tag: "units",
        value: { tag: "requestCoord", value: { asker: index, coord: { round: 65_535, creator: index } } },
      }),
      encodeMessage({ tag: "units", value: { tag: "requestParents", value: { asker: index, hash } } }),
      encodeMessage({ tag: "units", value: { tag: "responseParents", value: { hash, parents } } }),
      encodeMessage({ tag: "units", value: { tag: "requestNewest", value: { asker: index, salt: 2n ** 64n - 1n } } }),
      encodeMessage({ tag: "units", value: { tag: "responseNewest", value: { response, signature } } }),
      encodeMessage({ tag: "alert", value: { tag: "requestAlert", value: { asker: index, hash } } }),
      encodeMessage({
        tag: "alert",
        value: {
          tag: "multicast",
          value: { sender: index, message: { tag: "signedHash", value: { hash, index, signature } } },
        },
      }),
      encodeMessage({
        tag: "alert",
        value: {
          tag: "multicast",
          value: { sender: index, message: { tag: "multisignedHash", value: { hash, signatures } } },
        },
      }),
    ];
    for (const bytes of messages) {
      assert(bytes.length <= messageBytesMax(bytes, peers), `kind ${bytes[0]}.${bytes[1]} of ${peers} guardians`);
    }
  }
});

Deno.test("an alert's units are charged by their bytes, and the longest fits into any federation's share", () => {
  const units = ["a", "b"].map((text) => makeUnit({ keychains, round: 0, creator: 3, data: batchOf(text) }));
  const alert = { sender: 1, proof: { first: units[0]!, second: units[1]! }, legitUnits: [] };
  const signature = keychains[1]!.sign(alertHash(alert));
  const short = encodeMessage({ tag: "alert", value: { tag: "forkAlert", value: { alert, signature } } });
  const long = new Uint8Array(ALERT_BYTES_MAX);
  long.set(short);
  assert(messageCostUs(long, PEERS) > 100 * messageCostUs(short, PEERS));
  for (const peers of [4, 19, PEERS_MAX]) {
    assert(messageCostUs(long, peers) <= WORK_US_BURST_MIN);
    assertEquals(new Budget(peers).admit(1, messageCostUs(long, peers)), 0);
  }
});

Deno.test("what costs more than a whole share waits for a full one, and is charged", () => {
  const budget = new Budget(PEERS);
  budget.tick(0);
  assertEquals(budget.admit(1, 10 * WORK_US_BURST), 0);
  assert(budget.admit(1, 1) > 10_000);
  assertEquals(budget.admit(2, 1), 0);
});
