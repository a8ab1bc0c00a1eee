import { assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromHex, toHex } from "../../core/bytes.ts";
import { bls, publicKeyOf, scalarFromBigInt, schnorrSign } from "../../core/crypto/mod.ts";
import { decryptionKeyOf } from "../../core/crypto/tpe.ts";
import { encodeHex, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import { lightningInput } from "./common.ts";
import type { Commitment, OutgoingContract } from "./contracts.ts";
import {
  commitment,
  commitmentHash,
  contractPreimage,
  feeEncodedExpiration,
  incomingContractId,
  isForfeitSignature,
  isGatewayResponse,
  isPreimageOf,
  isValidContract,
  makeIncomingContract,
  outgoingContract,
  outgoingContractId,
} from "./contracts.ts";

const preimage = new Uint8Array(32).fill(42);
const hash = toHex(sha256(preimage));
const generator = publicKeyOf(fromHex("01".padStart(64, "0")));
const keys = { claimPk: generator, refundPk: generator, ephemeralPk: generator };
const outgoing: OutgoingContract = {
  paymentImage: { tag: "Hash", value: hash },
  amount: 100_000n,
  expiration: 500n,
  ...keys,
};
const terms: Commitment = { ...outgoing, expiration: 1_700_000_000n };
const seed = new Uint8Array(32).fill(7);
const aggregate = bls.g1.multiply(bls.g1.generator, scalarFromBigInt(12_345n));

Deno.test("the worked examples of the protocol sheet come out", () => {
  const g = toHex(generator);
  assertEquals(encodeHex(outgoingContract, outgoing), `0020${hash}fe000186a0fd01f4${g}${g}${g}`);
  assertEquals(outgoingContractId(outgoing), "aa4277bbc62eca0269a3b20ae4bc4246e4089eac0eb5239c11fd4cedc8716534");
  assertEquals(
    toHex(commitmentHash(terms)),
    "54378c6a1c920f21c352ac63757ee9eb2b1b8b96229d2b17400306378cf556ff",
  );
  const outPoint = { txid: "00".repeat(32), outIdx: 0 };
  const claim = {
    tag: "V0",
    value: { tag: "Outgoing", value: [outPoint, { tag: "Claim", value: preimage }] },
  } as const;
  const refund = { tag: "V0", value: { tag: "Outgoing", value: [outPoint, { tag: "Refund", value: null }] } } as const;
  const zeros = "00".repeat(32);
  const mutable = <T>(value: T) => structuredClone(value) as Parameters<typeof lightningInput.toJson>[0];
  assertEquals(encodeHex(lightningInput, mutable(claim)), `00450043${zeros}000020${toHex(preimage)}`);
  assertEquals(encodeHex(lightningInput, mutable(refund)), `00250023${zeros}000100`);
});

Deno.test("a preimage fits its hash, or is the secret key of its point", () => {
  assertEquals(isPreimageOf({ tag: "Hash", value: hash }, preimage), true);
  assertEquals(isPreimageOf({ tag: "Hash", value: hash }, seed), false);
  const image = { tag: "Point", value: publicKeyOf(preimage) } as const;
  assertEquals(isPreimageOf(image, preimage), true);
  for (const wrong of [seed, new Uint8Array(32), new Uint8Array(32).fill(255)]) {
    assertEquals(isPreimageOf(image, wrong), false);
  }
});

Deno.test("only the gateway's signature over this very contract forfeits it", () => {
  const secret = fromHex("01".padStart(64, "0")), aux = new Uint8Array(32);
  const sign = (contract: OutgoingContract, key = secret) =>
    schnorrSign(fromHex(outgoingContractId(contract)), key, aux);
  assertEquals(isForfeitSignature(outgoing, sign(outgoing)), true);
  assertEquals(isGatewayResponse(outgoing, { ok: false, error: sign(outgoing) }), true);
  assertEquals(isGatewayResponse(outgoing, { ok: true, value: preimage }), true);
  const bad = [sign({ ...outgoing, amount: 1n }), sign(outgoing, seed), new Uint8Array(64), new Uint8Array(63)];
  for (const signature of bad) assertEquals(isGatewayResponse(outgoing, { ok: false, error: signature }), false);
  assertEquals(isGatewayResponse(outgoing, { ok: true, value: seed }), false);
});

Deno.test("an incoming contract gives its preimage to the receiver, and none when it doesn't fit", () => {
  const contract = makeIncomingContract(terms, aggregate, seed, preimage);
  const key = decryptionKeyOf(aggregate, seed);
  assertEquals(isValidContract(contract), true);
  assertEquals(contractPreimage(contract, key), preimage);
  assertEquals(contractPreimage(makeIncomingContract(terms, aggregate, seed, seed), key), null);
  assertEquals(isValidContract({ ...contract, commitment: { ...terms, amount: 1n } }), false);
});

Deno.test("a contract's id covers its ciphertext, the commitment's hash does not", () => {
  const one = makeIncomingContract(terms, aggregate, seed, preimage);
  const two = makeIncomingContract(terms, aggregate, preimage, preimage);
  assertEquals(incomingContractId(one) === incomingContractId(two), false);
  assertEquals(commitmentHash(one.commitment), commitmentHash(two.commitment));
});

Deno.test("expirations above 2^53 survive JSON text", () => {
  const value = { ...terms, expiration: feeEncodedExpiration(1_000n) };
  const text = stringifyJson(commitment.toJson(value));
  assertEquals(text.includes(String(U64_MAX - 1_000n)), true);
  assertEquals(commitment.fromJson(parseJson(text)), value);
});
