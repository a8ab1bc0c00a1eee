import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { defineActor, next, reply } from "../actor.ts";
import { type Cast, refTo, type Request } from "../protocol.ts";
import { child } from "../supervisor.ts";
import { settle, withSystem } from "../_test_platform.ts";
import { SLICE_MESSAGES, TURN_MESSAGES } from "../limits.ts";

type Player = Cast<"ball", null> | Request<"ping", null, string>;

/** Sends the ball back for ever. */
const player = (name: string, other: string) =>
  defineActor<Player, null, number>({
    name,
    init: () => 0,
    handle: {
      ball: (count, _args, ctx) => {
        ctx.tell(refTo<Player>(`root/${other}`), "ball", null);
        return next(count + 1);
      },
      ping: (count) => reply(count, "pong"),
    },
    inspect: (count) => ({ count }),
  });

Deno.test("messages without end do not shut out timers", () =>
  withSystem([child(player("a", "b"), { args: null }), child(player("b", "a"), { args: null })], async ({ system, clock }) => {
    let fired = 0;
    clock.platform.clock.setTimer(0, () => fired++);
    system.tell(refTo<Player>("root/a"), "ball", null);
    await clock.advance(0).then(() => {}, () => {}); // would never come to rest
    assertEquals(fired, 1);
  }));

Deno.test("requests without end do not shut out timers either", async () => {
  await withSystem([child(player("a", "b"), { args: null })], async ({ system, clock }) => {
    let fired = false;
    clock.platform.clock.setTimer(0, () => fired = true);
    let asked = 0;
    const asker = (async () => {
      while (!fired) {
        await system.ask(refTo<Player>("root/a"), "ping", null);
        asked++;
      }
    })();
    await settle(); // the slice is used up
    assert(!fired && asked >= SLICE_MESSAGES && asked < SLICE_MESSAGES * 1.01, `${asked} were answered`);
    await clock.advance(0);
    await asker;
    assert(fired);
  });
});
