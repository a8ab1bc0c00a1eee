/** Forwards: their contracts are funded when nothing can go wrong, once, and they end as the contracts end. */
import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { utf8 } from "../../../core/bytes.ts";
import { err, ok } from "../../../core/result.ts";
import { orEnded } from "../../contract/waiting.ts";
import type { IncomingContractOffer } from "../contracts.ts";
import { BLOCK_COUNT, HASH, incomingOf, incomingOutput, offerOf, offerOutput, testLn } from "../testing/guardians.ts";
import type { Forward } from "./relaying.ts";
import { PREIMAGE, testLnGateway } from "./testing/gateway.ts";

const never = new AbortController().signal;
const OFFER_MSAT = 100_000n;

function forwardOf(changes: Partial<Forward> = {}): Forward {
  return {
    paymentHash: HASH,
    circuit: { channel: 7n, htlc: 1n },
    heldMsat: OFFER_MSAT,
    expiryHeight: BigInt(BLOCK_COUNT) + 100n,
    blockHeight: BigInt(BLOCK_COUNT) - 1n,
    ...changes,
  };
}

async function receiving({ balanceMsat = 1_000_000n, offered = true, ...changes }: {
  readonly balanceMsat?: bigint;
  readonly offered?: boolean;
  readonly plaintext?: Bytes;
} & Partial<IncomingContractOffer> = {}) {
  const world = await testLn(), at = await testLnGateway(world, { balanceMsat });
  const offer = offerOf(world.guardians.config, changes);
  if (offered) assertEquals((await world.guardians.output(offerOutput(offer))).ok, true);
  return { world, offer, ...at };
}

Deno.test("a forward's contract is funded once, its preimage bought, and told as often as it is asked for", async () => {
  const { client } = await receiving(), forward = forwardOf();
  for (let told = 0; told < 2; told++) {
    assertEquals(await client.until(client.api.relay(forward, never)), ok(null));
  }
  for (let told = 0; told < 2; told++) {
    assertEquals(await client.until(client.api.awaitRelayed(HASH, never)), PREIMAGE);
  }
  // it is told, and may have been lost on its way
  assertEquals(await client.api.unanswered(), [{ paymentHash: HASH, circuit: forward.circuit }]);
  assertEquals((await client.pending()).inDoubtMsat, OFFER_MSAT);
  for (let kept = 0; kept < 2; kept++) await client.until(client.api.answered(HASH, PREIMAGE));
  assertEquals([await client.api.unanswered(), client.balanceMsat], [[], 1_000_000n - OFFER_MSAT]);
  assertEquals((await client.pending()).inDoubtMsat, 0n);
  // the node tells of it again
  assertEquals(await client.until(client.api.relay(forward, never)), ok(null));
  assertEquals(client.events.map(({ kind }) => kind), [
    "incoming-payment-started",
    "incoming-payment-succeeded",
    "complete-lightning-payment-succeeded",
  ]);
  assertEquals(client.events[0]!.payload, {
    contract_id: HASH,
    payment_hash: HASH,
    invoice_amount: 100_000,
    contract_amount: 100_000,
    operation_id: HASH,
  });
  assertEquals([...client.logged.values()], ["Receive"]);
  client.close();
});

Deno.test("an offer that hides no preimage is taken back, and the forward goes back", async () => {
  const { client } = await receiving({ plaintext: utf8("not a key of the recipient: 33 b.") });
  assertEquals(await client.until(client.api.relay(forwardOf(), never)), ok(null));
  assertEquals(await client.until(client.api.awaitRelayed(HASH, never)), null);
  await client.until(client.api.answered(HASH, null));
  await client.pass(2_000);
  assertEquals([client.balanceMsat, await client.api.unanswered()], [1_000_000n, []]);
  assertEquals(client.events.map(({ kind }) => kind), ["incoming-payment-started", "incoming-payment-failed"]);
  client.close();
});

Deno.test("nothing is funded for less than the offer, too late, without an offer or the money, or a second time", async () => {
  const late = BigInt(BLOCK_COUNT) - 1n + 30n;
  for (
    const [changes, options, outcome] of [
      [{ heldMsat: OFFER_MSAT - 1n }, {}, err("offer_too_dear")],
      [{ expiryHeight: late }, {}, err("too_late")],
      // a node that is behind: guardians know better
      [{ expiryHeight: late, blockHeight: 100n }, {}, err("too_late")],
      [{}, { offered: false }, err("no_offer")],
      [{}, { balanceMsat: OFFER_MSAT - 1n }, err("not_funded")],
      [{ expiryHeight: late + 1n }, {}, ok(null)],
    ] as const
  ) {
    const { client } = await receiving(options), had = client.balanceMsat;
    assertEquals(await client.until(client.api.relay(forwardOf(changes), never)), outcome);
    assertEquals(await client.api.isBought(HASH), outcome.ok);
    if (!outcome.ok) assertEquals(client.balanceMsat, had);
    client.close();
  }
});

