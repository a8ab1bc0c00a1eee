import { assertEquals, assertRejects } from "@std/assert";
import { hash160 } from "../../core/bitcoin/script.ts";
import { InvariantError } from "../../core/assert.ts";
import { MemoryBackend } from "../../actors/store/memory.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { bls } from "../../core/crypto/bls/mod.ts";
import { messageToPoint, verifyNote, verifyShare } from "../../core/crypto/tbs.ts";
import { decodeHex, encodeHex } from "../../core/encoding/mod.ts";
import { dump, testStore } from "../contract/testing/mod.ts";
import type { MintInput, MintOutput, Note } from "./common.ts";
import { mintInput, mintInputError, mintOutput, mintOutputError } from "./common.ts";
import { issuedCount, recoveryCount, recoverySlice, shareKey } from "./server/db.ts";
import type { TestGuardian } from "./testing/federation.ts";
import {
  freshOutPoint,
  inputOf,
  issueNote,
  processInputs,
  processOutput,
  requestNote,
  testMint,
} from "./testing/federation.ts";

/**
 * Dealing 42 keys takes a moment; tests that issue or redeem notes start from one federation and look at fresh notes
 * only.
 */
const mint = await testMint();
const [guardian] = mint.guardians as [TestGuardian];

/** `index: encoding` of what an official guardian answers. */
async function refusal(inputs: readonly MintInput[], prepare = false): Promise<string | null> {
  if (prepare) await guardian.module.prepareInputs!([inputs]);
  const result = await processInputs(guardian, inputs);
  return result.ok ? null : `${result.error.index}: ${encodeHex(mintInputError, result.error.error)}`;
}

function withSignature(note: Note, signature: Uint8Array): Note {
  return { ...note, signature: bls.g1.decode(signature) };
}

Deno.test("a note that all guardians signed is valid, and each share is of the guardian's key", async () => {
  const request = requestNote(mint.dice, 10);
  const at = freshOutPoint(mint.dice);
  for (const [peer, { store, module }] of mint.guardians.entries()) {
    await processOutput({ store, module }, request.output, at);
    const share = bls.g1.decode((await store.read((tx) => tx.get(shareKey(at))))!);
    assertEquals(verifyShare(request.blindedNonce, share, mint.config.tbsPks.get(10)!.get(peer)!), true);
  }
  const note = await issueNote(mint, 41);
  assertEquals(verifyNote(messageToPoint(note.nonce), note.signature, mint.config.tbsAggPks.get(41)!), true);
});

Deno.test("redeeming a note brings its value, costs the base fee and needs its nonce's key", async () => {
  const note = await issueNote(mint, 12);
  const result = await processInputs(guardian, [inputOf(note)]);
  assertEquals(result, {
    ok: true,
    value: [{ amounts: new Map([[0n, 4096n]]), fees: new Map([[0n, 100n]]), publicKey: note.nonce }],
  });
});

Deno.test("issuing a note takes its value and the base fee", async () => {
  const { output } = requestNote(mint.dice, 9);
  assertEquals(await processOutput(guardian, output, freshOutPoint(mint.dice)), {
    ok: true,
    value: { amounts: new Map([[0n, 512n]]), fees: new Map([[0n, 100n]]) },
  });
});

Deno.test("a federation without base fees charges nothing, and amounts hold no zero", async () => {
  const free = await testMint({ guardians: 1, seed: 2, disableBaseFees: true });
  const note = await issueNote(free, 0);
  assertEquals(await processInputs(free.guardians[0]!, [inputOf(note)]), {
    ok: true,
    value: [{ amounts: new Map([[0n, 1n]]), fees: new Map(), publicKey: note.nonce }],
  });
});

Deno.test("inputs are refused with the official errors in the official order of checks", async () => {
  const note = await issueNote(mint, 11);
  const other = await issueNote(mint, 11);
  const stolen = withSignature(note, other.signature);
  for (const prepare of [false, true]) {
    const unknown = decodeHex(mintInput, "fd00fd00");
    assertEquals(await refusal([unknown], prepare), "0: 0003fd00fd");
    // denomination before signature
    assertEquals(await refusal([inputOf({ ...stolen, denomination: 42 })], prepare), "0: 0200");
    assertEquals(await refusal([inputOf({ ...note, denomination: 255 })], prepare), "0: 0200");
    assertEquals(await refusal([inputOf(stolen)], prepare), "0: 0300");
    assertEquals(await refusal([inputOf({ ...note, denomination: 12 })], prepare), "0: 0300");
  }
  assertEquals(await refusal([inputOf(note)]), null);
  for (const prepare of [false, true]) {
    // signature before spent
    assertEquals(await refusal([inputOf(stolen)], prepare), "0: 0300");
    assertEquals(await refusal([inputOf(note)], prepare), "0: 0100");
  }
});

