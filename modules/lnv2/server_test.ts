/** Contracts funded and spent, as guardians decide it: order of checks, borders, books. */
import { assert, assertEquals } from "@std/assert";
import { fromHex } from "../../core/bytes.ts";
import { callsOf } from "../../core/testing/calls.ts";
import { bls } from "../../core/crypto/bls/mod.ts";
import { publicKeyOf, schnorrSign } from "../../core/crypto/mod.ts";
import { combineDecryptionShares, decryptionKeyOf } from "../../core/crypto/tpe.ts";
import { decodeHex, encodeHex } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import { BITCOIN_UNIT } from "../../core/types/ids.ts";
import { dump } from "../contract/testing/mod.ts";
import { lightningInput, lightningInputError, lightningOutput, lightningOutputError } from "./common.ts";
import type { LightningInput, LightningOutput } from "./common.ts";
import { contractPreimage, isDecryptionShareOf, outgoingContractId } from "./contracts.ts";
import { decryptionShares, incomingContracts, openContractsMsat, outgoingContracts, preimages } from "./server/db.ts";
import { lnv2Server } from "./server.ts";
import {
  BLOCK_COUNT,
  CLAIM_KEY,
  fund,
  incomingInput,
  incomingOf,
  incomingOutput,
  mineTo,
  NOW_SECS,
  outgoingInput,
  outgoingOf,
  outgoingOutput,
  passSecs,
  PREIMAGE,
  REFUND_KEY,
  SEED,
  spend,
  testLightning,
} from "./testing/guardians.ts";
import type { TestLightning } from "./testing/guardians.ts";

const msat = (value: bigint) => new Map([[BITCOIN_UNIT, value]]);
const AUX = new Uint8Array(32);
const CLAIM = { tag: "Claim", value: PREIMAGE } as const;
const REFUND = { tag: "Refund", value: null } as const;
const forfeitOf = (contract = outgoingOf(), key = CLAIM_KEY) =>
  ({ tag: "Cancel", value: schnorrSign(fromHex(outgoingContractId(contract)), key, AUX) }) as const;

/** `encoding` of what an official guardian answers; null: it takes it. */
async function refusal({ guardians }: TestLightning, part: LightningInput | LightningOutput, isInput: boolean) {
  if (isInput) {
    const result = await guardians.input(part as LightningInput);
    return result.ok ? null : encodeHex(lightningInputError, result.error);
  }
  const result = await guardians.output(part as LightningOutput);
  return result.ok ? null : encodeHex(lightningOutputError, result.error);
}

/** What is looked at before it is processed as ordered. */
async function refusalAtSubmission({ guardians: { guardians } }: TestLightning, output: LightningOutput) {
  const { store, module } = guardians[0]!, at = { txid: "00".repeat(32), outIdx: 0 };
  const result = await store.read((tx) => module.verifyOutputSubmission!(tx, output, at));
  return result.ok ? null : encodeHex(lightningOutputError, result.error);
}

Deno.test("a contract is owed from its funding on, and paid out whole, each for the base fee", async () => {
  const federation = await testLightning(), { guardians } = federation;
  const { txid, outIdx } = guardians.newTransaction(), at = { txid, outIdx };
  const meta = { amounts: msat(100_000n), fees: msat(1_000n) };
  assertEquals(await guardians.output(outgoingOutput(outgoingOf()), at), ok(meta));
  assertEquals(await guardians.audit(), -100_000n);
  const incoming = await fund(federation, incomingOutput(incomingOf(federation, { amount: 5n })));
  assertEquals(await guardians.audit(), -100_005n);
  const claimed = await guardians.input(outgoingInput(at, CLAIM));
  assertEquals(claimed, ok({ ...meta, publicKey: publicKeyOf(CLAIM_KEY) }));
  assertEquals(await guardians.audit(), -5n);
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  assertEquals(
    await guardians.input(incomingInput(incoming, key)),
    ok({ amounts: msat(5n), fees: msat(1_000n), publicKey: publicKeyOf(CLAIM_KEY) }),
  );
  assertEquals(await guardians.audit(), 0n);
  for (const spent of [outgoingInput(at, CLAIM), incomingInput(incoming, key)]) {
    assertEquals(await spend(federation, spent), "UnknownContract");
  }
});

