import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { bls, publicKeyOf, scalarFromBigInt } from "../../core/crypto/mod.ts";
import { seededDice } from "../contract/testing/mod.ts";
import { isValidContract } from "./contracts.ts";
import { contractFor, incomingKeys, newTweak, tweakOf } from "./incoming.ts";

const dice = seededDice(3);
const secretKey = dice.bytes(32), other = dice.bytes(32);
const aggregateKey = bls.g1.multiply(bls.g1.generator, scalarFromBigInt(777n));
const receiver = { publicKey: publicKeyOf(secretKey), aggregateKey };
const terms = { amount: 50_000n, expiration: 2_000_000_000n, refundPk: publicKeyOf(other) };

function made() {
  return contractFor(receiver, newTweak(receiver.publicKey, (size) => dice.bytes(size)), terms);
}

Deno.test("the receiver's secret alone finds the keys of a contract again, and nobody else's does", () => {
  const { contract, paymentHash } = made();
  assert(isValidContract(contract));
  assertEquals(contract.commitment.paymentImage, { tag: "Hash", value: paymentHash });
  const tweak = tweakOf(secretKey, contract);
  assert(tweak);
  const keys = incomingKeys(secretKey, aggregateKey, contract, tweak);
  assert(keys);
  assertEquals(publicKeyOf(keys.claimKey), contract.commitment.claimPk);
  assertEquals(tweakOf(other, contract), null);
});

Deno.test("no two contracts of a receiver share a key, a hash or a ciphertext", () => {
  const one = made(), two = made();
  for (const field of ["claimPk", "ephemeralPk"] as const) {
    assert(one.contract.commitment[field].some((byte, i) => byte !== two.contract.commitment[field][i]));
  }
  assert(one.paymentHash !== two.paymentHash);
});

Deno.test("a contract that anybody addressed to the receiver with another ciphertext or hash isn't worth a claim", () => {
  const { contract } = made(), second = made().contract;
  const swapped = { ...contract, ciphertext: second.ciphertext };
  const hashless = {
    ...contract,
    commitment: { ...contract.commitment, paymentImage: second.commitment.paymentImage },
  };
  for (const bad of [swapped, hashless]) {
    const tweak = tweakOf(secretKey, bad);
    assert(tweak);
    assertEquals(incomingKeys(secretKey, aggregateKey, bad, tweak), null);
  }
});

Deno.test("randomness that is no secret key is thrown again", () => {
  const thrown = [new Uint8Array(32), new Uint8Array(32).fill(255), dice.bytes(32)] as Bytes[];
  const { ephemeralPk } = newTweak(receiver.publicKey, () => thrown.shift()!);
  assertEquals(thrown.length, 0);
  assertEquals(ephemeralPk.length, 33);
});
