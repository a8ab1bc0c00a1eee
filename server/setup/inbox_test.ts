/** What waits until the ceremony asks for it, and how much. */
import { assertEquals } from "@std/assert";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import { Inbox } from "./inbox.ts";
import { WAITING_BYTES_MAX, WAITING_MESSAGES_MAX } from "./limits.ts";

const A = 1, B = 2;

const STEP = "a step";

function index(value: number): P2pMessage {
  return { tag: "Checksum", value: value.toString(16).padStart(64, "0") };
}

function ofBytes(size: number): P2pMessage {
  return { tag: "Encodable", value: new Uint8Array(size) };
}

Deno.test("messages of each guardian come in their order, those that came early first", async () => {
  const inbox = new Inbox();
  for (const [from, value] of [[A, 1], [B, 10], [A, 2]] as const) assertEquals(inbox.put(from, index(value)), true);
  assertEquals(await inbox.receive(A, STEP), index(1));
  assertEquals(await inbox.receive(A, STEP), index(2));
  const later = inbox.receive(A, STEP);
  inbox.put(B, index(11));
  inbox.put(A, index(3));
  assertEquals(await later, index(3));
  assertEquals([await inbox.receive(B, STEP), await inbox.receive(B, STEP)], [index(10), index(11)]);
});

Deno.test("it tells who is waited for and what for, and how much was received", async () => {
  const inbox = new Inbox();
  const [b, a] = [inbox.receive(B, "another"), inbox.receive(A, STEP)];
  assertEquals([[...inbox.awaited], inbox.received], [[[A, STEP], [B, "another"]], 0]);
  inbox.put(A, index(1));
  await a;
  assertEquals([[...inbox.awaited], inbox.received], [[[B, "another"]], 1]);
  inbox.put(B, index(1));
  await b;
  inbox.put(A, index(2));
  assertEquals([inbox.awaited.size, inbox.received], [0, 2], "what waits has not been received");
});

Deno.test("so many messages of one guardian wait and no more, whatever others send", async () => {
  const inbox = new Inbox();
  for (let i = 0; i < WAITING_MESSAGES_MAX; i++) assertEquals(inbox.put(A, index(i)), true);
  assertEquals(inbox.put(A, index(99)), false);
  assertEquals(inbox.put(B, index(0)), true);
  assertEquals(await inbox.receive(A, STEP), index(0));
  assertEquals(inbox.put(A, index(100)), true, "there is room again");
  assertEquals(inbox.put(A, index(101)), false);
});

Deno.test("so many bytes of one guardian wait and no more", async () => {
  const inbox = new Inbox();
  const half = WAITING_BYTES_MAX / 2;
  assertEquals(inbox.put(A, ofBytes(WAITING_BYTES_MAX)), false);
  assertEquals(inbox.put(A, ofBytes(half - 100)), true);
  assertEquals(inbox.put(A, ofBytes(half - 100)), true);
  assertEquals(inbox.put(A, ofBytes(half)), false);
  assertEquals(inbox.put(B, ofBytes(half)), true);
  await inbox.receive(A, STEP);
  assertEquals(inbox.put(A, ofBytes(half - 100)), true, "there is room again");
});

Deno.test("of a guardian that is in consensus already, all of its ceremony and one message more wait", async () => {
  const inbox = new Inbox();
  assertEquals(inbox.put(A, index(1)), true);
  for (let i = 0; i < 2 * WAITING_MESSAGES_MAX; i++) {
    assertEquals(
      inbox.put(A, { tag: "Aleph", value: new Uint8Array(WAITING_BYTES_MAX + i) }),
      true,
      "no reason to end",
    );
    assertEquals(inbox.put(A, index(2)), true, "nor what comes behind");
  }
  assertEquals(await inbox.receive(A, STEP), index(1));
  assertEquals(await inbox.receive(A, STEP), { tag: "Aleph", value: new Uint8Array(WAITING_BYTES_MAX) });
  void inbox.receive(A, STEP);
  assertEquals([...inbox.awaited.keys()], [A], "nothing else was kept");
});
