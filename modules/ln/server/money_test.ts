import { assertEquals } from "@std/assert";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { OutPoint } from "../../../core/types/ids.ts";
import type { LnConsensusItem } from "../common.ts";
import { outgoingContractId, paymentHashOfKey, preimageOfKey } from "../contracts.ts";
import type { TestLn } from "../testing/guardians.ts";
import {
  BLOCK_COUNT,
  cancelOutput,
  GATEWAY_KEY,
  HASH,
  incomingOf,
  incomingOutput,
  mineTo,
  offerOf,
  offerOutput,
  outcome,
  outgoingOf,
  outgoingOutput,
  PREIMAGE_KEY,
  spending,
  testLn,
  USER_KEY,
  versionVote,
} from "../testing/guardians.ts";

const PREIMAGE = preimageOfKey(PREIMAGE_KEY);

function keyOf(result: Awaited<ReturnType<TestLn["guardians"]["input"]>>): Uint8Array | string {
  return result.ok ? result.value.publicKey : result.error.tag;
}

Deno.test("an outgoing contract is the gateway's through the block of its timelock, and the payer's from then on", async () => {
  const test = await testLn(), { guardians } = test;
  const terms = outgoingOf({ timelock: BLOCK_COUNT + 1 }), id = outgoingContractId(terms);
  assertEquals(await outcome(guardians.output(outgoingOutput(terms))), "ok");
  assertEquals(await guardians.audit(), -100_000n);
  const claim = () => guardians.input(spending(id, 1n, PREIMAGE)), refund = () => guardians.input(spending(id, 1n));
  for (const blockCount of [BLOCK_COUNT, BLOCK_COUNT + 1]) {
    await mineTo(test, blockCount);
    assertEquals(keyOf(await claim()), publicKeyOf(GATEWAY_KEY));
    assertEquals(keyOf(await refund()), "MissingPreimage");
    assertEquals(keyOf(await guardians.input(spending(id, 1n, new Uint8Array(32)))), "InvalidPreimage");
  }
  await mineTo(test, BLOCK_COUNT + 2);
  assertEquals(keyOf(await claim()), publicKeyOf(USER_KEY));
  assertEquals(keyOf(await refund()), publicKeyOf(USER_KEY));
  assertEquals(await guardians.audit(), -99_996n);
});

Deno.test("no more leaves a contract than lies in it, however it is asked for", async () => {
  const { guardians } = await testLn();
  const terms = outgoingOf(), id = outgoingContractId(terms);
  await guardians.output(outgoingOutput(terms, 1_000n));
  assertEquals(keyOf(await guardians.input(spending(id, 1_001n, PREIMAGE))), "InsufficientFunds");
  assertEquals(keyOf(await guardians.input(spending(id, U64_MAX, PREIMAGE))), "InsufficientFunds");
  const twice = await guardians.transaction({ inputs: [1, 2].map(() => spending(id, 501n, PREIMAGE)), outputs: [] });
  assertEquals(twice.ok, false);
  assertEquals(await guardians.audit(), -1_000n);
  assertEquals(keyOf(await guardians.input(spending(id, 1_000n, PREIMAGE))), publicKeyOf(GATEWAY_KEY));
  assertEquals(keyOf(await guardians.input(spending(id, 1n, PREIMAGE))), "InsufficientFunds");
  assertEquals(await guardians.audit(), 0n);
});

Deno.test("only its gateway gives a contract up; then the money is the payer's at once", async () => {
  const { guardians } = await testLn();
  const terms = outgoingOf(), id = outgoingContractId(terms);
  assertEquals(await outcome(guardians.output(cancelOutput(terms))), "UnknownContract");
  await guardians.output(outgoingOutput(terms));
  assertEquals(await outcome(guardians.output(cancelOutput(terms, USER_KEY))), "InvalidCancellationSignature");
  // the signature of another contract of the same gateway
  const other = cancelOutput(outgoingOf({ timelock: 1 }));
  const moved = structuredClone(other) as { value: { value: { contract: string } } };
  moved.value.value.contract = id;
  assertEquals(await outcome(guardians.output(moved as unknown as typeof other)), "InvalidCancellationSignature");
  for (let again = 0; again < 2; again++) assertEquals(await outcome(guardians.output(cancelOutput(terms))), "ok");
  assertEquals(keyOf(await guardians.input(spending(id, 100_000n))), publicKeyOf(USER_KEY));
});

