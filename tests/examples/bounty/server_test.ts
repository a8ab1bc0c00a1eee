/** Money in and out of bounties, as guardians decide it. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { BITCOIN_UNIT, err, ok, outPoint, u64, U64_MAX } from "../../../modules/contract/mod.ts";
import type { OutPoint, Result } from "../../../modules/contract/mod.ts";
import { answerKey } from "./answer.ts";
import type { BountyInput, BountyOutput } from "./common.ts";
import { bountyServer } from "./server.ts";
import { AMOUNT_MSAT_MIN, OPEN_SECS_MAX, PAGE_MAX } from "./limits.ts";
import { ANSWER, bountyOf, guardiansAt, NOW_SECS, QUESTION } from "./testing.ts";

const lockOf = (changes = {}): BountyOutput => ({ tag: "V0", value: bountyOf(changes) });
const claimOf = (id: OutPoint): BountyInput => ({ tag: "Claim", value: id });
const refundOf = (id: OutPoint): BountyInput => ({ tag: "Refund", value: id });
const msat = (amountMsat: bigint) => new Map([[BITCOIN_UNIT, amountMsat]]);
/** What guardians say to it: `ok`, or the error's name. */
const verdict = <T extends { readonly tag: string }>(said: Result<unknown, T>): string =>
  said.ok ? "ok" : said.error.tag;

Deno.test("a bounty is owed from its making on, and paid out once to who signs with the answer's key", async () => {
  const { guardians } = await guardiansAt(NOW_SECS);
  const { txid, outIdx } = guardians.newTransaction(), id = { txid, outIdx };
  assertEquals(await guardians.audit(), 0n);
  assertEquals(await guardians.output(lockOf(), id), ok({ amounts: msat(50_000n), fees: msat(1_000n) }));
  assertEquals(await guardians.audit(), -50_000n);
  assertEquals(await guardians.input(claimOf(id)), {
    ok: true,
    value: { amounts: msat(50_000n), fees: msat(100n), publicKey: answerKey(QUESTION, ANSWER) },
  });
  assertEquals(await guardians.audit(), 0n);
  assertEquals(verdict(await guardians.input(claimOf(id))), "NoSuchBounty");
  const votes = (await guardians.stored()).filter((line) => line.startsWith("03"));
  assertEquals(await guardians.stored(), ["02: 00", ...votes], "what was paid out is forgotten");
});

Deno.test("before the deadline it can be claimed and not taken back, from then on the other way round", async () => {
  const { clock, guardians } = await guardiansAt(NOW_SECS);
  const ids = [guardians.newTransaction(), guardians.newTransaction()].map(({ txid, outIdx }) => ({ txid, outIdx }));
  for (const id of ids) await guardians.output(lockOf(), id);
  assertEquals(verdict(await guardians.input(refundOf(ids[0]!))), "TooEarly");
  await clock.advance(599_000);
  await guardians.agree();
  assertEquals(verdict(await guardians.input(refundOf(ids[0]!))), "TooEarly");
  assertEquals(verdict(await guardians.input(claimOf(ids[1]!))), "ok", "in the last second");
  await clock.advance(1_000);
  await guardians.agree();
  assertEquals(verdict(await guardians.input(claimOf(ids[0]!))), "TooLate");
  const back = await guardians.input(refundOf(ids[0]!));
  assertEquals(back.ok && back.value.publicKey, bountyOf().refundKey);
  assertEquals(verdict(await guardians.input(refundOf(ids[0]!))), "NoSuchBounty");
  assertEquals(await guardians.audit(), 0n);
});

