/** What e-cash costs: told before, paid once, and never more than came in. A federation with fees. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { FederationClient } from "../../client/mod.ts";
import { modulePrefix } from "../../client/database.ts";
import { ClientWorld } from "../../client/testing.ts";
import { EcashError } from "../../modules/mintv2/client_api.ts";
import type { MintClient } from "../../modules/mintv2/client_api.ts";
import { addNotes } from "../../modules/mintv2/client_db.ts";
import { REDEEMED_NOTES_MAX } from "../../modules/mintv2/limits.ts";
import { ecashNotes, parseEcash } from "../../modules/mintv2/ecash.ts";
import type { SpendableNote } from "../../modules/mintv2/ecash.ts";
import { MintFederation } from "./federation.ts";

const world = new ClientWorld(3);
const started = MintFederation.start(world, { fees: true });
let wallets = 0;

type Setting = {
  readonly federation: MintFederation;
  readonly wallet: FederationClient;
  readonly mint: MintClient;
  readonly done: () => Promise<void>;
};

async function setting(): Promise<Setting> {
  const federation = await started;
  const wallet = await federation.wallet(world, `wallet ${wallets++}`);
  const mint = wallet.client.module("mintv2").module.api as MintClient;
  return { federation, wallet, mint, done: () => world.finish(wallet.close()) };
}

/** @returns what came, by the balance and by the operation's own account */
async function receive({ wallet, mint }: Setting, text: string): Promise<[bigint, bigint]> {
  const beforeMsat = await wallet.getBalance();
  const { operationId } = await world.finish(wallet.receive(text));
  assertEquals(await world.finish(wallet.awaitReceive(operationId)), { ok: true, value: null });
  return [await wallet.getBalance() - beforeMsat, await mint.broughtMsat(operationId)];
}

async function put({ wallet }: Setting, notes: readonly SpendableNote[]): Promise<void> {
  const store = wallet.client.options.store.view(modulePrefix(wallet.client.primary().instance));
  const { durable } = await store.transact((tx) => addNotes(tx, notes));
  await durable;
}

async function noteCount({ mint }: Setting): Promise<number> {
  return [...(await mint.counts()).values()].reduce((sum, count) => sum + count, 0);
}

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

Deno.test("a wallet that receives ten times at once has no more notes than it needs, and goes on spending", async () => {
  const test = await setting();
  const { federation, wallet } = test;
  const other = await setting();
  const texts = await Promise.all(
    Array.from({ length: 10 }, async () => federation.text(await federation.note(23), await federation.note(20))),
  );
  const operations = await world.finish(Promise.all(texts.map((text) => wallet.receive(text))));
  for (const { operationId } of operations) await world.finish(wallet.awaitReceive(operationId));
  const count = await noteCount(test);
  assert(count < 200, `${count} notes`);
  const { ecash } = await world.finish(wallet.spend(5_000_123n));
  assert((await receive(other, ecash))[0] > 4_990_000n);
  const rest = await world.finish(wallet.spend(await wallet.getBalance()));
  assertEquals(await wallet.getBalance(), 0n);
  for (const text of [rest.ecash, ...rest.further]) assert((await receive(other, text))[0] > 0n);
  await other.done();
  await test.done();
});

Deno.test("more notes than a transaction redeems are sent as several texts, received as several transactions, and merged when asked", async () => {
  const test = await setting();
  const { federation, wallet, mint } = test;
  const other = await setting();
  const COUNT = REDEEMED_NOTES_MAX + 30;
  const notes: SpendableNote[] = [];
  for (let i = 0; i < COUNT; i++) notes.push(await federation.note(10));
  await put(test, notes);
  assertEquals((await mint.quoteSend(await wallet.getBalance())).texts, 2);
  const { ecash, further, operationId } = await world.finish(wallet.spend(await wallet.getBalance()));
  assertEquals([ecash, ...further].map((text) => ecashNotes(parseEcash(text)).length), [COUNT / 2, COUNT / 2]);
  const [entry] = await wallet.operations();
  assertEquals([entry!.operationId, entry!.outcome?.outcome], [operationId, "Success"]);
  // as of a program without such a bound
  const whole = federation.text(...notes);
  const { arrivesMsat } = await mint.quoteReceive(whole);
  assertEquals(await receive(test, whole), [arrivesMsat, arrivesMsat]);
  assert(await noteCount(test) < 120);
  for (const text of [ecash, ...further]) {
    const { operationId } = await world.finish(other.wallet.receive(text));
    const refused = await world.finish(other.wallet.awaitReceive(operationId));
    assert(!refused.ok, "the notes are spent");
  }
  const before = await noteCount(test);
  const many: SpendableNote[] = [];
  for (let i = 0; i < 60; i++) many.push(await federation.note(9));
  await put(test, many);
  assertEquals(await world.finish(mint.consolidate()), { ok: true, value: null });
  assert(await noteCount(test) < before);
  await other.done();
  await test.done();
});
