/** Passwords of operators: what strangers guess costs little, and keeps no operator out. */
import { assertEquals } from "@std/assert";
import { ManualClock } from "../../../actors/testing/manual_clock.ts";
import { AdminPassword, hashPassword } from "./password.ts";

const at = (hostname: string) => ({ hostname, port: 1 });

Deno.test("a stranger who guesses for hours keeps no operator out, and guesses slowly", async () => {
  const clock = new ManualClock();
  const password = new AdminPassword({ admin: await hashPassword("right", 4), liquidityManager: null }, clock);
  let looked = 0;
  for (let second = 0; second < 60; second++) {
    for (let guess = 0; guess < 5; guess++) {
      if (await password.roleOf(`wrong ${guess}`, at("203.0.113.5")) !== "busy") looked++;
    }
    await clock.advance(1_000);
  }
  assertEquals(looked <= 12, true, `${looked}`);
  assertEquals(await password.roleOf("right", at("203.0.113.6")), "admin");
  // and is known from then on
  assertEquals(await password.roleOf("right", at("203.0.113.5")), "admin");
});
