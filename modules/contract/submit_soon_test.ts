/** What is late is not submitted; what is submitted is never called late. */
import { assertEquals, assertRejects } from "@std/assert";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import { err, ok } from "../../core/result.ts";
import type { OperationId, OutPointRange } from "../../core/types/ids.ts";
import type { ClientCore, NewTransaction } from "./client_env.ts";
import { submitSoon } from "./submit_soon.ts";
import { endedBy, orEnded, WaitError } from "./waiting.ts";

const TRANSACTION: NewTransaction<never> = {
  operationId: "11".repeat(32) as OperationId,
  inputs: [],
  outputs: [],
  meta: () => null,
};
const CHANGE: OutPointRange = { txid: "22".repeat(32) as OutPointRange["txid"], idxRange: { start: 0, end: 0 } };

function wallet(submit: ClientCore<never>["submit"], signal?: AbortSignal) {
  const clock = new ManualClock(), transaction = { ...TRANSACTION, ...(signal && { signal }) };
  return { clock, submitted: submitSoon({ submit }, transaction, { clock, withinMs: 1_000 }) };
}

Deno.test("a wallet that is ready submits, and says what it can't", async () => {
  for (const outcome of [ok(CHANGE), err({ code: "fragmented", needMsat: 5n } as const)]) {
    const { clock, submitted } = wallet(() => Promise.resolve(outcome));
    assertEquals(await submitted, outcome);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("a wallet that takes too long gives up what it waits for, and is late", async () => {
  const { clock, submitted } = wallet(({ signal }) => orEnded(signal!, () => new Promise<never>(() => {})));
  await clock.advance(999);
  await settle();
  await clock.advance(1);
  assertEquals(await submitted, err({ code: "late" }));
});

Deno.test("what it submits at the last moment is submitted, and counts", async () => {
  const done = Promise.withResolvers<void>();
  const { clock, submitted } = wallet(() => done.promise.then(() => ok(CHANGE)));
  await clock.advance(2_000);
  done.resolve();
  assertEquals(await submitted, ok(CHANGE));
});

Deno.test("a failure of its own, and the caller's signal, are what they are", async () => {
  const broken = wallet(({ signal }) =>
    new Promise((_, reject) => signal!.addEventListener("abort", () => reject(new Error("broken"))))
  );
  const failed = assertRejects(() => broken.submitted, Error, "broken");
  await broken.clock.advance(1_000);
  await failed;
  const caller = new AbortController();
  const given = wallet(
    ({ signal }) => new Promise((_, reject) => signal!.addEventListener("abort", () => reject(endedBy(signal)))),
    caller.signal,
  );
  const ended = assertRejects(() => given.submitted, WaitError);
  caller.abort(new Error("enough"));
  assertEquals((await ended).code, "aborted");
});