Deno.test("a note signed with infinity, or with a point of another note, is only an invalid signature", async () => {
  const note = await issueNote(mint, 10);
  for (const signature of [bls.g1.infinity, bls.g1.generator]) {
    assertEquals(await refusal([inputOf(withSignature(note, signature))]), "0: 0300");
    assertEquals(await refusal([inputOf(withSignature(note, signature)), inputOf(note)], true), "0: 0300");
  }
});

Deno.test("a note can't be spent twice in one transaction", async () => {
  const note = await issueNote(mint, 10);
  const before = await dump(guardian.store);
  for (const prepare of [false, true]) {
    assertEquals(await refusal([inputOf(note), inputOf(note)], prepare), "1: 0100");
    assertEquals(await refusal([inputOf(note), inputOf({ ...note })], prepare), "1: 0100");
  }
  assertEquals(await dump(guardian.store), before);
});

Deno.test("a note can't be spent twice in two transactions, and the refused one leaves no trace", async () => {
  const note = await issueNote(mint, 10);
  const fresh = await issueNote(mint, 10);
  assertEquals(await refusal([inputOf(note)]), null);
  const before = await dump(guardian.store);
  assertEquals(await refusal([inputOf(fresh), inputOf(note)]), "1: 0100");
  assertEquals(await dump(guardian.store), before);
  assertEquals(await refusal([inputOf(fresh)]), null);
});

Deno.test("outputs are refused with the official errors", async () => {
  const { output } = requestNote(mint.dice, 42);
  const refused = async (value: MintOutput) => {
    const at = freshOutPoint(mint.dice);
    const result = await processOutput(guardian, value, at);
    const { value: checked } = await guardian.store.transact((tx) => guardian.module.checkOutput!(tx, value, at));
    assertEquals(checked, result, "what a submission is told");
    return result.ok ? null : encodeHex(mintOutputError, result.error);
  };
  const before = await dump(guardian.store);
  assertEquals(await refused(output), "0100");
  assertEquals(await refused(decodeHex(mintOutput, "07025a83")), "000107");
  assertEquals(await dump(guardian.store), before);
  assertEquals(await refused(requestNote(mint.dice, 41).output), null);
});

Deno.test("issuing counts up, redeeming counts down, and the audit owes what is left", async () => {
  const solo = await testMint({ guardians: 1, seed: 3 });
  const [only] = solo.guardians as [TestGuardian];
  const audit = () => only.store.read((tx) => only.module.audit(tx));
  assertEquals(await audit(), 0n);
  const notes = [await issueNote(solo, 3), await issueNote(solo, 3), await issueNote(solo, 41)];
  assertEquals(await audit(), -(8n + 8n + 2n ** 41n));
  await processInputs(only, [inputOf(notes[2]!), inputOf(notes[0]!)]);
  assertEquals(await audit(), -8n);
  await processInputs(only, [inputOf(notes[1]!)]);
  assertEquals(await audit(), 0n);
  assertEquals(await only.store.read((tx) => issuedCount(tx, 3)), 0n);
});

Deno.test("a valid note that was never issued stops the guardian instead of making its count negative", async () => {
  const issuer = await testMint({ guardians: 1, seed: 4 });
  const twin = await testMint({ guardians: 1, seed: 4 });
  const note = await issueNote(issuer, 10);
  const before = await dump(twin.guardians[0]!.store);
  await assertRejects(() => processInputs(twin.guardians[0]!, [inputOf(note)]), InvariantError);
  assertEquals(await dump(twin.guardians[0]!.store), before);
});

Deno.test("the same blinded nonce is signed again, at the same cost", async () => {
  const solo = await testMint({ guardians: 1, seed: 5 });
  const [only] = solo.guardians as [TestGuardian];
  const { output } = requestNote(solo.dice, 10);
  for (let i = 0; i < 2; i++) assertEquals((await processOutput(only, output, freshOutPoint(solo.dice))).ok, true);
  assertEquals(await only.store.read((tx) => issuedCount(tx, 10)), 2n);
  assertEquals(await only.store.read(recoveryCount), 2);
});

