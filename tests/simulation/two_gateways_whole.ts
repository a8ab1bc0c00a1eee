/** Two gateways between two federations and the Lightning network outside, in trouble. */
import { assertEnded, troubledGateways } from "./lightning_trouble.ts";

Deno.test("payments through two gateways, within each and from one to the other, end once and nobody loses while all of them are killed", async () => {
  const options = { seed: 21, total: 1, rounds: 1, gateways: 2 };
  assertEnded(await troubledGateways(options), options);
});
