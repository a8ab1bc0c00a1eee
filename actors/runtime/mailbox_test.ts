import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { next } from "../actor.ts";
import type { Ask } from "./asks.ts";
import { Mailbox, type Origin, type Own } from "./mailbox.ts";

const receiver = { type: "any", handle: () => next(null), always: false };
const always = { ...receiver, type: "needed", always: true };
// The mailbox looks at nothing but whose message it is.
const request = { own: false } as Ask;
const own = { own: true } as Own;

type Kind = "cast" | "request" | "own" | "needed_cast" | "needed_request";
const originOf = (kind: Kind): Origin => kind.endsWith("cast") ? null : kind.endsWith("request") ? request : own;
const isNeeded = (kind: Kind): boolean => kind.startsWith("needed");
const isCounted = (kind: Kind): boolean => kind !== "own" && !isNeeded(kind);

function take(mailbox: Mailbox): [unknown, Origin] {
  mailbox.next();
  const taken: [unknown, Origin] = [mailbox.args, mailbox.origin];
  mailbox.forget();
  return taken;
}

Deno.test("a mailbox keeps order and refuses one more than its bound", () => {
  const mailbox = new Mailbox({ max: 3, full: "refuse" });
  for (const n of [1, 2, 3]) assertEquals(mailbox.put(receiver, n, n === 2 ? request : null), "taken");
  assertEquals(mailbox.put(receiver, 4, null), "refused");
  assertEquals(mailbox.put(receiver, 5, request), "refused");
  assertEquals([take(mailbox), take(mailbox), take(mailbox)], [[1, null], [2, request], [3, null]]);
  assertEquals(mailbox.put(receiver, 6, null), "taken");
});

Deno.test("a full mailbox takes what the actor's own timers and tasks deliver", () => {
  const mailbox = new Mailbox({ max: 1, full: "refuse" });
  mailbox.put(receiver, 1, null);
  assertEquals(mailbox.put(receiver, 2, own), "taken");
  assertEquals(mailbox.put(receiver, 3, null), "refused");
  assertEquals(mailbox.length, 2);
});

Deno.test("a full mailbox takes what its policy says it always takes, requests and casts, and counts none of it", () => {
  const mailbox = new Mailbox({ max: 1, full: "refuse" });
  for (const n of [1, 2]) assertEquals(mailbox.put(always, n, n === 1 ? request : null), "taken");
  assertEquals(mailbox.put(receiver, 3, null), "taken");
  assertEquals(mailbox.put(receiver, 4, request), "refused");
  for (const n of [5, 6]) assertEquals(mailbox.put(always, n, n === 5 ? request : null), "taken");
  assertEquals([1, 2, 3, 4, 5].map(() => take(mailbox)[0]), [1, 2, 3, 5, 6]);
});

Deno.test("drop_oldest never gives up a cast that is always taken", () => {
  const mailbox = new Mailbox({ max: 1, full: "drop_oldest" });
  mailbox.put(always, "needed", null);
  mailbox.put(receiver, "old", null);
  assertEquals(mailbox.put(receiver, "new", null), "dropped_one");
  assertEquals([1, 2].map(() => take(mailbox)[0]), ["needed", "new"]);
  mailbox.put(always, "needed", null);
  mailbox.put(receiver, "request", request);
  assertEquals(mailbox.put(receiver, "new", null), "refused");
});

Deno.test("drop_oldest gives up the oldest cast of others, never a request or an own message", () => {
  const mailbox = new Mailbox({ max: 3, full: "drop_oldest" });
  mailbox.put(receiver, "request", request);
  mailbox.put(receiver, "own", own);
  mailbox.put(receiver, "old", null);
  mailbox.put(receiver, "new", null);
  assertEquals(mailbox.put(receiver, "newer", null), "dropped_one");
  assertEquals(mailbox.put(receiver, "request 2", request), "dropped_one");
  assertEquals([1, 2, 3, 4].map(() => take(mailbox)[0]), ["request", "own", "newer", "request 2"]);
  assertEquals(mailbox.length, 0);
});

Deno.test("drop_oldest refuses when only requests wait", () => {
  const mailbox = new Mailbox({ max: 1, full: "drop_oldest" });
  mailbox.put(receiver, 1, request);
  assertEquals(mailbox.put(receiver, 2, null), "refused");
  assertEquals(mailbox.put(receiver, 3, request), "refused");
});

Deno.test("a mailbox does as a plain list does, whatever is put and taken", () => {
  const puts = fc.record({
    put: fc.constantFrom<Kind>("cast", "request", "own", "needed_cast", "needed_request"),
    times: fc.integer({ min: 1, max: 40 }),
  });
  const takes = fc.record({ take: fc.integer({ min: 1, max: 60 }) });
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 30 }),
    fc.constantFrom("refuse" as const, "drop_oldest" as const),
    fc.array(fc.oneof(puts, takes), { maxLength: 60 }),
    (max, full, steps) => {
      const mailbox = new Mailbox({ max, full });
      let model: { n: number; kind: Kind }[] = [];
      let n = 0;
      for (const step of steps) {
        if ("take" in step) {
          for (let i = 0; i < step.take && model.length > 0; i++) {
            const { n, kind } = model.shift()!;
            assertEquals(take(mailbox), [n, originOf(kind)]);
          }
        } else {
          for (let i = 0; i < step.times; i++) {
            const message = { n: n++, kind: step.put };
            const isFull = isCounted(step.put) && model.filter(({ kind }) => isCounted(kind)).length >= max;
            const oldest = model.find(({ kind }) => kind === "cast");
            const expected = !isFull
              ? "taken"
              : full === "drop_oldest" && oldest !== undefined
              ? "dropped_one"
              : "refused";
            const to = isNeeded(message.kind) ? always : receiver;
            assertEquals(mailbox.put(to, message.n, originOf(message.kind)), expected);
            if (expected === "dropped_one") model = model.filter((other) => other !== oldest);
            if (expected !== "refused") model.push(message);
          }
        }
        assertEquals(mailbox.length, model.length);
      }
    },
  ));
});

Deno.test("a burst of 100,000 messages comes out in order, and the mailbox is still right afterwards", () => {
  const mailbox = new Mailbox({ max: 100_000, full: "refuse" });
  for (let burst = 0; burst < 2; burst++) {
    for (let n = 0; n < 100_000; n++) mailbox.put(receiver, n, null);
    for (let n = 0; n < 100_000; n++) if (take(mailbox)[0] !== n) throw new Error(`Message ${n} is out of order`);
  }
  for (let n = 0; n < 40; n++) { // each emptying gives back a half
    mailbox.put(receiver, n, null);
    assertEquals(take(mailbox)[0], n);
  }
  assertEquals(mailbox.length, 0);
});