Deno.test("infinity as a blinded nonce is signed, as by the reference", async () => {
  const { output } = requestNote(mint.dice, 10);
  const at = freshOutPoint(mint.dice);
  const result = await processOutput(guardian, { ...output, value: { ...output.value, nonce: bls.g1.infinity } }, at);
  assertEquals(result.ok, true);
  assertEquals(toHex((await guardian.store.read((tx) => tx.get(shareKey(at))))!), "c0" + "00".repeat(47));
});

Deno.test("the recovery log has outputs by the blinded nonce's hash and inputs by the nonce's, in order of processing", async () => {
  const solo = await testMint({ guardians: 1, seed: 6 });
  const [only] = solo.guardians as [TestGuardian];
  const request = requestNote(solo.dice, 10);
  await processOutput(only, request.output, freshOutPoint(solo.dice));
  const note = await issueNote(solo, 20);
  await processInputs(only, [inputOf(note)]);
  const [first, , third] = await only.store.read((tx) => recoverySlice(tx, 0, 10));
  const { tweak } = request.output.value;
  assertEquals(first, { tag: "Output", value: { denomination: 10, nonceHash: hash160(request.blindedNonce), tweak } });
  assertEquals(third, { tag: "Input", value: { nonceHash: hash160(note.nonce) } });
  assertEquals(await only.store.read(recoveryCount), 3);
});

Deno.test("the same items leave the same store on every guardian, but for the shares each signs", async () => {
  const four = await testMint({ seed: 7 });
  const notes = [];
  for (const exponent of [9, 10, 10, 41]) notes.push(await issueNote(four, exponent));
  const bad = withSignature(notes[0]!, notes[1]!.signature);
  for (const [peer, each] of four.guardians.entries()) {
    const transactions = [[notes[1]!, notes[3]!], [bad], [notes[0]!, notes[1]!], [notes[2]!]].map((tx) =>
      tx.map(inputOf)
    );
    // a hint only: half of the guardians don't take it
    if (peer % 2 === 0) await each.module.prepareInputs!(transactions);
    for (const inputs of transactions) await processInputs(each, inputs);
  }
  const isShare = (line: string) => line.startsWith("11") || line.startsWith("12");
  const [first, ...others] = await Promise.all(four.guardians.map(({ store }) => dump(store)));
  for (const other of others) {
    assertEquals(other.filter((line) => !isShare(line)), first!.filter((line) => !isShare(line)));
    assertEquals(other.map((line) => line.split(":")[0]), first!.map((line) => line.split(":")[0]));
  }
  assertEquals(first!.length > 10, true);
});

Deno.test("mintv2 refuses consensus items, so copies too, proposes none and has no outcomes", async () => {
  const { store, module } = guardian;
  const signal = new AbortController().signal;
  const item = { tag: "Default", value: { variant: 0n, bytes: new Uint8Array() } } as const;
  const { value } = await store.transact((tx) => module.processConsensusItem(tx, item, 0, signal));
  assertEquals(value.ok, false);
  assertEquals(await store.read((tx) => module.consensusProposal(tx)), []);
  assertEquals(await store.read((tx) => module.outputStatus(tx, freshOutPoint(mint.dice))), null);
});

Deno.test("what processing looks up of a transaction's notes is read at once when they are prepared, and not of bad ones", async () => {
  let underWay = 0, most = 0, reads = 0;
  class WatchedBackend extends MemoryBackend {
    override async get(key: Bytes): Promise<Bytes | undefined> {
      reads++;
      most = Math.max(most, ++underWay);
      return await super.get(key).finally(() => underWay--);
    }
  }
  const watched = await testMint({ guardians: 1, store: () => testStore(new WatchedBackend()) });
  const [alone] = watched.guardians as [TestGuardian];
  const inputs: MintInput[] = [], bad: MintInput[] = [];
  for (let i = 0; i < 10; i++) inputs.push(inputOf(await issueNote(watched, 10)));
  for (let i = 0; i < 2; i++) bad.push(inputOf({ ...await issueNote(watched, 10), signature: bls.g1.generator }));
  [most, reads] = [0, 0];
  assertEquals(await alone.module.prepareInputs!([inputs, bad]), [true, false]);
  assertEquals([reads, most], [10, 10]);
  const processed = await processInputs(alone, inputs);
  assertEquals([processed.ok, reads], [true, 10]);
});
