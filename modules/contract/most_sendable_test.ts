import { assert, assertEquals } from "@std/assert";
import { err, ok } from "../../core/result.ts";
import type { Result } from "../../core/result.ts";
import type { ClientCore, FinalizeError, OutputBundle } from "./client_env.ts";
import { mostAffordable, mostSendable } from "./most_sendable.ts";

Deno.test("the most is found wherever it is, in few questions where it is near the top", async () => {
  for (const least of [0n, 1n, 5n]) {
    for (let most = least - 2n; most < least + 20n; most++) {
      for (let limit = least - 2n; limit <= most + 1n; limit++) {
        const found = await mostAffordable({ least, most }, (value) => Promise.resolve(value <= limit));
        const expected = limit < most ? limit : most;
        assertEquals(found, most < least || limit < least ? null : expected, `${least} ${most} ${limit}`);
      }
    }
  }
  let asked = 0;
  const most = 10n ** 18n, limit = most - 5_000n;
  assertEquals(
    await mostAffordable({ least: 1n, most }, (value) => {
      asked++;
      return Promise.resolve(value <= limit);
    }),
    limit,
  );
  assert(asked < 30, `asked ${asked} times`);
});

/** A wallet of one balance, whose fees rise by a step with each million msat. */
function walletOf(balanceMsat: bigint, failure: FinalizeError | null = null) {
  const core: Pick<ClientCore<null>, "quoteFee"> = {
    quoteFee: ({ outputs }): Promise<Result<bigint, FinalizeError>> => {
      const [msat = 0n] = outputs[0]!.outputs[0]!.amounts.values(), feeMsat = 1_000n + 100n * (msat / 1_000_000n);
      if (failure && msat <= balanceMsat) return Promise.resolve(err(failure));
      if (msat + feeMsat <= balanceMsat) return Promise.resolve(ok(feeMsat));
      return Promise.resolve(err({
        code: "insufficient_funds",
        requestedMsat: msat + feeMsat,
        availableMsat: balanceMsat,
      }));
    },
  };
  const funding = (msat: bigint) =>
    ({ outputs: [{ amounts: new Map([["bitcoin", msat]]) }] }) as unknown as OutputBundle<null>;
  const withFee = (msat: bigint): bigint => msat + 2_000n + msat * 3n / 1_000n;
  return { most: () => mostSendable(core, funding, withFee), withFee };
}

Deno.test("a wallet's most leaves what the gateway and the federation take, and one msat more is too much", async () => {
  for (const balanceMsat of [4_000n, 1_000_000n, 1_003_000n, 123_456_789n, 2n * 10n ** 15n]) {
    const { most, withFee } = walletOf(balanceMsat), found = await most();
    assert(found.ok && found.value > 0n);
    const costMsat = (msat: bigint): bigint => withFee(msat) + 1_000n + 100n * (withFee(msat) / 1_000_000n);
    assert(costMsat(found.value) <= balanceMsat);
    assert(costMsat(found.value + 1n) > balanceMsat);
  }
  for (const balanceMsat of [0n, 1n, 3_000n]) assertEquals(await walletOf(balanceMsat).most(), ok(0n));
});

Deno.test("what a smaller payment doesn't help with is told, and what it helps with isn't", async () => {
  assertEquals(await walletOf(10_000n, { code: "no_primary_module" }).most(), err({ code: "no_primary_module" }));
  assertEquals(await walletOf(10_000n, { code: "too_large", bytes: 2, bytesMax: 1 }).most(), ok(0n));
});
