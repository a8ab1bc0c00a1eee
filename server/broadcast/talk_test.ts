import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "../../core/assert.ts";
import { toHex } from "../../core/bytes.ts";
import { Alone, talk } from "./testing/alone.ts";
import { step } from "./broadcast.ts";
import { ALERT_BYTES_MAX, BATCH_BYTES_MAX, PEERS_MAX, REMIND_INTERVAL_MS, SAME_ANSWERS_MAX } from "./limits.ts";
import type { UnitMessage } from "./messages.ts";
import { alertHash, decodeMessage, encodeMessage } from "./messages.ts";
import { createBroadcast } from "./state.ts";
import { batchOf, fastKeychains, makeUnit } from "./testing/network.ts";
import type { SignedUnit, UnitData } from "./graph/unit.ts";

const keychains = fastKeychains(4);
const first = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 0, creator, data: batchOf(`${creator}`) }));
const second = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 1, creator, parents: first }));
const coord = (round: number, creator: number, asker = 1): UnitMessage => ({
  tag: "requestCoord",
  value: { asker, coord: { round, creator } },
});

Deno.test("an own unit leaves by no way before it is on disk", () => {
  const alone = new Alone({ creates: true });
  alone.wait(1);
  assertEquals(talk(alone.data(null)), []);
  assertEquals(alone.ask(1, coord(0, 0)), []);
  for (const unit of first.slice(1)) alone.unit(unit.creator, unit);
  const own = alone.state.store.newest(0)!.unit;
  const child = makeUnit({ keychains, round: 1, creator: 1, parents: [own, ...first.slice(1)] });
  alone.unit(1, child);
  assertEquals(alone.ask(1, { tag: "requestParents", value: { asker: 1, hash: child.hash } }), []);
  assertEquals(talk(alone.wait(5_000)).filter((text) => text.includes("newUnit")), []);
  assert(talk(alone.save()).includes("all: newUnit 0.0"));
  assertEquals(alone.ask(1, coord(0, 0)), ["1: responseCoord 0.0"]);
  assertEquals(alone.ask(1, { tag: "requestParents", value: { asker: 1, hash: child.hash } }), [
    "1: responseParents 0.0,0.1,0.2,0.3",
  ]);
});

Deno.test("an own unit that another one with our signature forestalls is never shown", () => {
  const alone = new Alone({ creates: true });
  alone.wait(1);
  alone.data(batchOf("new"));
  alone.unit(2, first[0]!);
  assert(alone.state.store.isForker(0) && alone.state.creator.ended);
  assertEquals(talk(alone.save()), [], "neither the unit nor an accusation that would show it");
  assertEquals(alone.ask(1, coord(0, 0)), []);
  assertEquals(talk(alone.wait(40_000)), []);
});

Deno.test("a unit of ours that others still have stands in for the one we would create", () => {
  const alone = new Alone({ firstMs: 50, askNewest: true });
  alone.unit(2, first[0]!);
  for (const responder of [1, 2, 3]) alone.answerNewest(responder, null);
  alone.wait(9_900);
  assertEquals(alone.state.own, null, "it watches");
  alone.wait(700);
  assertEquals(alone.effects.filter((effect) => effect.type === "requestData"), []);
  assertEquals(alone.state.creator.round, 1);
  for (const unit of first.slice(1)) alone.unit(unit.creator, unit);
  alone.wait(60);
  assertEquals(alone.effects.filter((effect) => effect.type === "requestData").length, 1);
  alone.data(null);
  assertEquals(alone.state.store.newest(0)!.unit.parentCreators, [0, 1, 2, 3]);
  assertEquals([...alone.state.store.forkers], []);
});

Deno.test("data of a round whose unit turned up meanwhile is given up with a warning", () => {
  const alone = new Alone({ creates: true });
  alone.wait(1);
  alone.unit(2, first[0]!);
  const effects = alone.data(batchOf("lost"));
  assert(effects.some((effect) => effect.type === "warn"));
  assertEquals(alone.state.store.size, 1);
});

