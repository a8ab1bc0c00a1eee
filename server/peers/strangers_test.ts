/** Who may be linked, and what happens to those who may not or who talk nonsense. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ByteStream } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, utf8 } from "../../core/bytes.ts";
import { encodeP2pMessage } from "../../core/types/p2p_message.ts";
import { frame } from "./framing.ts";
import { STRANGERS_TOLD_MS } from "./limits.ts";
import { Guardians, PORT, sessionIndex } from "./testing/guardians.ts";

const UNKNOWN = "Connection with an unknown certificate refused";

Deno.test("a stranger's connection is closed unread, and the listener lives on", async () => {
  const guardians = await Guardians.start(2);
  const { network } = guardians.world.process("stranger").platform;
  const [, b] = guardians.all;
  for (let i = 0; i < 200; i++) {
    // under the name of a guardian, which proves nothing
    const stream = await guardians.dial("stranger", 1, await network.makeTlsIdentity("peerguardian0"));
    stream.write(frame(encodeP2pMessage(sessionIndex(i)))).catch(() => undefined);
    assertEquals(await guardians.finish(stream.read()), null);
  }
  assertEquals([b!.received, new Set(b!.warnings())], [[], new Set([UNKNOWN])]);
  await guardians.world.run({ forMs: STRANGERS_TOLD_MS });
  const told = b!.log.filter(({ message }) => message === UNKNOWN).map(({ facts }) => Number(facts.connections));
  assert(told.length <= 3, "their number costs no lines in the log");
  assertEquals(told.reduce((sum, connections) => sum + connections), 200);
  assertEquals([b!.inspect("listener").restarts, guardians.connected(1)], [0, 1]);
});

Deno.test("a listener that is dialled under its own certificate refuses", async () => {
  const guardians = await Guardians.start(2);
  const stream = await guardians.dial("thief", 1, guardians.identities[1]!);
  assertEquals(await guardians.finish(stream.read()), null);
  assertEquals(guardians.all[1]!.warnings(), [UNKNOWN]);
});

Deno.test("who answers with another certificate than the dialled guardian's is left, also when it is a guardian's", async () => {
  for (const wrong of [0, 2, "stranger"] as const) {
    const guardians = await Guardians.start(3, { started: 1 });
    const { network } = guardians.world.process("guardian1").platform;
    const identity = wrong === "stranger"
      ? await network.makeTlsIdentity("peerguardian1")
      : guardians.identities[wrong]!;
    const read: (Bytes | null)[] = [];
    await network.listenTls({ hostname: "0.0.0.0", port: PORT, identity }, (stream) => {
      stream.read().then((bytes) => read.push(bytes), () => undefined);
    });
    const [a] = guardians.all;
    a!.send(1, 7);
    await guardians.until(() => read.length > 1);
    assertEquals([new Set(read), a!.connects()], [new Set([null]), 0]);
    const failed = a!.log.filter(({ message, facts }) => message === "Guardian can't be reached" && facts.peer === 1);
    assertStringIncludes(`${failed[0]!.facts.reason}`, "another certificate");
  }
});

/** What guardian 1 sends to guardian 0 on each connection, and then keeps it open. */
async function rogue(guardians: Guardians, bytes: Uint8Array, then: (stream: ByteStream) => void = () => {}) {
  const streams: ByteStream[] = [];
  const { network } = guardians.world.process("guardian1").platform;
  const at = { hostname: "0.0.0.0", port: PORT, identity: guardians.identities[1]! };
  await network.listenTls(at, (stream) => {
    streams.push(stream);
    stream.write(bytes).then(() => then(stream), () => undefined);
  });
  return streams;
}

/** A message whose field is a text, in bincode. */
function textual(variant: number, text: Bytes): Bytes {
  return frame(concat(new Uint8Array([variant, 0, 0, 0, text.length, 0, 0, 0, 0, 0, 0, 0]), text));
}

const NONSENSE: readonly (readonly [what: string, bytes: Bytes, reason: string])[] = [
  ["a frame that is announced too long", new Uint8Array(8).fill(255), "message is too long"],
  ["text", utf8("GET / HTTP/1.1\r\n\r\n"), "message is too long"],
  ["an empty message", frame(new Uint8Array()), "message does not decode"],
  ["an unknown kind of message", frame(new Uint8Array([99, 0, 0, 0])), "message does not decode"],
  ["a length within that exceeds the frame", frame(new Uint8Array(12).fill(255, 4)), "message does not decode"],
];