Deno.test("what is too small, too much, over already or open for too long is refused and leaves nothing", async () => {
  const { guardians } = await guardiansAt(NOW_SECS);
  const before = await guardians.stored();
  const bad: [object, string][] = [
    [{ amountMsat: 0n }, "AmountTooSmall"],
    [{ amountMsat: AMOUNT_MSAT_MIN - 1n }, "AmountTooSmall"],
    [{ deadlineSecs: 0n }, "DeadlinePassed"],
    [{ deadlineSecs: NOW_SECS }, "DeadlinePassed"],
    [{ deadlineSecs: NOW_SECS + OPEN_SECS_MAX + 1n }, "DeadlineTooFar"],
    [{ deadlineSecs: U64_MAX }, "DeadlineTooFar"],
  ];
  for (const [changes, tag] of bad) assertEquals(verdict(await guardians.output(lockOf(changes))), tag);
  assertEquals(await guardians.stored(), before);
  for (
    const good of [{ amountMsat: AMOUNT_MSAT_MIN }, { deadlineSecs: NOW_SECS + 1n }, {
      deadlineSecs: NOW_SECS + OPEN_SECS_MAX,
    }]
  ) {
    assertEquals(verdict(await guardians.output(lockOf(good))), "ok");
  }
});

Deno.test("no amounts overflow the books: a transaction's money is counted only after its outputs", async () => {
  const { guardians } = await guardiansAt(NOW_SECS);
  assertEquals(verdict(await guardians.output(lockOf({ amountMsat: U64_MAX - AMOUNT_MSAT_MIN }))), "ok");
  assertEquals(verdict(await guardians.output(lockOf({ amountMsat: AMOUNT_MSAT_MIN + 1n }))), "AmountTooLarge");
  assertEquals(verdict(await guardians.output(lockOf({ amountMsat: AMOUNT_MSAT_MIN }))), "ok");
  assertEquals(await guardians.audit(), -U64_MAX);
});

Deno.test("as long as guardians don't agree on the time no bounty is made", async () => {
  const { guardians } = await guardiansAt(0n);
  assertEquals(verdict(await guardians.output(lockOf())), "DeadlineTooFar");
});

Deno.test("versions of a later module are refused with their number", async () => {
  const { guardians } = await guardiansAt(NOW_SECS);
  const later = { tag: "Default", value: { variant: 7n, bytes: new Uint8Array(3) } } as const;
  assertEquals(await guardians.output(later as never), err({ tag: "UnknownOutputVariant", value: { variant: 7n } }));
  assertEquals(await guardians.input(later as never), err({ tag: "UnknownInputVariant", value: { variant: 7n } }));
  assertEquals(await guardians.item(later as never, 0), err("unknown kind of item 7"));
});

Deno.test("a federation without base fees takes none", async () => {
  const { guardians } = await guardiansAt(NOW_SECS, { disableBaseFees: true });
  const made = await guardians.output(lockOf());
  assertEquals(made.ok && made.value.fees, new Map());
});

Deno.test("open bounties are listed by pages, and each is found by its name until it is gone", async () => {
  const { guardians } = await guardiansAt(NOW_SECS);
  const ids: OutPoint[] = [];
  for (let i = 0; i < PAGE_MAX + 2; i++) {
    const { txid } = guardians.newTransaction();
    ids.push({ txid, outIdx: i % 300 });
    await guardians.output(lockOf(), ids[i]);
  }
  const page = async (after: OutPoint | null) =>
    (await guardians.ask("bounties", after && outPoint.toJson(after)) as { id: never }[]).map(({ id }) =>
      outPoint.fromJson(id)
    );
  const first = await page(null), second = await page(first.at(-1)!);
  assertEquals([first.length, second.length], [PAGE_MAX, 2]);
  assertEquals([...first, ...second], ids, "each once");
  assertEquals(await page(second.at(-1)!), []);
  const one = () => guardians.ask("bounty", outPoint.toJson(ids[5]!));
  assertNotEquals(await one(), null);
  await guardians.input(claimOf(ids[5]!));
  assertEquals(await one(), null);
  assertEquals(u64.fromJson(await guardians.ask("time")), NOW_SECS);
});

Deno.test("what clients get is the config's encoding", () => {
  const { codecs, getClientConfig } = bountyServer;
  const config = { lockFeeMsat: 1_000n, claimFeeMsat: 100n };
  assertEquals(getClientConfig(config).json, { lock_fee_msat: 1_000, claim_fee_msat: 100 });
  assertEquals(codecs.config.fromJson(getClientConfig(config).json), config);
});
