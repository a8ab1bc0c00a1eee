/** `devln pay`, on a node whose book is the test's. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Sender } from "../../../actors/actor.ts";
import { refTo } from "../../../actors/protocol.ts";
import { ClientWorld } from "../../testing/world.ts";
import { err, ok } from "../../../core/result.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../core/lightning/bolt11_write.ts";
import type { PaymentOutcome } from "../node/node.ts";
import { NodeError } from "../node/node.ts";
import type { LdkCall, PaymentState } from "../node/ldk/wire.ts";
import { runDevln } from "./commands.ts";
import { serveControl } from "./control.ts";

const PAID: PaymentOutcome = ok({ preimage: new Uint8Array(32).fill(9), feeMsat: 7n });
const PAID_TEXT = `paid; the preimage is ${"09".repeat(32)}; fee 7 msat`;
const INVOICE = writeBolt11({
  currency: "regtest",
  amountMsat: 5_000n,
  timestamp: 1_700_000_000n,
  expirySecs: 3_600n,
  paymentHash: "07".repeat(32),
  description: { tag: "Direct", value: "tea" },
  minFinalCltvExpiryDelta: 18n,
  paymentSecret: new Uint8Array(32).fill(4),
  features: FEATURES_BASIC,
  routeHints: [],
}, new Uint8Array(32).fill(3));

/** A node's book of one hash: what becomes of each payment, and how often it is looked at before that is known. */
async function withBook(ends: PaymentOutcome[], looks = 1) {
  const world = new ClientWorld(1), { platform } = world;
  let payment: { number: bigint; outcome: PaymentOutcome | null; looks: number } | null = null;
  const begun: bigint[] = [];
  const stateOf = (): PaymentState | null => payment && { number: payment.number, outcome: payment.outcome };
  const pay = (after: bigint | null): PaymentState => {
    if (payment === null || payment.outcome?.ok === false && payment.number === after) {
      payment = { number: (payment?.number ?? 0n) + 1n, outcome: null, looks };
      begun.push(payment.number);
    } else if (payment.outcome === null && payment.looks-- === 0) payment.outcome = ends.shift()!;
    return stateOf()!;
  };
  const answer = (call: LdkCall, args: unknown): unknown => {
    if (call === "channels") return [{ isActive: true, outboundMsat: 1_000_000n, inboundMsat: 0n }];
    return call === "payment" ? stateOf() : pay((args as { readonly after: bigint | null }).after);
  };
  const sender = {
    ask: (_: unknown, __: unknown, { call, args }: { readonly call: LdkCall; readonly args: unknown }) =>
      Promise.resolve(ok(answer(call, args))),
  } as unknown as Sender;
  await world.finish(platform.files.makeDirectory("/devln", { secret: true }));
  await world.finish(serveControl(platform, sender, refTo("ldk"), "/devln"));
  const begin = () => runDevln(platform, ["--dir", "/devln", "pay", INVOICE]);
  return { begun, begin, finish: <T>(work: Promise<T>) => world.finish(work) };
}

Deno.test("a payment that has failed is tried again by the next command, and one that was made is told", async () => {
  const { begun, begin, finish } = await withBook([err("RouteNotFound"), PAID]);
  const failed = await assertRejects(() => finish(begin()), NodeError);
  assertEquals(failed.message, "Not paid: RouteNotFound. Try again later, or ask the payee for a new invoice.");
  assertEquals(await finish(begin()), PAID_TEXT);
  assertEquals(await finish(begin()), PAID_TEXT);
  assertEquals(begun, [1n, 2n]);
});

Deno.test("commands at once follow one payment, also when an earlier one has failed", async () => {
  const { begun, begin, finish } = await withBook([err("RouteNotFound"), PAID], 5);
  const first = await finish(Promise.allSettled([begin(), begin(), begin()]));
  assertEquals(first.map(({ status }) => status), Array(3).fill("rejected"));
  assertEquals(await finish(Promise.all([begin(), begin(), begin()])), Array(3).fill(PAID_TEXT));
  assertEquals(begun, [1n, 2n]);
});