Deno.test("before its expiration an outgoing contract is claimed and not refunded, from it on the other way round", async () => {
  const federation = await testLightning({ total: 1 });
  const expiration = BigInt(BLOCK_COUNT) + 1n;
  const ats = [];
  for (let i = 0; i < 3; i++) ats.push(await fund(federation, outgoingOutput(outgoingOf({ expiration }))));
  assertEquals(await spend(federation, outgoingInput(ats[0]!, REFUND)), "NotExpired");
  assertEquals(await spend(federation, outgoingInput(ats[0]!, CLAIM)), "ok");
  await mineTo(federation, BLOCK_COUNT + 1);
  assertEquals(await spend(federation, outgoingInput(ats[1]!, CLAIM)), "Expired");
  const refunded = await federation.guardians.input(outgoingInput(ats[1]!, REFUND));
  assertEquals(refunded.ok && refunded.value.publicKey, publicKeyOf(REFUND_KEY));
  // the gateway may forfeit at any time
  const forfeit = forfeitOf(outgoingOf({ expiration }));
  assertEquals(await spend(federation, outgoingInput(ats[2]!, forfeit)), "ok");
});

Deno.test("inputs are refused with the official errors in the official order of checks, and leave nothing behind", async () => {
  const federation = await testLightning(), { guardians } = federation;
  const at = await fund(federation, outgoingOutput(outgoingOf()));
  const over = await fund(federation, outgoingOutput(outgoingOf({ expiration: BigInt(BLOCK_COUNT) })));
  const incoming = await fund(federation, incomingOutput(incomingOf(federation)));
  const nowhere = { txid: "ff".repeat(32), outIdx: 0 };
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  const wrong = { tag: "Claim", value: SEED } as const;
  const before = await Promise.all(guardians.guardians.map(({ store }) => dump(store)));
  const cases: [LightningInput, string][] = [
    [decodeHex(lightningInput, "0700"), "000107"],
    [outgoingInput(nowhere, CLAIM), "0100"],
    [incomingInput(nowhere, key), "0100"],
    // of the other kind: there is no such contract
    [outgoingInput(incoming, CLAIM), "0100"],
    [incomingInput(at, key), "0100"],
    [outgoingInput(at, wrong), "0200"],
    // expiration before preimage
    [outgoingInput(over, wrong), "0300"],
    [outgoingInput(at, REFUND), "0400"],
    [incomingInput(incoming, bls.g1.generator), "0500"],
    [incomingInput(incoming, bls.g1.infinity), "0500"],
    [outgoingInput(at, forfeitOf(outgoingOf({ amount: 1n }))), "0600"],
    [outgoingInput(at, forfeitOf(outgoingOf(), REFUND_KEY)), "0600"],
    [outgoingInput(at, { tag: "Cancel", value: new Uint8Array(64) }), "0600"],
  ];
  for (const [input, error] of cases) assertEquals(await refusal(federation, input, true), error);
  assertEquals(await Promise.all(guardians.guardians.map(({ store }) => dump(store))), before);
});

Deno.test("outputs are refused with the official errors, at a submission the ciphertext looked at before the time", async () => {
  const federation = await testLightning(), { guardians } = federation;
  const before = await Promise.all(guardians.guardians.map(({ store }) => dump(store)));
  const past = incomingOf(federation, { expiration: NOW_SECS });
  const moved = { ...incomingOf(federation), commitment: { ...past.commitment, amount: 1n } };
  const { ciphertext } = incomingOf(federation);
  const bad = [{ ...ciphertext, pk: bls.g1.generator }, { ...ciphertext, signature: bls.g2.generator }, {
    ...ciphertext,
    signature: bls.g2.infinity,
  }, { ...ciphertext, encryptedPreimage: SEED }];
  assertEquals(await refusal(federation, decodeHex(lightningOutput, "0700"), false), "000107");
  assertEquals(await refusalAtSubmission(federation, incomingOutput(moved)), "0100");
  assertEquals(await refusalAtSubmission(federation, incomingOutput(past)), null);
  // once it is ordered the time comes first, which takes no pairings
  using products = callsOf(bls.backend, "pairingProductIsOne", bls.backend.pairingProductIsOne);
  assertEquals([await refusal(federation, incomingOutput(moved), false), products.args.length], ["0200", 0]);
  for (const each of bad) {
    assertEquals(
      await refusal(federation, incomingOutput({ ...incomingOf(federation), ciphertext: each }), false),
      "0100",
    );
  }
  assertEquals(await refusal(federation, incomingOutput(past), false), "0200");
  assertEquals(await Promise.all(guardians.guardians.map(({ store }) => dump(store))), before);
  const last = incomingOf(federation, { expiration: NOW_SECS + 1n });
  assertEquals(await refusal(federation, incomingOutput(last), false), null);
});