/** An offer and its contract. @returns where it was funded */
async function bought(test: TestLn, options: Parameters<typeof offerOf>[1] = {}): Promise<OutPoint> {
  const { guardians } = test, offer = offerOf(guardians.config, options);
  assertEquals(await outcome(guardians.output(offerOutput(offer))), "ok");
  const { txid, outIdx } = guardians.newTransaction(), at = { txid, outIdx };
  assertEquals(await outcome(guardians.output(incomingOutput(incomingOf(offer)), at)), "ok");
  return at;
}

async function proposed(test: TestLn, peer: number): Promise<readonly LnConsensusItem[]> {
  const { store, module } = test.guardians.guardians[peer]!;
  return await store.read((tx) => module.consensusProposal(tx));
}

async function decryptedAs(test: TestLn, at: OutPoint): Promise<string> {
  const { store, module } = test.guardians.guardians[0]!;
  const found = await store.read((tx) => module.outputStatus(tx, at)) as unknown as {
    value: { value: { outcome: { value: { tag: string } } } };
  };
  return found.value.value.outcome.value.tag;
}

Deno.test("a threshold of shares decrypts a preimage: the money is its recipient's", async () => {
  const test = await testLn(), { guardians } = test, at = await bought(test);
  for (const peer of [0, 1]) {
    const [share] = await proposed(test, peer);
    assertEquals(share?.tag, "DecryptPreimage");
    assertEquals((await guardians.item(share!, peer)).ok, true);
    // counted, it isn't said again
    assertEquals(await proposed(test, peer), []);
    assertEquals((await guardians.item(share!, peer)).ok, false);
    assertEquals(await decryptedAs(test, at), "Pending");
    assertEquals(keyOf(await guardians.input(spending(HASH, 1n))), "ContractNotReady");
  }
  const [third] = await proposed(test, 2), [fourth] = await proposed(test, 3);
  // another guardian's share is nobody's
  assertEquals((await guardians.item(third!, 3)).ok, false);
  assertEquals((await guardians.item(third!, 2)).ok, true);
  assertEquals((await guardians.item(fourth!, 3)).ok, false);
  assertEquals(await decryptedAs(test, at), "Some");
  for (const peer of [0, 1, 2, 3]) assertEquals(await proposed(test, peer), []);
  assertEquals(keyOf(await guardians.input(spending(HASH, 100_000n))), PREIMAGE_KEY);
  assertEquals(await guardians.audit(), 0n);
});

Deno.test("what decrypts to anything but the key of the preimage is the gateway's again", async () => {
  const nobody = new Uint8Array(33).fill(5);
  const wrongs = [
    { plaintext: publicKeyOf(USER_KEY) },
    { plaintext: PREIMAGE_KEY.subarray(1) },
    { plaintext: new Uint8Array(0) },
    // a right hash of what is no key: else the money would have no owner
    { plaintext: nobody, hash: paymentHashOfKey(nobody) },
  ];
  for (const wrong of wrongs) {
    const test = await testLn(), { guardians } = test, at = await bought(test, wrong);
    await guardians.agree();
    assertEquals(await decryptedAs(test, at), "Invalid");
    const id = wrong.hash ?? HASH;
    assertEquals(keyOf(await guardians.input(spending(id, 100_000n))), publicKeyOf(GATEWAY_KEY));
  }
});

Deno.test("a preimage is bought as it was offered, and once", async () => {
  const { guardians } = await testLn(), offer = offerOf(guardians.config);
  const buy = (changes = {}, amount?: bigint) => guardians.output(incomingOutput(incomingOf(offer, changes), amount));
  assertEquals(await outcome(buy()), "NoOffer");
  assertEquals(await outcome(guardians.output(offerOutput(offer))), "ok");
  assertEquals(await outcome(guardians.output(offerOutput(offer))), "DuplicateEncryptedPreimage");
  const another = offerOf(guardians.config, { random: 8n });
  assertEquals(await outcome(guardians.output(offerOutput(another))), "DuplicateEncryptedPreimage");
  assertEquals(await outcome(buy({}, 99_999n)), "InsufficientIncomingFunding");
  assertEquals(
    await outcome(buy({ encryptedPreimage: another.encryptedPreimage })),
    "EncryptedPreimageMismatch",
  );
  const decryptedPreimage = { tag: "Some", value: publicKeyOf(USER_KEY) };
  assertEquals(await outcome(buy({ decryptedPreimage })), "PreDecryptedIncomingContract");
  assertEquals(await outcome(buy()), "ok");
  assertEquals(await outcome(buy()), "ContractAlreadyFunded");
  assertEquals(await outcome(guardians.output(offerOutput(another))), "OfferForFundedContract");
  await guardians.agree();
  assertEquals(await outcome(buy()), "ContractAlreadyFunded");
  assertEquals(await guardians.audit(), -100_000n);
});