Deno.test("a contract that somebody else has funded is not funded again: the money would be theirs", async () => {
  const { world, offer, client } = await receiving();
  assertEquals((await world.guardians.output(incomingOutput(incomingOf(offer)))).ok, true);
  // below version 2.1 the offer can be made again
  const again = await world.guardians.output(offerOutput(offer));
  assertEquals(
    await client.until(client.api.relay(forwardOf(), never)),
    err(again.ok ? "contract_exists" as const : "no_offer" as const),
  );
  assertEquals(client.balanceMsat, 1_000_000n);
  client.close();
});

Deno.test("a second HTLC for the same hash goes back, and so does one whose preimage was bought for a swap", async () => {
  const { client } = await receiving(), second = forwardOf({ circuit: { channel: 7n, htlc: 2n } });
  assertEquals(await client.until(client.api.relay(forwardOf(), never)), ok(null));
  assertEquals(await client.until(client.api.relay(second, never)), err("other_payment" as const));
  client.close();
  const swapped = await receiving();
  assertEquals(await swapped.client.until(swapped.client.api.buy(HASH, OFFER_MSAT, never)), ok(null));
  assertEquals(await swapped.client.until(swapped.client.api.buy(HASH, OFFER_MSAT, never)), ok(null));
  const bought = await swapped.client.until(swapped.client.api.awaitBought(HASH, never));
  assertEquals(bought, { tag: "Success", preimage: PREIMAGE });
  assertEquals(await swapped.client.until(swapped.client.api.relay(forwardOf(), never)), err("other_payment" as const));
  // a swap is no payment over Lightning: the log has nothing of it
  assertEquals([swapped.client.events.length, await swapped.client.api.unanswered()], [0, []]);
  swapped.client.close();
});

Deno.test("two HTLCs at once for the same hash: one has the contract, the other goes back", async () => {
  const { client } = await receiving(), second = forwardOf({ circuit: { channel: 8n, htlc: 2n } });
  const both = await client.until(
    Promise.all([client.api.relay(forwardOf(), never), client.api.relay(second, never)]),
  );
  assertEquals(both.filter(({ ok }) => ok).length, 1);
  assertEquals(client.balanceMsat, 1_000_000n - OFFER_MSAT);
  client.close();
});

Deno.test("guardians that refuse the funding cost nothing, and the forward goes back", async () => {
  const { client } = await receiving();
  client.refuse = "no";
  assertEquals(await client.until(client.api.relay(forwardOf(), never)), ok(null));
  assertEquals(await client.until(client.api.awaitRelayed(HASH, never)), null);
  await client.until(client.api.answered(HASH, null));
  assertEquals([client.balanceMsat, await client.api.unanswered()], [1_000_000n, []]);
  client.close();
});

Deno.test("a forward whose node has gone meanwhile is not funded", async () => {
  const { client } = await receiving(), gone = new AbortController();
  gone.abort(new Error("the node has gone"));
  const relayed = client.api.relay(forwardOf(), gone.signal).then(() => "funded", () => "not known");
  assertEquals(await client.until(relayed), "not known");
  assertEquals([await client.api.isBought(HASH), client.balanceMsat], [false, 1_000_000n]);
  client.close();
});

Deno.test("guardians that don't answer within ten seconds get no money", async () => {
  const { world, client } = await receiving();
  for (const { module } of world.guardians.guardians) {
    Object.defineProperty(module.apiEndpoints, "block_count", {
      value: { handle: () => new Promise<never>(() => {}) },
    });
  }
  assertEquals(await client.until(client.api.relay(forwardOf(), never)), err("federation_unreachable" as const));
  assertEquals(await client.api.isBought(HASH), false);
  client.close();
});

Deno.test("a wallet that must exchange notes for long funds nothing, neither then nor later", async () => {
  for (const kind of ["forward", "swap"] as const) {
    const { client } = await receiving(), ready = Promise.withResolvers<void>();
    client.beforeSubmit = (signal) => orEnded(signal!, () => ready.promise);
    const begin = () =>
      kind === "forward" ? client.api.relay(forwardOf(), never) : client.api.buy(HASH, 100_000n, never);
    assertEquals(await client.until(begin()), err("not_funded" as const));
    ready.resolve();
    await client.pass(60_000);
    assertEquals([await client.api.isBought(HASH), client.balanceMsat], [false, 1_000_000n]);
    // in time it does
    assertEquals(await client.until(begin()), ok(null));
    client.close();
  }
});