Deno.test("infinity as an ephemeral key and signature is a valid ciphertext, as for the reference", async () => {
  const federation = await testLightning({ total: 1 });
  const ciphertext = { encryptedPreimage: SEED, pk: bls.g1.infinity, signature: bls.g2.infinity };
  const at = await fund(federation, incomingOutput({ ...incomingOf(federation), ciphertext }));
  assertEquals(await spend(federation, incomingInput(at, bls.g1.generator)), "InvalidDecryptionKey");
  const back = await federation.guardians.input(incomingInput(at, bls.g1.infinity));
  assertEquals(back.ok && back.value.publicKey, publicKeyOf(REFUND_KEY));
});

Deno.test("outgoing contracts are taken whatever they say", async () => {
  const federation = await testLightning({ total: 1 });
  const none = await fund(federation, outgoingOutput(outgoingOf({ amount: 0n, expiration: 0n })));
  const meta = await federation.guardians.input(outgoingInput(none, REFUND));
  assertEquals(meta, ok({ amounts: new Map(), fees: msat(1_000n), publicKey: publicKeyOf(REFUND_KEY) }));
  // an amount that nobody has: the transaction's funding is looked at afterwards
  for (let i = 0; i < 2; i++) await fund(federation, outgoingOutput(outgoingOf({ amount: U64_MAX })));
  assertEquals(await federation.guardians.audit(), -2n * U64_MAX);
});

Deno.test("a payment by point is claimed with the point's secret", async () => {
  const federation = await testLightning({ total: 1 });
  const paymentImage = { tag: "Point", value: publicKeyOf(PREIMAGE) } as const;
  const at = await fund(federation, outgoingOutput(outgoingOf({ paymentImage })));
  assertEquals(
    await spend(federation, outgoingInput(at, { tag: "Claim", value: new Uint8Array(32) })),
    "InvalidPreimage",
  );
  assertEquals(await spend(federation, outgoingInput(at, CLAIM)), "ok");
});

Deno.test("an incoming contract whose preimage doesn't fit goes back to the gateway", async () => {
  const federation = await testLightning(), { guardians } = federation;
  const at = await fund(federation, incomingOutput(incomingOf(federation, {}, { preimage: SEED })));
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  const spent = await guardians.input(incomingInput(at, key));
  assertEquals(spent.ok && spent.value.publicKey, publicKeyOf(REFUND_KEY));
});

Deno.test("an incoming contract has no time limit for its claim", async () => {
  const federation = await testLightning({ total: 1 });
  const at = await fund(federation, incomingOutput(incomingOf(federation)));
  await passSecs(federation, 1_000_000);
  const key = decryptionKeyOf(federation.guardians.config.tpeAggPk, SEED);
  assertEquals(await spend(federation, incomingInput(at, key)), "ok");
});

Deno.test("each guardian's share is its own, and a threshold of them decrypts", async () => {
  const federation = await testLightning(), { guardians } = federation;
  const contract = incomingOf(federation);
  const at = await fund(federation, incomingOutput(contract));
  const shares = new Map();
  for (const [peer, { store }] of guardians.guardians.entries()) {
    const share = await store.read((tx) => decryptionShares.get(tx, at));
    assert(share && isDecryptionShareOf(contract, share, guardians.config.tpePks.get(peer)!));
    if (peer > 0) shares.set(peer, share);
  }
  const key = combineDecryptionShares(shares, 3);
  assertEquals(contractPreimage(contract, key), PREIMAGE);
  assertEquals(await spend(federation, incomingInput(at, key)), "ok");
});

Deno.test("what clients still ask for stays after a contract is spent, and nothing else", async () => {
  const federation = await testLightning({ total: 1 }), { guardians } = federation;
  const { store } = guardians.guardians[0]!;
  const prefixes = async () => [...new Set((await dump(store)).map((line) => line.slice(0, 2)))];
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  const incoming = await fund(federation, incomingOutput(incomingOf(federation)));
  const outgoing = await fund(federation, outgoingOutput(outgoingOf()));
  assertEquals(await prefixes(), ["01", "02", "03", "04", "05", "06", "09", "10", "11", "12"]);
  assertEquals(await spend(federation, incomingInput(incoming, key)), "ok");
  assertEquals(await spend(federation, outgoingInput(outgoing, CLAIM)), "ok");
  assertEquals(await prefixes(), ["01", "02", "04", "06", "07", "09", "12"]);
  assertEquals(await store.read((tx) => preimages.get(tx, outgoing)), PREIMAGE);
});