Deno.test("a ciphertext that was changed is neither offered nor bought", async () => {
  const { guardians } = await testLn({ fundedOnce: false }), offer = offerOf(guardians.config);
  const { w } = offerOf(guardians.config, { random: 8n }).encryptedPreimage;
  const encryptedPreimage = { ...offer.encryptedPreimage, w };
  assertEquals(
    await outcome(guardians.output(offerOutput({ ...offer, encryptedPreimage }))),
    "InvalidEncryptedPreimage",
  );
  await guardians.output(offerOutput(offer));
  const changed = incomingOf(offer, { encryptedPreimage });
  assertEquals(await outcome(guardians.output(incomingOutput(changed))), "InvalidEncryptedPreimage");
  assertEquals(await guardians.audit(), 0n);
});

Deno.test("refused for good is what takes pairings, and nothing that depends on what was accepted", async () => {
  const { isForGood } = (await testLn({ fundedOnce: true })).guardians.guardians[0]!.module;
  assertEquals(isForGood!({ tag: "InvalidEncryptedPreimage", value: null }), true);
  assertEquals(isForGood!({ tag: "NoOffer", value: "00".repeat(32) }), false);
});

Deno.test("before 2.1 a contract is funded again; shares that nobody would take aren't proposed for ever", async () => {
  const test = await testLn({ fundedOnce: false }), { guardians } = test;
  const offer = offerOf(guardians.config);
  await guardians.output(offerOutput(offer));
  const decryptedPreimage = { tag: "Invalid", value: null } as const;
  assertEquals(await outcome(guardians.output(incomingOutput(incomingOf(offer, { decryptedPreimage })))), "ok");
  for (const peer of [0, 1, 2, 3]) assertEquals(await proposed(test, peer), []);
  assertEquals(keyOf(await guardians.input(spending(HASH, 100_000n))), publicKeyOf(GATEWAY_KEY));
  // the mark of a decryption stays: another offer can be made, and not be bought
  const again = offerOf(guardians.config, { random: 9n });
  assertEquals(await outcome(guardians.output(offerOutput(again))), "ok");
  assertEquals(await outcome(guardians.output(incomingOutput(incomingOf(again)))), "ContractAlreadyFunded");
});

Deno.test("before 2.1 money for a contract whose id is another's stays with that one, and the books are right", async () => {
  const test = await testLn({ fundedOnce: false }), { guardians } = test;
  const terms = outgoingOf(), hash = outgoingContractId(terms);
  await guardians.output(outgoingOutput(terms, 1_000n));
  const offer = offerOf(guardians.config, { hash });
  await guardians.output(offerOutput(offer));
  assertEquals(await outcome(guardians.output(incomingOutput(incomingOf(offer)))), "ok");
  assertEquals(await proposed(test, 0), []);
  assertEquals(keyOf(await guardians.input(spending(hash, 101_000n, PREIMAGE))), publicKeyOf(GATEWAY_KEY));
  assertEquals(await guardians.audit(), 0n);
});

Deno.test("an amount that no transaction can have is no crash", async () => {
  const { guardians } = await testLn({ fundedOnce: false });
  const terms = outgoingOf();
  const result = await guardians.transaction({
    inputs: [spending("00".repeat(32), 0n)],
    outputs: [outgoingOutput(terms, U64_MAX), outgoingOutput(terms, U64_MAX)],
  });
  assertEquals(result.ok, false);
  assertEquals(await outcome(guardians.output(outgoingOutput(terms, U64_MAX))), "ok");
  assertEquals(await outcome(guardians.output(outgoingOutput(terms, U64_MAX))), "ok");
});

Deno.test("2.1 holds when all but f have voted for it", async () => {
  const { guardians } = await testLn({ fundedOnce: false });
  const terms = outgoingOf(), fund = () => outcome(guardians.output(outgoingOutput(terms)));
  for (const peer of [0, 1]) await guardians.item(versionVote(2, 1), peer);
  assertEquals([await fund(), await fund()], ["ok", "ok"]);
  assertEquals((await guardians.item(versionVote(2, 0), 2)).ok, false);
  await guardians.item(versionVote(2, 1), 2);
  assertEquals(await fund(), "ContractAlreadyFunded");
});