Deno.test("answers go to who asked for itself, a request in another's name is not answered at all", () => {
  const alone = new Alone();
  for (const unit of first) alone.unit(1, unit);
  assertEquals(alone.ask(1, coord(0, 3)), ["1: responseCoord 0.3"]);
  for (const asker of [0, 2, 4, 2 ** 40]) assertEquals(alone.ask(1, coord(0, 3, asker)), []);
  assertEquals(alone.ask(1, coord(5, 3)), [], "silence for what isn't here");
  assertEquals(alone.ask(1, coord(0, 2 ** 40)), []);
});

Deno.test("the same request is answered a few times in a while, as the schedule of asking needs", () => {
  const alone = new Alone();
  for (const unit of first) alone.unit(1, unit);
  const asked = Array.from({ length: 3 * SAME_ANSWERS_MAX }, () => alone.ask(1, coord(0, 3))).flat();
  assertEquals(asked.length, SAME_ANSWERS_MAX);
  assertEquals(alone.ask(1, coord(0, 2)), ["1: responseCoord 0.2"], "another thing");
  assertEquals(alone.ask(2, coord(0, 3, 2)), ["2: responseCoord 0.3"], "another guardian");
  alone.wait(1_000);
  assertEquals(alone.ask(1, coord(0, 3)), ["1: responseCoord 0.3"]);
  const salts = Array.from({ length: 10 }, (_, i) => {
    return alone.ask(1, { tag: "requestNewest", value: { asker: 1, salt: BigInt(i) } });
  });
  assertEquals(salts.flat().length, SAME_ANSWERS_MAX, "whatever the salt: each costs a signature");
});

Deno.test("answers are marked, so that what is ours leaves first", () => {
  const alone = new Alone({ creates: true });
  for (const unit of first.slice(1)) alone.unit(unit.creator, unit);
  alone.wait(1);
  alone.data(null);
  alone.save();
  alone.ask(1, coord(0, 3));
  const sent = alone.effects.filter((effect) => effect.type === "send");
  assertEquals(sent.map(({ isAnswer }) => isAnswer), sent.map(({ bytes }) => bytes[1] === 2));
  assert(sent.some(({ isAnswer }) => isAnswer) && sent.some(({ isAnswer }) => !isAnswer));
});

Deno.test("parents are told when the unit is in the graph, and not while it waits", () => {
  const alone = new Alone();
  const request: UnitMessage = { tag: "requestParents", value: { asker: 1, hash: second[1]!.hash } };
  assertEquals(alone.ask(1, request), []);
  alone.unit(1, second[1]!);
  assertEquals(alone.ask(1, request), []);
  for (const unit of first) alone.unit(1, unit);
  alone.save();
  assertEquals(alone.ask(1, request), ["1: responseParents 0.0,0.1,0.2,0.3"]);
});

Deno.test("whoever asks for its newest unit is told, also that there is none", () => {
  const alone = new Alone();
  alone.unit(1, first[1]!);
  for (const [asker, key] of [[1, first[1]!.key], [2, undefined]] as const) {
    const effects = alone.step({
      type: "received",
      nowMs: 0,
      from: asker,
      bytes: encodeMessage({ tag: "units", value: { tag: "requestNewest", value: { asker, salt: 5n } } }),
    });
    const sent = effects.find((effect) => effect.type === "send")!;
    const message = decodeMessage(sent.bytes);
    assert(message.ok && message.value.value.tag === "responseNewest");
    const { response } = message.value.value.value;
    assertEquals([response.requester, response.responder, response.salt, response.unit?.key], [asker, 0, 5n, key]);
  }
});

Deno.test("a missing unit is asked for by schedule until it comes", () => {
  const alone = new Alone();
  const times: number[] = [];
  const note = (texts: readonly string[]): void => {
    for (const text of texts) if (text.endsWith("requestCoord 0.2")) times.push(alone.nowMs);
  };
  for (const unit of [first[0]!, first[1]!, first[3]!]) alone.unit(1, unit);
  note(alone.unit(1, second[1]!));
  for (let i = 0; i < 1_100; i++) note(talk(alone.wait(10)));
  const tries = Map.groupBy(times, (time) => time);
  assertEquals([...tries].map(([time, all]) => `${time}: ${all.length}`), [
    "0: 6",
    "50: 3",
    "1050: 1",
    "4050: 1",
    "10050: 1",
  ]);
  times.length = 0;
  alone.unit(2, first[2]!);
  for (let i = 0; i < 20; i++) note(talk(alone.wait(1_000)));
  assertEquals(times, []);
});

