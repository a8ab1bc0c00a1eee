/** The shell of a session's broadcast: what leaves it, when, and again after a crash. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { TestSystem } from "../../../actors/testing/platform.ts";
import { withSystem } from "../../../actors/testing/platform.ts";
import { defineActor, next, reply } from "../../../actors/actor.ts";
import { child, refTo } from "../../../actors/mod.ts";
import type { Store } from "../../../actors/store/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../../actors/store/mod.ts";
import { ManualClock } from "../../../actors/store/testing/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import { encode } from "../../../core/encoding/mod.ts";
import { err } from "../../../core/result.ts";
import type { PeerMessage, RouterMessage } from "../../peers/router.ts";
import { newBoard } from "./board.ts";
import type { NetworkData } from "../../broadcast/messages.ts";
import { decodeMessage, encodeMessage, newestUnitResponse } from "../../broadcast/messages.ts";
import { makeUnit } from "../../broadcast/testing/network.ts";
import type { BroadcastMessage, OwnUnitsMemory } from "./broadcast.ts";
import { broadcastChild } from "./broadcast.ts";
import { WORK_US_BURST } from "../../broadcast/limits.ts";
import { WastedWork } from "../wasted_work.ts";
import type { MempoolMessage } from "../waiting/mempool.ts";
import { mempool } from "../waiting/mempool.ts";
import type { OutcomeMessage } from "./outcome.ts";
import { keychains, SETTINGS } from "../testing/outcome.ts";
import { vote } from "../testing/processing.ts";

const WRITE_MS = 20, OWN = 0;
const refs = {
  mempool: refTo<MempoolMessage>("root/mempool"),
  outcome: refTo<OutcomeMessage>("root/outcome"),
  router: refTo<RouterMessage>("root/router"),
  broadcast: refTo<BroadcastMessage>("root/broadcast"),
};

type Test = TestSystem & {
  /** Units of ours that were sent, in hex without what stands before them, by round. */
  readonly units: readonly (readonly [round: number, unit: string])[];
  readonly subscribers: readonly string[];
  /** Messages that were handled. */
  readonly taken: readonly number[];
  readonly sent: readonly NetworkData[];
  readonly copiesFound: () => number;
};

/** One life over a disk whose clock is apart. */
async function life(
  store: Store,
  body: (test: Test) => Promise<void>,
  options: { readonly session?: number; readonly ownUnits?: OwnUnitsMemory; readonly wasted?: WastedWork } = {},
): Promise<void> {
  const sent: NetworkData[] = [];
  let copiesFound = 0;
  const units: [number, string][] = [], subscribers: string[] = [], taken: number[] = [];
  const router = defineActor<Extract<RouterMessage, { type: "subscribe" | "send" | "taken" }>, null, null>({
    name: "router",
    init: () => null,
    handle: {
      taken: (state, { id }) => {
        taken.push(id);
        return next(state);
      },
      subscribe: (state, { consumer }) => {
        subscribers.push(consumer.path);
        return next(state);
      },
      send: (state, { message }) => {
        assert(message.tag === "Aleph");
        const decoded = decodeMessage(message.value);
        assert(decoded.ok);
        sent.push(decoded.value);
        // 00 00: a new unit; then its round and creator, little-endian
        const [kind, variant, low, high, creator] = message.value;
        if (kind === 0 && variant === 0 && creator === OWN) units.push([low! + 256 * high!, toHex(message.value)]);
        return next(state);
      },
    },
  });
  const outcome = defineActor<Extract<OutcomeMessage, { type: "life" | "ordered" }>, null, null>({
    name: "outcome",
    init: () => null,
    handle: { life: (state) => reply(state, 1), ordered: (state) => next(state) },
  });
  const args = {
    session: 0,
    settings: SETTINGS,
    keychain: keychains[OWN]!,
    store,
    ownUnits: { ordered: -1, foreign: null, rounds: 0 },
    wasted: new WastedWork(),
    copyFound: () => void copiesFound++,
    ...options,
    ...refs,
  };
  await withSystem(
    [
      child(router, { args: null }),
      child(outcome, { args: null }),
      child(mempool, { args: { board: newBoard() } }),
      broadcastChild(args),
    ],
    (test) => body({ ...test, units, subscribers, taken, sent, copiesFound: () => copiesFound }),
  );
}

class Disk {
  readonly clock = new ManualClock();
  readonly options = { clock: this.clock, writeDelayMs: () => WRITE_MS };
  #backend = new MemoryBackend(this.options);

