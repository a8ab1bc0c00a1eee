import { assertEquals } from "@std/assert";
import { ManualClock } from "../../actors/testing/manual_clock.ts";
import { Callers } from "./callers.ts";
import { REQUESTS_OF_PROXY, REQUESTS_OF_SOURCE } from "./limits.ts";

const at = (hostname: string) => ({ hostname, port: 1 });

function admitted(callers: Callers, hostname: string, asked: number): number {
  let count = 0;
  for (let ask = 0; ask < asked; ask++) if (callers.mayAsk(at(hostname))) count++;
  return count;
}

Deno.test("a stranger's flood is cut off at its bound, and takes nothing from others; what is left comes back with time", async () => {
  const clock = new ManualClock(), callers = new Callers(clock);
  assertEquals(admitted(callers, "203.0.113.5", 1_000), REQUESTS_OF_SOURCE.burst);
  assertEquals(admitted(callers, "203.0.113.6", 1), 1);
  // one network of a customer is one stranger
  assertEquals(admitted(callers, "2001:db8::1", 1_000), REQUESTS_OF_SOURCE.burst);
  assertEquals(admitted(callers, "2001:db8::2", 1), 0);
  assertEquals(admitted(callers, "127.0.0.1", 10_000), REQUESTS_OF_PROXY.burst);
  await clock.advance(1_000);
  assertEquals(admitted(callers, "203.0.113.5", 1_000), REQUESTS_OF_SOURCE.tokens);
});