Deno.test("parents of a unit are taken from an answer only if they are its parents", () => {
  const variant = makeUnit({ keychains, round: 0, creator: 3, data: batchOf("other") });
  const parents = [first[0]!, first[1]!, first[2]!, variant];
  const unit = makeUnit({ keychains, round: 1, creator: 1, parents });
  const alone = new Alone();
  for (const one of first) alone.unit(1, one);
  assertEquals(alone.unit(1, unit), ["1: requestParents"], "its creator must know them");
  const answer = (units: readonly SignedUnit[]): string[] =>
    alone.ask(2, { tag: "responseParents", value: { hash: unit.hash, parents: units } });
  const foreign = makeUnit({ keychains, round: 0, creator: 3, session: 8n });
  for (
    const wrong of [first.slice(0, 3), [...first.slice(0, 3), second[3]!], [...first].reverse(), first, [
      ...first.slice(0, 3),
      foreign,
    ]]
  ) {
    answer(wrong);
    assertEquals(alone.state.store.byKey(unit.key)!.parents, null);
  }
  answer(parents);
  assertEquals(alone.state.store.byKey(unit.key)!.parents, parents.map(({ key }) => key));
  assert(alone.state.store.isForker(3), "the other variant proves the fork");
  assert(!alone.state.store.byKey(unit.key)!.vertex, "and waits for a confirmed alert");
});

Deno.test("useless messages are logged once a window, and what comes behind them is heard", () => {
  const alone = new Alone();
  for (let i = 0; i < 1_000; i++) alone.receiveBytes(1, Uint8Array.of(9));
  assertEquals(alone.effects.filter((effect) => effect.type === "warn").length, 1);
  alone.unit(1, first[1]!);
  assertEquals(alone.state.store.size, 1);
});

Deno.test("an alert that is known already is never held against who brings it", () => {
  const alone = new Alone();
  const variant = makeUnit({ keychains, round: 0, creator: 3, data: batchOf("other") });
  const alert = { sender: 2, proof: { first: variant, second: first[3]! }, legitUnits: [] };
  const signed = { alert, signature: keychains[2]!.sign(alertHash(alert)) };
  for (let i = 0; i < 1_000; i++) alone.receive(1, { tag: "alert", value: { tag: "forkAlert", value: signed } });
  const useless = alone.effects.filter((effect) => effect.type === "warn" && effect.message.startsWith("Useless"));
  assertEquals(useless, []);
  assertEquals(alone.state.alerts.size, 1);
});

Deno.test("units of another session are ignored without reproach, messages of no guardian too", () => {
  const alone = new Alone();
  const other = makeUnit({ keychains, round: 0, creator: 1, session: 6n });
  for (let i = 0; i < 200; i++) alone.unit(1, other);
  for (const from of [0, 4, -1, 1.5]) alone.unit(from, first[1]!);
  assertEquals([alone.state.store.size, alone.effects.filter((effect) => effect.type === "warn")], [0, []]);
  alone.unit(1, first[1]!);
  assertEquals(alone.state.store.size, 1);
});

Deno.test("an alert of ours fits into a message: the forker's newest units, as many as there is room for", () => {
  const alone = new Alone();
  const payload: UnitData = { kind: "batch", bytes: new Uint8Array(BATCH_BYTES_MAX) };
  const rounds = Math.ceil(ALERT_BYTES_MAX / BATCH_BYTES_MAX) + 10;
  let own = makeUnit({ keychains, round: 0, creator: 3, data: payload });
  const [a, b] = [first[0]!, first[1]!];
  alone.unit(1, own);
  for (let round = 1; round < rounds; round++) {
    own = makeUnit({ keychains, round, creator: 3, parents: [a, b, own], data: payload });
    alone.unit(1, own);
  }
  alone.unit(1, makeUnit({ keychains, round: rounds - 1, creator: 3, parents: [a, b, own] }));
  const sent = alone.save().find((effect) => effect.type === "send")!;
  assert(sent.bytes.length < ALERT_BYTES_MAX + 1_000 && sent.bytes.length > ALERT_BYTES_MAX - 2 * BATCH_BYTES_MAX);
  const message = decodeMessage(sent.bytes);
  assert(message.ok && message.value.value.tag === "forkAlert");
  const { legitUnits } = message.value.value.value.alert;
  assertEquals(legitUnits.at(-1)!.round, rounds - 1);
  assertEquals(legitUnits.map(({ round }) => round), legitUnits.map((_, i) => rounds - legitUnits.length + i));
});

