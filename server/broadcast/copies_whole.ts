/**
 * One guardian that runs twice with the same keys. Whoever signs two units of one place is taken for evil and shut out
 * of the session; so of two copies one must stop, both are silent rather than sign, and an honest guardian alone never
 * stops.
 */
import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/codec.ts";
import { Alone } from "./testing/alone.ts";
import { ALONE, COPIED, roundOf, startAgain, startBesideRunning, startTogether, twoCopies } from "./testing/copies.ts";
import type { NewestUnitResponse } from "./messages.ts";
import { decodeMessage, encodeMessage, newestUnitResponse } from "./messages.ts";
import { batchOf, fastKeychains, makeUnit, Simulation } from "./testing/network.ts";
import { countingData } from "./testing/trouble.ts";

const keychains = fastKeychains(4);
const first = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 0, creator, data: batchOf(`${creator}`) }));

Deno.test("units of ours that we can't have lost are a copy's: none of ours follows, and it is told once", () => {
  const alone = new Alone({ firstMs: 50 });
  alone.unit(2, first[0]!);
  assertEquals([alone.state.creator.ended, alone.signs()], [true, ["unknown_unit"]]);
  for (const unit of first.slice(1)) alone.unit(unit.creator, unit);
  alone.unit(2, makeUnit({ keychains, round: 1, creator: 0, parents: first }));
  alone.wait(5_000);
  assertEquals(alone.effects.filter(({ type }) => type === "requestData"), []);
  assertEquals([alone.signs(), [...alone.state.store.forkers]], [["unknown_unit"], []]);
});

Deno.test("with a lost database units of ours that were on their way stand, and those far beyond are a copy's", () => {
  for (const round of [3, 4]) {
    const alone = new Alone({ firstMs: 50, askNewest: true });
    alone.unit(2, first[0]!);
    for (const responder of [1, 2, 3]) alone.answerNewest(responder, null);
    alone.wait(10_600);
    assertEquals([alone.state.own?.firstRound, alone.state.own?.isKnown], [1, false]);
    alone.unit(2, makeUnit({ keychains, round, creator: 0, parents: first }));
    assertEquals(alone.signs(), round === 3 ? [] : ["unknown_unit"]);
  }
});

Deno.test("an answer to a question that we haven't asked is a sign of a copy, told once", () => {
  const alone = new Alone({ creates: true });
  alone.wait(9_900);
  alone.answerNewest(1, null, 9n);
  assertEquals(alone.signs(), [], "it may be late, to a question of a life before");
  alone.wait(200);
  for (let i = 0; i < 3; i++) alone.answerNewest(1, null, BigInt(i));
  assertEquals([alone.signs(), alone.state.isSilenced], [["asked"], false]);
});

// a whole disk, an older one and none; the last in a slow network: further seeds in tests/slow
for (const seed of [0, 1, 5]) {
  Deno.test(`a copy that is started beside a running guardian stops and signs nothing, seed ${seed}`, () => {
    startBesideRunning(seed);
  });
}

Deno.test("the running guardian hears answers to its copy's questions, and says so once", () => {
  const { net, a, b, others } = twoCopies(1);
  for (const guardian of [a, ...others]) net.start(guardian);
  net.run(11_000);
  net.start(b, true);
  net.run(5_000);
  assertEquals(a.signs, ["asked"]);
});

Deno.test("of two copies that begin together both fall silent, then one stops and the other goes on", () => {
  startTogether(0);
});

for (const [title, options] of Object.entries(ALONE)) {
  Deno.test(`a guardian that starts again ${title} goes on without a delay`, () => {
    startAgain(1, options);
  });
}

Deno.test("a guardian that starts again while another is away goes on after five seconds", () => {
  const net = new Simulation({ keychains, seed: 6, data: countingData(), wireMs: [0, 20] });
  for (const guardian of net.guardians.slice(1)) net.start(guardian);
  net.run(3_000);
  const guardian = net.guardians[COPIED]!;
  net.crash(guardian);
  net.run(200);
  net.start(guardian, true);
  net.run(4_900);
  assertEquals(guardian.state!.own, null);
  net.run(700);
  assert(guardian.state!.own?.isKnown);
  assertEquals(guardian.signs, []);
});

