/** Every way in which the demo's sums can be off is told. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Holdings } from "./sums.ts";
import { checkMoved, heldBackMsat, sumMsat } from "./sums.ts";

const channel = { funding: "aa:0", sizeSats: 1_000n, gatewayMsat: 700_000n, outsideMsat: 280_000n };
const before: Holdings = {
  aliceMsat: 500_000n,
  bobMsat: 0n,
  gatewayMsat: 100_000n,
  surplusMsat: 10n,
  channels: [channel],
};
// Alice pays 40,000 with a fee of 300 and 7 for the guardians; Bob is paid 30,000, of which the gateway keeps 200
const after: Holdings = {
  aliceMsat: 459_693n,
  bobMsat: 29_797n,
  gatewayMsat: 110_500n,
  surplusMsat: 20n,
  channels: [{ ...channel, gatewayMsat: 690_000n, outsideMsat: 290_000n }],
};
const moved = { outMsat: 40_000n, inMsat: 30_000n };

Deno.test("sums that are right pass", () => {
  assertEquals([sumMsat(before), sumMsat(after)], [1_580_010n, 1_580_010n]);
  assertEquals(heldBackMsat(channel), 20_000n);
  checkMoved(before, after, moved);
});

Deno.test("one msat too many or too few anywhere is told", () => {
  const off = (change: Partial<Holdings>, paid = moved) => () => checkMoved(before, { ...after, ...change }, paid);
  for (const name of ["aliceMsat", "bobMsat", "gatewayMsat", "surplusMsat"] as const) {
    for (const step of [1n, -1n]) {
      assertThrows(off({ [name]: after[name] + step }), Error, `All together have ${step} msat more than before`);
    }
  }
  const [sides] = after.channels;
  const missing = { ...sides!, gatewayMsat: sides!.gatewayMsat - 1n };
  assertThrows(off({ channels: [missing] }), Error, "1 msat are missing in channel aa:0");
  // the payment came twice, and the gateway paid for it
  const twice = { ...sides!, gatewayMsat: 650_000n, outsideMsat: 330_000n };
  assertThrows(off({ channels: [twice] }), Error, "gained 50000 msat, but was paid 10000 msat");
  assertThrows(off({ channels: [] }), Error, "A channel is gone");
  assertThrows(off({ channels: [sides!, { ...sides!, funding: "bb:1" }] }), Error, "was not there before");
});
