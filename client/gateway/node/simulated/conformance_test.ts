import { SimulatedDice } from "../../../../actors/platform/simulated/dice.ts";
import { ManualClock } from "../../../../actors/testing/manual_clock.ts";
import { NODE_CASES } from "../testing/conformance.ts";
import { faultsOf, NO_FAULTS } from "./faults.ts";
import { SimulatedLightning } from "./lightning.ts";

const RICH = { localMsat: 100_000_000n, remoteMsat: 100_000_000n };
const DAYS = {
  "on a good day": NO_FAULTS,
  "when all is late, comes in parts and is told twice": faultsOf({ lateMs: 500, partsMax: 5, toldTwice: 0.5 }),
};

for (const [day, faults] of Object.entries(DAYS)) {
  for (const { name, run } of NODE_CASES) {
    Deno.test(`a simulated node ${name}, ${day}`, async () => {
      const clock = new ManualClock(), dice = new SimulatedDice(name, day);
      const lightning = new SimulatedLightning({ clock, dice });
      const [node, outside] = [lightning.node("node", RICH), lightning.node("outside", RICH)];
      node.faults = outside.faults = faults;
      let isOver = false;
      const done = run({
        node: node.connect(),
        outside: outside.connect(),
        stop: () => Promise.resolve(node.stop()),
        start: () => Promise.resolve(node.start()),
        bytes: (size) => dice.bytes(size),
        nowSecs: () => Math.floor(clock.nowMs() / 1_000),
      }).finally(() => isOver = true);
      done.catch(() => undefined); // it is awaited below
      for (let i = 0; i < 10_000 && !isOver; i++) await clock.advance(50);
      if (!isOver) throw new Error("it does not come to an end");
      await done;
    });
  }
}
