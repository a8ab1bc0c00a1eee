/** What e-cash costs: told before, paid once, and never more than came in. A federation with fees. */
import { assertEquals, assertRejects } from "@std/assert";
import { EcashError } from "../../modules/mintv2/client/api.ts";
import { put, receive, setting, world } from "./paying.ts";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => world.finish(promise), EcashError)).code;
}

Deno.test("a small sum received beside one large note brings what it brings, and leaves the large note alone", async () => {
  const test = await setting();
  const { federation, mint } = test;
  await put(test, [await federation.note(20)]);
  const text = federation.text(await federation.note(10));
  assertEquals(await mint.quoteReceive(text), { amountMsat: 1_024n, arrivesMsat: 512n, feeMsat: 512n });
  assertEquals(await receive(test, text), [512n, 512n]);
  assertEquals(await mint.counts(), new Map([[9, 1], [20, 1]]));
  await test.done();
});

Deno.test("e-cash of which nothing would arrive is refused with its reason, and stays good", async () => {
  const test = await setting();
  const { federation, wallet, mint } = test;
  const note = await federation.note(9);
  assertEquals(await codeOf(mint.quoteReceive(federation.text(note))), "uneconomical");
  assertEquals(await codeOf(wallet.receive(federation.text(note))), "uneconomical");
  assertEquals(await codeOf(wallet.receive(federation.text(await federation.note(6)))), "uneconomical");
  assertEquals((await wallet.operations()).length, 0);
  assertEquals(await receive(test, federation.text(note, await federation.note(9))), [512n, 512n]);
  await test.done();
});

Deno.test("a quote tells what a payment costs, to the msat", async () => {
  const test = await setting();
  const { federation, wallet, mint } = test;
  const text = federation.text(await federation.note(22), await federation.note(17));
  const quoted = await mint.quoteReceive(text);
  assertEquals(await receive(test, text), [quoted.arrivesMsat, quoted.arrivesMsat]);
  for (const amountMsat of [100_000n, 1_234_567n, 512n]) {
    const { amountMsat: sentMsat, feeMsat, texts } = await mint.quoteSend(amountMsat);
    const beforeMsat = await wallet.getBalance();
    const sent = await world.finish(wallet.spend(amountMsat));
    assertEquals([sent.amountMsat, sent.further.length + 1], [sentMsat, texts]);
    assertEquals(beforeMsat - await wallet.getBalance(), sentMsat + feeMsat);
  }
  await test.done();
});

Deno.test("amounts of nothing or less, and beyond the balance, are refused before anybody is asked", async () => {
  const test = await setting();
  const { federation, wallet, mint } = test;
  await put(test, [await federation.note(12)]);
  federation.lie = ({ method }) => {
    if (method.startsWith("module_")) throw new Error("somebody was asked");
    return undefined;
  };
  for (const amountMsat of [0n, -1n, -2_000n]) {
    assertEquals(await codeOf(wallet.spend(amountMsat)), "zero_amount");
    assertEquals(await codeOf(Promise.resolve().then(() => mint.quoteSend(amountMsat))), "zero_amount");
  }
  for (const amountMsat of [4_097n, 2n ** 64n, 2n ** 80n]) {
    assertEquals(await codeOf(wallet.spend(amountMsat)), "insufficient_balance");
  }
  federation.lie = () => undefined;
  assertEquals([await wallet.getBalance(), (await wallet.operations()).length], [4_096n, 0]);
  await test.done();
});