Deno.test("a contract that is refunded or forfeited shows no preimage", async () => {
  const federation = await testLightning({ total: 1 });
  const { store } = federation.guardians.guardians[0]!;
  const over = await fund(federation, outgoingOutput(outgoingOf({ expiration: 0n })));
  const open = await fund(federation, outgoingOutput(outgoingOf()));
  assertEquals(await spend(federation, outgoingInput(over, REFUND)), "ok");
  assertEquals(await spend(federation, outgoingInput(open, forfeitOf())), "ok");
  assertEquals((await dump(store)).filter((line) => line.startsWith("07")), []);
});

Deno.test("equal contracts are each open by their own outpoint", async () => {
  const federation = await testLightning({ total: 1 }), { guardians } = federation;
  const contract = incomingOutput(incomingOf(federation));
  const ats = [await fund(federation, contract), await fund(federation, contract)];
  assertEquals(await guardians.audit(), -200_000n);
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  for (const at of ats) assertEquals(await spend(federation, incomingInput(at, key)), "ok");
  assertEquals(await guardians.audit(), 0n);
});

Deno.test("a preimage is claimed from each contract that pays for it", async () => {
  const federation = await testLightning({ total: 1 });
  const ats = [
    await fund(federation, outgoingOutput(outgoingOf())),
    await fund(federation, outgoingOutput(outgoingOf())),
  ];
  for (const at of ats) assertEquals(await spend(federation, outgoingInput(at, CLAIM)), "ok");
});

Deno.test("the books' sum is that of the open contracts, through funding, spending and refusals", async () => {
  const federation = await testLightning({ total: 1 }), { guardians } = federation;
  const { store } = guardians.guardians[0]!;
  const recomputed = () =>
    store.read(async (tx) => {
      let sum = 0n;
      for await (const [, { amount }] of outgoingContracts.entries(tx)) sum += amount;
      for await (const [, { commitment }] of incomingContracts.entries(tx)) sum += commitment.amount;
      return sum;
    });
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  for (let i = 0; i < 12; i++) {
    const amount = BigInt(1_000 * i);
    const out = await fund(federation, outgoingOutput(outgoingOf({ amount })));
    const into = await fund(federation, incomingOutput(incomingOf(federation, { amount })));
    if (i % 2 === 0) await spend(federation, outgoingInput(out, CLAIM));
    if (i % 3 === 0) await spend(federation, incomingInput(into, key));
    await spend(federation, outgoingInput(out, REFUND));
    await spend(federation, incomingInput(into, bls.g1.generator));
    assertEquals(await store.read(openContractsMsat), await recomputed());
  }
  assertEquals(await guardians.audit(), -await recomputed());
});

Deno.test("a federation without base fees charges nothing", async () => {
  const federation = await testLightning({ total: 1, disableBaseFees: true });
  const funded = await federation.guardians.output(outgoingOutput(outgoingOf()));
  assertEquals(funded, ok({ amounts: msat(100_000n), fees: new Map() }));
});

Deno.test("a guardian whose key isn't the one of the config doesn't start", async () => {
  const { guardians } = await testLightning();
  const { config } = guardians, { privateConfig } = guardians.guardians[0]!.env;
  assertEquals(lnv2Server.validateConfig(config, privateConfig, 0), ok(null));
  assertEquals(
    lnv2Server.validateConfig(config, privateConfig, 1),
    err("Lightning private key doesn't match its public key share"),
  );
  assertEquals(
    lnv2Server.validateConfig(config, privateConfig, 4),
    err("Lightning config has no key of this guardian"),
  );
});

Deno.test("keys of the ceremony belong together, and the config names network and fees", async () => {
  const { guardians } = await testLightning(), { config } = guardians;
  assertEquals(combineDecryptionShares(config.tpePks, 3), config.tpeAggPk);
  assertEquals([config.network, config.feeConsensus], ["regtest", { base: 1_000n, partsPerMillion: 0n }]);
});

Deno.test("refused for good is what takes pairings, and nothing that depends on what was accepted", async () => {
  const federation = await testLightning();
  const { isForGood } = federation.guardians.guardians[0]!.module;
  const tags = [
    "InvalidPreimage",
    "InvalidDecryptionKey",
    "InvalidForfeitSignature",
    "UnknownContract",
    "Expired",
  ] as const;
  assertEquals(tags.map((tag) => isForGood!({ tag, value: null })), [true, true, true, false, false]);
  assertEquals(isForGood!({ tag: "InvalidContract", value: null }), true);
});