  async open(): Promise<Store> {
    const opening = openMemoryStore({ clock: this.clock, backend: this.#backend });
    await this.clock.advance(1_000);
    return await opening;
  }

  crash(): void {
    this.#backend = this.#backend.crash(this.options);
  }
}

Deno.test("a unit of ours leaves only when its record is on disk", async () => {
  const disk = new Disk();
  await life(await disk.open(), async ({ system, clock, units, subscribers }) => {
    await system.ask(refs.mempool, "submit", { item: vote(1n) });
    await clock.advance(10_000);
    assertEquals([units, subscribers], [[], ["root/broadcast"]]);
    await disk.clock.advance(WRITE_MS - 1);
    await clock.advance(10_000);
    assertEquals(units, []);
    await disk.clock.advance(1);
    await clock.advance(0);
    assertEquals(units.map(([round]) => round), [0]);
  });
});

Deno.test("a unit that did not come to the disk was never sent; after the crash there is one for its place, and only one", async () => {
  for (const written of [false, true]) {
    const disk = new Disk();
    const sent: string[] = [];
    for (const number of [1n, 2n, 3n]) {
      await life(await disk.open(), async ({ system, clock, units }) => {
        await system.ask(refs.mempool, "submit", { item: vote(number) });
        await clock.advance(0);
        if (written || number === 3n) { for (let i = 0; i < 3; i++) await disk.clock.advance(WRITE_MS); }
        await clock.advance(60_000);
        sent.push(...units.map(([, unit]) => unit));
        assert(units.every(([round]) => round === 0), "without the others' units there is no next round");
      });
      disk.crash();
    }
    assertEquals(new Set(sent).size, 1);
  }
});

Deno.test("a broadcast that crashes in its life sends the same units again, and is heard by the router again", async () => {
  const disk = new Disk();
  await life(await disk.open(), async ({ system, clock, units, subscribers }) => {
    await clock.advance(0);
    await disk.clock.advance(WRITE_MS);
    await clock.advance(0);
    assertEquals(units.length, 1);
    system.tell(refs.broadcast, "saved", { count: 1, outcome: err(new Error("the disk is full")) });
    await clock.advance(0);
    await disk.clock.advance(1_000);
    await clock.advance(60_000);
    assert(units.length > 1 && new Set(units.map(([, unit]) => unit)).size === 1);
    assertEquals(subscribers, ["root/broadcast", "root/broadcast"]);
  });
});

Deno.test("a unit whose record could not be written is not sent: the broadcast crashes and begins anew", async () => {
  const disk = new Disk();
  await life(await disk.open(), async ({ system, clock, units, log }) => {
    await clock.advance(0);
    system.tell(refs.broadcast, "saved", { count: 1, outcome: err(new Error("the disk is full")) });
    await clock.advance(60_000);
    assertEquals(units, []);
    assertEquals(log.filter(({ level }) => level === "error").map(({ facts }) => facts.reason), ["the disk is full"]);
    await disk.clock.advance(1_000);
    await clock.advance(60_000);
    assert(units.length > 0);
  });
});

Deno.test("a guardian whose units have wasted work is read on when that is paid, and the others at once", async () => {
  const wasted = new WastedWork(), [evil, honest] = [3, 1];
  await life(await new Disk().open(), async ({ system, clock, taken }) => {
    const say = (from: number, id: number) =>
      system.tell(refs.broadcast, "peerMessage", { from, id, message: { tag: "Aleph", value: new Uint8Array(1) } });
    say(evil, 0);
    await clock.advance(0);
    wasted.add(evil, WORK_US_BURST);
    wasted.add(OWN, WORK_US_BURST);
    for (const [from, id] of [[evil, 1], [honest, 2]] as const) say(from, id);
    await clock.advance(1_000);
    assertEquals(taken, [0, 2]);
    await clock.advance(60_000);
    assertEquals(taken, [0, 2, 1]);
  }, { wasted });
});

Deno.test("messages that are not of the broadcast, and garbage, are ignored, undecoded, and taken", async () => {
  await life(await new Disk().open(), async ({ system, clock, log, taken }) => {
    const commitment = new Uint8Array(9_604).fill(0xff);
    commitment.set([6, 0, 0, 0]);
    const messages: Extract<PeerMessage, { type: "peerMessage" }>["args"]["message"][] = [
      { tag: "SessionIndex", value: 7n },
      { tag: "Sealed", value: { kind: "DkgG2", payload: commitment } },
      { tag: "Sealed", value: { kind: "SignedSessionOutcome", payload: Uint8Array.of(3) } },
      { tag: "Aleph", value: Uint8Array.of(255, 1, 2) },
      { tag: "Aleph", value: new Uint8Array(0) },
    ];
    for (const [id, message] of messages.entries()) {
      system.tell(refs.broadcast, "peerMessage", { from: 2, id, message });
    }
    await clock.advance(1_000);
    assertEquals(log.filter(({ level }) => level === "error"), []);
    assertEquals(taken, [0, 1, 2, 3, 4]);
  });
});

Deno.test("a guardian that has spent its share of work waits with its next message, another doesn't", async () => {
  await life(await new Disk().open(), async ({ system, clock, taken }) => {
    const message = { tag: "Aleph", value: Uint8Array.of(0, 99) } as const;
    for (let id = 0; id < 5_000; id++) system.tell(refs.broadcast, "peerMessage", { from: 2, id, message });
    system.tell(refs.broadcast, "peerMessage", { from: 1, id: -1, message });
    await clock.advance(0);
    assert(taken.length < 2_000 && taken.includes(-1), `${taken.length} of 5,000 messages were handled`);
    const before = taken.length;
    await clock.advance(1_000);
    assert(taken.length > before, "it goes on with time");
  });
});

const asks = ({ sent }: Test) => sent.some(({ value }) => value.tag === "requestNewest");

/** What a guardian answers to our question about our newest unit, which is of this round; −1 = none. */
function newest({ sent }: Test, responder: number, round: number): NetworkData {
  const question = sent.map(({ value }) => value).find(({ tag }) => tag === "requestNewest");
  assert(question?.tag === "requestNewest");
  const parents = round < 1
    ? []
    : [0, 1, 2].map((creator) => makeUnit({ keychains, round: round - 1, creator, session: 0n }));
  const unit = round < 0 ? null : makeUnit({ keychains, round, creator: OWN, parents, session: 0n });
  const response = { requester: OWN, responder, unit, salt: question.value.salt };
  const signature = keychains[responder]!.sign(encode(newestUnitResponse, response));
  return { tag: "units", value: { tag: "responseNewest", value: { response, signature } } };
}

function tell({ system }: Test, from: number, data: NetworkData): void {
  const message = { tag: "Aleph", value: encodeMessage(data) } as const;
  system.tell(refs.broadcast, "peerMessage", { from, id: 0, message });
}

const errors = ({ log }: Test) => log.filter(({ level }) => level === "error").map(({ message }) => message);

Deno.test("the others are asked in each session until a unit that this process made was ordered in the one before", async () => {
  const cases: readonly (readonly [session: number, ordered: number | null, asks: boolean])[] = [
    [0, null, true],
    [7, null, true],
    [7, 5, true],
    [7, 6, false],
    // after the broadcast crashed
    [7, 7, false],
  ];
  for (const [session, ordered, isAsked] of cases) {
    await life(await new Disk().open(), async (test) => {
      await test.clock.advance(0);
      assertEquals(asks(test), isAsked, `${session} after ${ordered}`);
    }, { session, ownUnits: { ordered, foreign: null, rounds: 0 } });
  }
});

Deno.test("a guardian whose newest unit gets newer and newer while it makes none says that a copy of it runs, and stops", async () => {
  // what guardian 2 tells five seconds after the other; once, it was behind and learnt of units that our database has
  // lost
  for (const [last, later] of [[6, 6], [40, 40], [40, 50]] as const) {
    const ownUnits: OwnUnitsMemory = { ordered: null, foreign: null, rounds: 0 };
    await life(await new Disk().open(), async (test) => {
      const { clock, units, copiesFound } = test;
      await clock.advance(0);
      for (const responder of [1, 2, 3]) tell(test, responder, newest(test, responder, 5));
      await clock.advance(1_000);
      tell(test, 2, newest(test, 2, last));
      await clock.advance(5_000);
      tell(test, 2, newest(test, 2, later));
      await clock.advance(60_000);
      const isCopy = later > last;
      assertEquals([copiesFound(), ownUnits.foreign], isCopy ? [1, 0] : [0, null]);
      const text = "Another copy of this guardian runs with our keys: it goes on, this one stops";
      assertEquals([errors(test), units], [isCopy ? [text] : [], []]);
    }, { ownUnits });
  }
});

Deno.test("who sees two units of its own for one place says so loudly, and watches before it begins the next sessions", async () => {
  const ownUnits: OwnUnitsMemory = { ordered: -1, foreign: null, rounds: 0 };
  await life(await new Disk().open(), async (test) => {
    for (const byte of [1, 2]) {
      const data = { kind: "batch", bytes: Uint8Array.of(byte) } as const;
      const value = makeUnit({ keychains, round: 0, creator: OWN, data, session: 0n });
      tell(test, 1, { tag: "units", value: { tag: "newUnit", value } });
    }
    await test.clock.advance(1_000);
    const [text, ...more] = errors(test);
    assertStringIncludes(text!, "two units for one place");
    assertEquals([more, ownUnits.foreign, test.copiesFound(), test.units], [[], 0, 0, []]);
  }, { ownUnits });
  for (const [session, isInDoubt] of [[1, true], [5, true], [6, false]] as const) {
    await life(await new Disk().open(), async (test) => {
      await test.clock.advance(0);
      assertEquals(asks(test), isInDoubt);
    }, { session, ownUnits: { ...ownUnits, ordered: session - 1 } });
  }
});