Deno.test("an accusation is told only when it is on disk, and again in the same words after a restart", () => {
  const variant = makeUnit({ keychains, round: 0, creator: 3, data: batchOf("other") });
  const alone = new Alone();
  alone.unit(1, first[3]!);
  assertEquals(alone.unit(1, variant), []);
  const told = alone.save().filter((effect) => effect.type === "send");
  assertEquals(talk(told), ["all: forkAlert", "all: multicast"]);
  const backup = alone.effects.flatMap((effect) => effect.type === "save" ? effect.records : []);
  const again = new Alone({ backup });
  assert(again.state.store.isForker(3));
  const toldAgain = again.effects.filter((effect) => effect.type === "send");
  assertEquals(toldAgain.map(({ bytes }) => toHex(bytes)), told.map(({ bytes }) => toHex(bytes)));
});

Deno.test("who accuses is reminded of all that is known about the forker, at most every few seconds", () => {
  const variant = makeUnit({ keychains, round: 0, creator: 3, data: batchOf("other") });
  const alone = new Alone();
  alone.unit(1, first[3]!);
  alone.unit(1, variant);
  alone.save();
  const accuse = (text: string): string[] => {
    const legitUnits = [makeUnit({ keychains, round: 0, creator: 3, data: batchOf(text) })];
    const alert = { sender: 1, proof: { first: variant, second: first[3]! }, legitUnits };
    const signature = keychains[1]!.sign(alertHash(alert));
    return alone.receive(1, { tag: "alert", value: { tag: "forkAlert", value: { alert, signature } } });
  };
  assertEquals(accuse("a"), ["1: multicast", "all: multicast"], "reminded of our alert, told of its own");
  assertEquals(accuse("b"), []);
  alone.nowMs += REMIND_INTERVAL_MS;
  assertEquals(accuse("c").filter((text) => text.startsWith("1:")), ["1: multicast", "1: multicast"]);
});

Deno.test("there are no more guardians than masks and votes are made for", () => {
  const { config } = new Alone().state;
  assertThrows(() => createBroadcast({ ...config, peers: PEERS_MAX + 1 }), InvariantError);
  assertThrows(() => createBroadcast({ ...config, peers: 0 }), InvariantError);
});

Deno.test("a damaged backup ends the part in this session at once", () => {
  const alone = new Alone({ creates: true, backup: [Uint8Array.of(1, 2, 3)] });
  assertEquals(alone.effects.map(({ type }) => type), ["failed"]);
  assertEquals([alone.unit(1, first[1]!), alone.wait(100)], [[], []]);
});

Deno.test("after a stop nothing happens, and before the start nothing may", () => {
  const alone = new Alone({ creates: true });
  alone.step({ type: "stop", nowMs: 0 });
  assertEquals([alone.wait(100), alone.unit(1, first[1]!)], [[], []]);
  const state = createBroadcast({ ...alone.state.config });
  assertThrows(() => step(state, { type: "timer", nowMs: 0, id: 0 }), InvariantError);
});

Deno.test("a batch beyond the limit is a bug of its provider, as others would drop the unit", () => {
  const alone = new Alone({ creates: true });
  alone.wait(1);
  const data: UnitData = { kind: "batch", bytes: new Uint8Array(BATCH_BYTES_MAX + 1) };
  assertThrows(() => alone.data(data), InvariantError, "limit");
});

Deno.test("timers stay within what clocks can hold", () => {
  const alone = new Alone();
  const delays = alone.effects.flatMap((effect) => effect.type === "setTimer" ? [effect.delayMs] : []);
  assert(delays.length > 0 && delays.every((delayMs) => delayMs > 1_000 && delayMs < 2 ** 31));
});