Deno.test("a guardian with a lost database waits a minute for one that is silent, whose answer may be the newest", () => {
  for (const lastsMs of [20_000, Infinity]) {
    const silent = 2;
    let isLate = true;
    const net: Simulation = new Simulation({
      keychains,
      seed: 8,
      data: countingData(),
      // who keeps silent longer than we can wait may hold a unit that we don't learn of
      forkers: lastsMs === Infinity ? [COPIED] : [],
      tamper: (from, to, bytes) => {
        const message = decodeMessage(bytes);
        assert(message.ok);
        const { tag } = message.value.value;
        // our last units reach it alone
        if (from.index === COPIED && to !== silent && tag === "newUnit" && net.nowMs > 3_000 && isLate) return null;
        if (from.index === silent && to === COPIED && tag === "responseNewest" && isLate) return null;
        if (from.index === silent && net.nowMs > 3_000 && isLate) return null;
        return bytes;
      },
    });
    net.startAll();
    net.run(4_000);
    const guardian = net.guardians[COPIED]!;
    const last = net.guardians[silent]!.state!.store.newest(COPIED)!.unit.round;
    assert(net.guardians[0]!.state!.store.newest(COPIED)!.unit.round < last, "nobody else has our last unit");
    net.crash(guardian);
    guardian.disk = [];
    net.start(guardian, true);
    net.run(Math.min(lastsMs, 59_000));
    assertEquals(guardian.state!.own, null, "it waits");
    isLate = lastsMs === Infinity;
    if (isLate) {
      net.run(2_000);
      assert(guardian.state!.own !== null, "but not for ever");
      continue;
    }
    net.run(15_000);
    // the simulation itself holds that no second unit of one place got out
    const { own } = guardian.state!;
    assertEquals([own?.firstRound, own?.isKnown], [last + 1, false]);
    for (const { state } of net.guardians) assertEquals([...state!.store.forkers], []);
  }
});

function signedAnswer(responder: number, response: NewestUnitResponse): Bytes {
  const signature = keychains[responder]!.sign(encode(newestUnitResponse, response));
  return encodeMessage({ tag: "units", value: { tag: "responseNewest", value: { response, signature } } });
}

for (const database of ["whole", "lost"]) {
  Deno.test(`an evil guardian that replays our units one by one doesn't stop us, our database being ${database}`, () => {
    const evil = 2;
    const told: number[] = [];
    const net: Simulation = new Simulation({
      keychains,
      seed: 4,
      data: countingData(),
      // it has all of our units, and says at first that it has none, then one more in each answer
      tamper: (from, to, bytes) => {
        const message = decodeMessage(bytes);
        assert(message.ok);
        const { tag, value } = message.value.value;
        if (tag !== "responseNewest" || from.index !== evil || to !== COPIED) return bytes;
        const unit = from.state!.store.byCoord({ round: 3 * told.length, creator: COPIED })?.unit ?? null;
        told.push(told.length);
        return signedAnswer(evil, { ...value.response, unit: told.length === 1 ? null : unit });
      },
    });
    net.startAll();
    net.run(2_000);
    const guardian = net.guardians[COPIED]!;
    const old = guardian.state!.store.unitsOf(COPIED).map(({ unit }) => unit);
    net.crash(guardian);
    if (database === "lost") guardian.disk = [];
    net.run(500);
    net.start(guardian, true);
    for (let i = 0; i < 24; i++) {
      for (const unit of old) {
        const value = { tag: i % 2 === 0 ? "newUnit" : "responseCoord", value: unit } as const;
        net.inject(evil, guardian, encodeMessage({ tag: "units", value }));
      }
      net.run(500);
    }
    assertEquals([guardian.signs, guardian.state!.isSilenced], [[], false]);
    assert(guardian.state!.own !== null && roundOf(guardian) > old.length);
    assert(told.length > (database === "lost" ? 10 : 0));
    assertEquals([...net.guardians[0]!.state!.store.forkers], []);
  });
}
