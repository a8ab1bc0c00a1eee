/** The embedded node behind the gateway's interface: what it is asked, over deaths of its process. */
import { assertEquals } from "@std/assert";
import type { Sender } from "../../../../actors/actor.ts";
import { ManualClock, settle } from "../../../../actors/testing/manual_clock.ts";
import type { Bolt11Invoice } from "../../../../core/lightning/bolt11.ts";
import { err } from "../../../../core/result.ts";
import { BEGIN_WITHIN_MS } from "./limits.ts";
import { ldkNode } from "./node.ts";
import type { LdkRef } from "./process.ts";
import type { LdkCalls } from "./wire.ts";

const REFUSED = { code: "unreachable", message: "It is restarting" };

Deno.test("a process that was away for long begins no payment: what it may bind was counted before", async () => {
  for (const [awayMs, cltvLimit] of [[BEGIN_WITHIN_MS - 2_000, 500], [BEGIN_WITHIN_MS + 2_000, 0]] as const) {
    const clock = new ManualClock(), asked: LdkCalls["pay"]["args"][] = [];
    let isThere = false;
    const sender = {
      ask: (_: LdkRef, type: string, message: { readonly args: LdkCalls["pay"]["args"] }) => {
        if (type === "change") return new Promise((resolve) => clock.setTimer(1_000, () => resolve(1)));
        if (!isThere) return Promise.resolve(err(REFUSED));
        asked.push(message.args);
        return Promise.resolve({ ok: true, value: { number: 1n, outcome: err("no way") } });
      },
    } as unknown as Sender;
    const node = ldkNode({ sender, process: {} as LdkRef, clock, network: "regtest", alias: "test" });
    const invoice = { text: "lnbcrt1" } as Bolt11Invoice;
    const paid = node.pay({ invoice, feeLimitMsat: 1n, cltvLimit: 500 });
    for (let passedMs = 0; passedMs < awayMs; passedMs += 500) {
      await settle();
      await clock.advance(500);
    }
    isThere = true;
    for (let step = 0; step < 10; step++) {
      await settle();
      await clock.advance(500);
    }
    assertEquals(await paid, err("no way"));
    assertEquals(asked.map((args) => args.cltvLimit), [cltvLimit]);
  }
});
