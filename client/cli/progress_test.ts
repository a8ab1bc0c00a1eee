import { assertEquals } from "@std/assert";
import type { OperationId } from "../../core/types/ids.ts";
import type { RecoveryStatus } from "../recovery/status.ts";
import { RecoveryProgress } from "./progress.ts";

const OPERATION = "5e".repeat(32) as OperationId;

function running(instance: number, kind: string, complete: number, total: number): RecoveryStatus {
  return { instance, kind, operationId: OPERATION, complete, total, status: "running" };
}

Deno.test("the time left is by what the last seconds brought, and of the module that takes longest", () => {
  const progress = new RecoveryProgress();
  const at = (ms: number, ...statuses: RecoveryStatus[]): string => {
    progress.add(ms, statuses);
    return progress.line();
  };
  assertEquals(at(0, running(0, "mintv2", 0, 0)), "mintv2 is looking");
  assertEquals(at(100, running(0, "mintv2", 0, 1_000)), "mintv2 0 % (0 of 1,000)");
  // before two seconds a speed is chance
  assertEquals(at(1_000, running(0, "mintv2", 10, 1_000)), "mintv2 1 % (10 of 1,000)");
  assertEquals(at(10_000, running(0, "mintv2", 100, 1_000)), "mintv2 10 % (100 of 1,000), about 90 seconds left");
  // faster from here on: after 15 s what was before counts no more
  for (let s = 11; s <= 25; s++) at(s * 1_000, running(0, "mintv2", 100 + (s - 10) * 20, 1_000));
  assertEquals(at(26_000, running(0, "mintv2", 420, 1_000)), "mintv2 42 % (420 of 1,000), about 29 seconds left");
  const two = at(27_000, running(0, "mintv2", 440, 1_000), running(1, "walletv2", 0, 10));
  assertEquals(two, "mintv2 44 % (440 of 1,000), walletv2 0 % (0 of 10), about 28 seconds left");
  const later = at(37_000, running(0, "mintv2", 640, 1_000), running(1, "walletv2", 1, 10));
  assertEquals(later, "mintv2 64 % (640 of 1,000), walletv2 10 % (1 of 10), about 90 seconds left");
  const done: RecoveryStatus = { ...running(0, "mintv2", 1_000, 1_000), status: "done", amountMsat: 1n, otherMsat: [] };
  const failed: RecoveryStatus = { ...running(1, "walletv2", 1, 10), status: "failed", error: "x" };
  assertEquals(at(38_000, done, failed), "mintv2 done, walletv2 failed");
});

Deno.test("what isn't done is never shown as all, a count that goes back makes no speed, and stillness has an age", () => {
  const progress = new RecoveryProgress();
  progress.add(0, [running(0, "toy", 500, 1_000)]);
  progress.add(5_000, [running(0, "toy", 1_000, 1_000)]);
  assertEquals(progress.line(), "toy 99 % (1,000 of 1,000), about 1 second left");
  progress.add(6_000, [running(0, "toy", 10, 1_000)]);
  assertEquals(progress.line(), "toy 1 % (10 of 1,000)");
  assertEquals(progress.stillMs(6_000), 0);
  progress.add(40_000, [running(0, "toy", 10, 1_000)]);
  assertEquals(progress.stillMs(40_000), 34_000);
  assertEquals(progress.line(), "toy 1 % (10 of 1,000)");
});
