/**
 * A guardian that sends more than is handled fills its own lane: the others' messages have their turns, and memory is
 * bounded.
 */
import { assert, assertEquals } from "@std/assert";
import { child } from "../../actors/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { encodeP2pMessage } from "../../core/types/p2p_message.ts";
import { frame } from "./framing.ts";
import { Lane } from "./lane.ts";
import { ANSWERS_BYTES_MAX, ANSWERS_MAX, OUTGOING_MAX } from "./limits.ts";
import { Outgoing } from "./outgoing.ts";
import { Guardians, listening, PORT, sessionIndex } from "./testing/guardians.ts";
import { routerRef } from "./tree.ts";

const FLOOD = 2_000;
const HONEST_MESSAGES = 60;

/** Guardian 0, which dials the others; guardian 1 floods it on its own socket, guardian 2 is honest. */
async function flooded(takes: (from: number) => boolean) {
  const guardians = await Guardians.start(3, { started: 1 });
  const [a] = guardians.all;
  const heard: string[] = [];
  const consumer = child(listening, {
    id: "consumer",
    args: { router: routerRef("root"), seen: (from, { value }) => heard.push(`${from}:${value}`), takes },
  });
  await guardians.finish(a!.system.startChild("root", consumer));
  const { network } = guardians.world.process("guardian1").platform;
  let writtenBytes = 0;
  const one = frame(encodeP2pMessage(sessionIndex(1)));
  const many = new Uint8Array(FLOOD * one.length);
  for (let i = 0; i < FLOOD; i++) many.set(one, i * one.length);
  await network.listenTls({ hostname: "0.0.0.0", port: PORT, identity: guardians.identities[1]! }, (stream) => {
    const flood = async () => {
      for (;;) {
        await stream.write(many);
        writtenBytes += many.length;
      }
    };
    flood().catch(() => undefined);
  });
  const c = await guardians.startOne(2);
  await guardians.until(() => guardians.connected(0) === 2);
  return { guardians, a: a!, c, heard, written: () => writtenBytes };
}

Deno.test("all messages of an honest guardian are handled while another floods, and in turn", async () => {
  const { guardians, c, heard } = await flooded(() => true);
  await guardians.world.run({ forMs: 100 });
  heard.length = 0;
  for (let i = 0; i < HONEST_MESSAGES; i++) {
    c.send(0, i);
    await guardians.world.run({ forMs: 2 });
  }
  await guardians.until(() => heard.filter((text) => text.startsWith("2:")).length === HONEST_MESSAGES);
  assert(heard.filter((text) => text.startsWith("1:")).length > HONEST_MESSAGES, "the flood is handled, too");
});

Deno.test("a guardian whose messages are not taken is held back by its socket, the others are not", async () => {
  const { guardians, a, c, heard, written } = await flooded((from) => from !== 1);
  await guardians.world.run({ forMs: 5_000 });
  const before = written();
  for (let i = 0; i < 20; i++) {
    c.send(0, i);
    await guardians.world.run({ forMs: 100 });
  }
  assertEquals(heard.filter((text) => text.startsWith("1:")).length, 1, "one message, and no further one is handed on");
  assertEquals(heard.filter((text) => text.startsWith("2:")).length, 20);
  assertEquals(written(), before, "nothing more is read");
  assert(before < 1_000_000);
  const { waiting } = a.inspect("router");
  assert(waiting < 10, `${waiting} messages wait in the router`);
});

Deno.test("when the consumer changes, the lane of one whose message was not taken goes on", async () => {
  const { guardians, a, heard } = await flooded((from) => from !== 1);
  await guardians.world.run({ forMs: 100 });
  assertEquals(heard.filter((text) => text.startsWith("1:")).length, 1);
  const again: string[] = [];
  const consumer = child(listening, {
    id: "next",
    args: { router: routerRef("root"), seen: (from, { value }) => again.push(`${from}:${value}`) },
  });
  await guardians.finish(a.system.startChild("root", consumer));
  await guardians.until(() => again.length > 100);
});

const payload = (byte: number, size = 1): Bytes => new Uint8Array(size).fill(byte);

Deno.test("a lane hands on one message at a time, in order, and takes back only that one", () => {
  const lane = new Lane(7);
  assert(lane.isEmpty && lane.offer() === null);
  lane.put([payload(1), payload(2)]);
  assertEquals(lane.offer(), { id: 7, payload: payload(1) });
  assertEquals([lane.offer(), lane.isEmpty, lane.taken(6), lane.taken(8), lane.offer()], [
    null,
    false,
    false,
    false,
    null,
  ]);
  assert(lane.taken(7) && !lane.taken(7));
  lane.put([payload(3)]);
  assertEquals(lane.offer(), { id: 8, payload: payload(2) });
  lane.giveUp();
  assertEquals([lane.taken(8), lane.offer()], [false, { id: 9, payload: payload(3) }]);
  assert(!lane.isEmpty && lane.taken(9) && lane.isEmpty);
  lane.put([payload(4)]);
  lane.clear();
  assert(lane.isEmpty);
});

Deno.test("messages of our own leave before answers, and each kind is bounded by itself", () => {
  const outgoing = new Outgoing();
  let made = 0;
  const put = (isAnswer: boolean, byte: number, size = 1): void =>
    outgoing.put(isAnswer, () => {
      made++;
      return payload(byte, size);
    });
  for (let i = 0; i < ANSWERS_MAX + 10; i++) put(true, i % 100);
  for (let i = 0; i < OUTGOING_MAX + 3; i++) put(false, 200 + i);
  assertEquals([outgoing.dropped, made], [13, ANSWERS_MAX + OUTGOING_MAX], "what is dropped is not even made");
  const order = Array.from({ length: OUTGOING_MAX + 2 }, () => outgoing.next()![0]);
  assertEquals(order, [200, 201, 202, 203, 204, 0, 1]);
  while (outgoing.next());
  put(true, 1, ANSWERS_BYTES_MAX);
  put(true, 2);
  put(false, 3);
  assertEquals([outgoing.next()![0], outgoing.next()!.length, outgoing.next()], [3, ANSWERS_BYTES_MAX, undefined]);
  put(true, 4);
  assertEquals(outgoing.next(), payload(4), "there is room again");
});
