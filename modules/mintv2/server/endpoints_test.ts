import { assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../../core/bytes.ts";
import type { StoreView } from "../../../actors/store/store.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { encode, list } from "../../../core/encoding/mod.ts";
import { EndpointError } from "../../contract/error.ts";
import { recoveryItem } from "../common.ts";
import { appendRecoveryItem, recoverySlice, setShare, shareKey } from "./db.ts";
import { mintEndpoints } from "./endpoints.ts";
import { OUTPUT_INDEX_END_MAX, RECOVERY_NONCES_MAX, SLICE_ITEMS_MAX } from "../limits.ts";
import type { TestGuardian } from "../testing/federation.ts";
import { processOutput, requestNote, testMint } from "../testing/federation.ts";

const mint = await testMint();

async function freshGuardian() {
  const [guardian] = (await testMint({ guardians: 1 })).guardians as [TestGuardian];
  return {
    ...guardian,
    call: (name: string, params: Json, signal = AbortSignal.timeout(5_000)) =>
      guardian.module.apiEndpoints[name]!.handle(params, { signal }),
  };
}

const txid = "11".repeat(32);
const rangeOf = (start: number, end: number, id = txid) => ({ txid: id, idx_range: { start, end } });

/** Processes outputs at the given positions of one transaction, in one commit, and returns the shares in order. */
async function issueAt(guardian: TestGuardian, positions: number[], id = txid): Promise<string[]> {
  await guardian.store.transact(async (tx) => {
    for (const outIdx of positions) {
      const result = await guardian.module.processOutput(tx, requestNote(mint.dice, 10).output, { txid: id, outIdx });
      assertEquals(result.ok, true);
    }
  });
  return await guardian.store.read((tx) =>
    Promise.all(positions.map(async (outIdx) => toHex((await tx.get(shareKey({ txid: id, outIdx })))!)))
  );
}

/** The same store, which tells how many wait for a change. */
function countingWaiters(store: StoreView): { readonly store: StoreView; readonly waiting: () => number } {
  let waiting = 0;
  return {
    waiting: () => waiting,
    store: {
      transact: (body, options) => store.transact(body, options),
      read: (body) => store.read(body),
      view: (prefix) => store.view(prefix),
      forStrangers: () => store.forStrangers(),
      changed: (prefix, signal) => {
        waiting++;
        return store.changed(prefix, signal).finally(() => waiting--);
      },
    },
  };
}

async function refused(attempt: Promise<Json>): Promise<void> {
  const error = await assertRejects(() => attempt, EndpointError);
  assertEquals(error.facts, { code: "bad_request", rpcCode: 400 });
}

/** Lets everything run that does not wait for something else. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("mintv2 answers at the five endpoints of the reference, all public", async () => {
  const { module } = await freshGuardian();
  assertEquals(Object.keys(module.apiEndpoints), [
    "signature_shares",
    "recovery_signature_shares",
    "recovery_slice",
    "recovery_slice_hash",
    "recovery_count",
  ]);
  assertEquals(Object.values(module.apiEndpoints).some((endpoint) => endpoint.admin), false);
  assertEquals(module.apiEndpoints.signature_shares!.since, { major: 0, minor: 2 });
});

Deno.test("signature shares come in the order of outputs, without foreign outputs in between", async () => {
  const guardian = await freshGuardian();
  const shares = await issueAt(guardian, [1, 2, 252, 253, 300]);
  assertEquals(await guardian.call("signature_shares", rangeOf(0, 301)), shares);
  assertEquals(await guardian.call("signature_shares", rangeOf(2, 254)), shares.slice(1, 4));
});

Deno.test("an empty or descending range has no shares, at once", async () => {
  const guardian = await freshGuardian();
  for (const range of [rangeOf(3, 3), rangeOf(5, 2)]) assertEquals(await guardian.call("signature_shares", range), []);
});

Deno.test("signature shares asked for before they exist come when the last of the range is stored", async () => {
  const guardian = await freshGuardian();
  let answered = false;
  const answer = guardian.call("signature_shares", rangeOf(0, 3)).finally(() => answered = true);
  await settle();
  await issueAt(guardian, [0, 1, 2], "22".repeat(32));
  await issueAt(guardian, [0, 1]);
  await settle();
  assertEquals(answered, false);
  const [third] = await issueAt(guardian, [2]);
  assertEquals((await answer as string[])[2], third);
  assertEquals((await answer as string[]).length, 3);
});

Deno.test("shares of a position that begins like the awaited one don't answer", async () => {
  const guardian = await freshGuardian();
  let answered = false;
  const answer = guardian.call("signature_shares", rangeOf(0, 254)).finally(() => answered = true);
  await issueAt(guardian, [252, 254, 509]);
  await settle();
  assertEquals(answered, false);
  await issueAt(guardian, [253]);
  assertEquals((await answer as string[]).length, 2);
});

Deno.test("waiting for shares ends with the caller, and leaves nobody waiting on the store", async () => {
  const guardian = await freshGuardian();
  const { store, waiting } = countingWaiters(guardian.store);
  const ask = (signal: AbortSignal) => mintEndpoints(store).signature_shares!.handle(rangeOf(0, 1), { signal });
  const caller = new AbortController();
  const answer = ask(caller.signal);
  await settle();
  assertEquals(waiting(), 1);
  caller.abort(new Error("gone"));
  await assertRejects(() => answer, Error, "gone");
  assertEquals(waiting(), 0);
  await issueAt(guardian, [0]);
  await ask(AbortSignal.timeout(5_000));
  await settle();
  assertEquals(waiting(), 0);
});

Deno.test("a range beyond what a transaction can hold is refused, one of its size is not", async () => {
  const guardian = await freshGuardian();
  await refused(guardian.call("signature_shares", rangeOf(0, OUTPUT_INDEX_END_MAX + 1)));
  await refused(guardian.call("signature_shares", { txid: "11", idx_range: { start: 0, end: 1 } }));
  const shares = await issueAt(guardian, [723]);
  assertEquals(await guardian.call("signature_shares", rangeOf(0, 724)), shares);
});

Deno.test("a recovering client gets shares by blinded nonce in its own order; an unknown one is a bad request", async () => {
  const guardian = await freshGuardian();
  const requests = [requestNote(mint.dice, 9), requestNote(mint.dice, 40)];
  const shares: string[] = [];
  for (const [outIdx, { output }] of requests.entries()) {
    await processOutput(guardian, output, { txid, outIdx });
    shares.push(toHex((await guardian.store.read((tx) => tx.get(shareKey({ txid, outIdx }))))!));
  }
  const nonces = requests.map(({ blindedNonce }) => toHex(blindedNonce));
  assertEquals(await guardian.call("recovery_signature_shares", nonces), shares);
  assertEquals(await guardian.call("recovery_signature_shares", nonces.toReversed()), shares.toReversed());
  assertEquals(await guardian.call("recovery_signature_shares", []), []);
  await refused(
    guardian.call("recovery_signature_shares", [nonces[0]!, toHex(requestNote(mint.dice, 9).blindedNonce)]),
  );
  await refused(guardian.call("recovery_signature_shares", ["c0"]));
  await refused(guardian.call("recovery_signature_shares", new Array(RECOVERY_NONCES_MAX + 1).fill(nonces[0]!)));
});

Deno.test("slices of the recovery log, their hashes and its length agree", async () => {
  const guardian = await freshGuardian();
  assertEquals(await guardian.call("recovery_count", null), 0);
  await guardian.store.transact(async (tx) => {
    for (let i = 0; i < 300; i++) {
      const nonceHash = new Uint8Array(20).fill(i);
      await appendRecoveryItem(
        tx,
        i % 2 === 0
          ? { tag: "Input", value: { nonceHash } }
          : { tag: "Output", value: { denomination: 10, nonceHash, tweak: new Uint8Array(16).fill(i) } },
      );
    }
  });
  assertEquals(await guardian.call("recovery_count", null), 300);
  const whole = await guardian.call("recovery_slice", [0, 300]) as Json[];
  assertEquals(whole.length, 300);
  assertEquals(whole[0], { Input: { nonce_hash: "00".repeat(20) } });
  assertEquals(whole[253], {
    Output: { denomination: 10, nonce_hash: "fd".repeat(20), tweak: new Array(16).fill(253) },
  });
  for (const [start, end] of [[0, 1], [250, 260], [299, 300], [290, 400], [300, 310], [5, 5], [7, 3]] as const) {
    assertEquals(await guardian.call("recovery_slice", [start, end]), whole.slice(start, Math.max(start, end)));
    const items = await guardian.store.read((tx) => recoverySlice(tx, start, Math.max(start, end)));
    const hash = toHex(sha256(encode(list(recoveryItem), items)));
    assertEquals(await guardian.call("recovery_slice_hash", [start, end]), hash);
  }
});

Deno.test("a slice that is too long is refused, one of an official client is not", async () => {
  const guardian = await freshGuardian();
  for (const name of ["recovery_slice", "recovery_slice_hash"]) {
    await refused(guardian.call(name, [0, SLICE_ITEMS_MAX + 1]));
    await refused(guardian.call(name, [0]));
    await refused(guardian.call(name, ["0", 1]));
    await refused(guardian.call(name, [0, 2n ** 64n]));
    await guardian.call(name, [0, 10_000]);
    await guardian.call(name, [1_000_000, 1_000_000 + SLICE_ITEMS_MAX]);
  }
});

Deno.test("a share of the same blinded nonce replaces the earlier one in recovery only", async () => {
  const guardian = await freshGuardian();
  const blinded = new Uint8Array(48).fill(1), [one, two] = [new Uint8Array(48).fill(2), new Uint8Array(48).fill(3)];
  await guardian.store.transact((tx) => {
    setShare(tx, { txid, outIdx: 0 }, blinded, one);
    setShare(tx, { txid, outIdx: 1 }, blinded, two);
  });
  assertEquals(await guardian.call("recovery_signature_shares", [toHex(blinded)]), [toHex(two)]);
  assertEquals(await guardian.call("signature_shares", rangeOf(0, 2)), [toHex(one), toHex(two)]);
});