for (const [what, bytes, reason] of NONSENSE) {
  Deno.test(`a guardian that sends ${what} is cut off, with the reason, and dialled again`, async () => {
    const guardians = await Guardians.start(2, { started: 1 });
    const [a] = guardians.all;
    const streams = await rogue(guardians, bytes);
    await guardians.until(() => a!.closed().length === 2);
    for (const text of a!.closed()) assertStringIncludes(`${text}`, reason);
    assertEquals([a!.received, a!.warnings(), streams.length], [[], [], 2]);
    assertEquals([a!.inspect("link:1").restarts, guardians.connected(0)], [0, 0]);
    assertEquals(await guardians.finish(streams[0]!.read()), null);
  });
}

const COSTLY: readonly (readonly [what: string, bytes: Bytes])[] = [
  ["that is no hex", textual(5, utf8("zz"))],
  ["of half a byte", textual(6, utf8("012"))],
  ["that is no text", textual(5, new Uint8Array([255, 254]))],
  ["of points that are on no curve", textual(5, utf8(`01320131${"30"}${"ff".repeat(48)}`))],
];

for (const [what, bytes] of COSTLY) {
  Deno.test(`a message of the ceremony ${what} is handed on undecoded, and what comes behind it is heard`, async () => {
    const guardians = await Guardians.start(2, { started: 1 });
    const [a] = guardians.all;
    await rogue(guardians, new Uint8Array([...bytes, ...frame(encodeP2pMessage(sessionIndex(4)))]));
    await guardians.until(() => a!.received.length === 2);
    assertEquals([a!.received, a!.closed()], [["1:Sealed", "1:4"], []]);
  });
}

Deno.test("what comes before the nonsense is heard, once", async () => {
  const guardians = await Guardians.start(2, { started: 1 });
  const good = frame(encodeP2pMessage(sessionIndex(4)));
  await rogue(guardians, new Uint8Array([...good, ...frame(new Uint8Array())]));
  await guardians.until(() => guardians.all[0]!.closed().length === 1);
  assertEquals(guardians.all[0]!.received, ["1:4"]);
});

Deno.test("half a message before the end is forgotten with its connection", async () => {
  const guardians = await Guardians.start(2, { started: 1 });
  const good = frame(encodeP2pMessage(sessionIndex(4)));
  // had it been kept, the next connection's half would complete it to a whole one
  await rogue(guardians, good.slice(0, good.length / 2), (stream) => stream.close());
  await guardians.until(() => guardians.all[0]!.closed().length === 3);
  assertEquals(new Set(guardians.all[0]!.closed()), new Set(["closed by the other side"]));
  assertEquals(guardians.all[0]!.received, []);
});

Deno.test("nonsense of one guardian does not touch the link to another", async () => {
  const guardians = await Guardians.start(3, { started: 1 });
  const [a] = guardians.all;
  await rogue(guardians, new Uint8Array(8).fill(255));
  const c = await guardians.startOne(2);
  await guardians.until(() => a!.inspect("link:2").facts.connected === true);
  for (let i = 0; i < 10; i++) {
    c.send(0, i);
    await guardians.world.run({ forMs: 1_000 });
  }
  assertEquals([a!.received.length, a!.log.filter(({ facts }) => facts.peer === 2).length], [10, 1]);
});

Deno.test("a guardian's new connection replaces the one before, whose end changes nothing", async () => {
  const guardians = await Guardians.start(2, { started: 1 });
  const [a] = guardians.all;
  const connect = async () => {
    const stream = await guardians.dial("guardian1", 0, guardians.identities[1]!);
    await guardians.world.run({ forMs: 100 });
    return stream;
  };
  const [first, second] = [await connect(), await connect()];
  assertEquals(await guardians.finish(first.read()), null);
  await guardians.finish(second.write(frame(encodeP2pMessage(sessionIndex(4)))));
  await guardians.world.run({ forMs: 1_000 });
  assertEquals([a!.received, a!.closed(), guardians.connected(0), a!.connects()], [["1:4"], [], 1, 2]);
});
