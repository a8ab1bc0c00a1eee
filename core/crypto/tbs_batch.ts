/**
 * Verifies many notes, or signature shares, at once: the work of a guardian under load and of a client that gets its
 * notes.
 *
 * A signature holds when e(M, pk)·e(−σ, G2) = 1. With a random factor r for each, the product over all of e(r·M,
 * pk)·e(−r·σ, G2) is 1 when all hold, and with probability 2^−128 otherwise. What pairs with one point is summed first,
 * so that a batch takes one Miller loop for each public key (denomination) and one more, instead of two for each
 * signature.
 *
 * - Every signature is decoded with the full check of the group: a point outside it is refused like the reference does.
 *   (A random combination can't replace that check: it misses a component of order 3 in one case of three.)
 * - Message points are summed *before* the cofactor is cleared, which is linear, so that it is cleared once a sum. The
 *   construction says "if clearing gives infinity, try the next point"; here such a point would count as infinity. It
 *   can't come up: one of 2^255 seeds has it.
 *
 * When the product isn't 1, halves are tried until each bad one is found. Cost for one bad among n: 2·log2(n) smaller
 * products.
 */
import type { Bytes } from "../bytes.ts";
import { assert } from "../assert.ts";
import type { Bls, G1, G2, Scalar } from "./bls/mod.ts";
import { bls as defaultBls, scalarFromBigInt } from "./bls/mod.ts";
import type { CurvePoint, RawG1, RawG2 } from "./bls/backend.ts";
import { nextCurvePoint } from "./bls/random_g1.ts";
import { fromLittleEndian } from "./bls/scalar.ts";
import { ChaChaRng } from "./chacha_rng.ts";

/** One signature to verify: over the point of a seed (`messageSeed(nonce)`, 32 bytes), or over a point. */
export type SignatureCheck =
  & {
    readonly publicKey: G2;
    /** 48 bytes as they came: what is no point of G1 is just an invalid signature. */
    readonly signature: Uint8Array;
  }
  & ({ readonly seed: Uint8Array } | { readonly message: G1 });

/** Factors are below 2^128: twice as long ones would double the work and gain nothing. */
export const FACTOR_BYTES = 16;

type Prepared = {
  readonly index: number;
  readonly publicKey: G2;
  readonly signature: RawG1;
  /** In the group, or still with a cofactor. */
  readonly message: { readonly inGroup: RawG1 } | { readonly onCurve: CurvePoint };
  readonly factor: Scalar;
};

/**
 * @param checks any number, in any order
 * @param randomBytes unpredictable bytes: whoever could foresee them could make invalid signatures that pass together
 * @returns indices of the invalid ones, ascending; empty when all are valid
 */
export function verifySignatures(
  checks: readonly SignatureCheck[],
  randomBytes: (size: number) => Bytes,
  bls: Bls = defaultBls,
): number[] {
  const { prepared, invalid } = prepare(checks, randomBytes, bls);
  return [...invalid, ...findInvalid(prepared, bls)].sort((a, b) => a - b);
}

/**
 * Whether all are valid, without finding which are not: the cost is that of one batch whatever was handed in, where
 * finding 100 invalid ones takes 200 products more. For who is given signatures by strangers for free.
 */
export function allSignaturesHold(
  checks: readonly SignatureCheck[],
  randomBytes: (size: number) => Bytes,
  bls: Bls = defaultBls,
): boolean {
  const { prepared, invalid } = prepare(checks, randomBytes, bls);
  return invalid.length === 0 && productHolds(prepared, bls);
}

/** `unknown`: too many others were bad, and this one was not looked at alone. */
export type GroupVerdict = "holds" | "fails" | "unknown";

/**
 * Which groups of signatures hold, where all of a group must: notes of transactions of many senders. One product when
 * all do; else halves are tried until the bad group is found, at the cost of 2·log2(n) smaller products and no more,
 * however many are bad. A group that fails is not searched.
 * @param randomBytes as in `verifySignatures`
 */
export function verifyGroups(
  groups: readonly (readonly SignatureCheck[])[],
  randomBytes: (size: number) => Bytes,
  bls: Bls = defaultBls,
): GroupVerdict[] {
  const { prepared, invalid } = prepare(groups.flat(), randomBytes, bls);
  const groupOf = groups.flatMap((group, i) => group.map(() => i));
  const members = groups.map((): Prepared[] => []);
  for (const item of prepared) members[groupOf[item.index]!]!.push(item);
  const verdicts = groups.map((): GroupVerdict => "unknown");
  for (const index of invalid) verdicts[groupOf[index]!] = "fails";
  const open = [...verdicts.keys()].filter((i) => verdicts[i] === "unknown");
  let products = 1 + 2 * Math.ceil(Math.log2(Math.max(1, open.length)));

  /** @returns whether all of these hold, as far as it is known */
  const search = (some: readonly number[], knownBad: boolean): boolean => {
    if (products === 0 && !(knownBad && some.length === 1)) return false;
    if (!knownBad) {
      products--;
      if (productHolds(some.flatMap((i) => members[i]!), bls)) {
        for (const i of some) verdicts[i] = "holds";
        return true;
      }
    }
    if (some.length === 1) verdicts[some[0]!] = "fails";
    else {
      const middle = some.length >> 1;
      // when the whole fails and the left half holds, the right half fails
      search(some.slice(middle), search(some.slice(0, middle), false));
    }
    return false;
  };
  if (open.length > 0) search(open, false);
  return verdicts;
}

function prepare(
  checks: readonly SignatureCheck[],
  randomBytes: (size: number) => Bytes,
  bls: Bls,
): { readonly prepared: Prepared[]; readonly invalid: number[] } {
  const invalid: number[] = [];
  const prepared: Prepared[] = [];
  const random = randomBytes(checks.length * FACTOR_BYTES);
  assert(random.length === checks.length * FACTOR_BYTES, "the dice give as many bytes as asked for");
  const signatures = bls.g1.decodeMany(checks.map(({ signature }) => signature));
  checks.forEach((check, index) => {
    const signature = signatures[index];
    if (!signature) {
      invalid.push(index);
      return;
    }
    prepared.push({
      index,
      publicKey: check.publicKey,
      signature: bls.g1.open(signature),
      message: "message" in check
        ? { inGroup: bls.g1.open(check.message) }
        : { onCurve: nextCurvePoint(bls.backend, new ChaChaRng(check.seed)) },
      factor: batchFactor(random.subarray(index * FACTOR_BYTES, (index + 1) * FACTOR_BYTES)),
    });
  });
  return { prepared, invalid };
}

/** The factor for 16 random bytes; never zero, which would let anything pass. */
export function batchFactor(random: Uint8Array): Scalar {
  const number = fromLittleEndian(random);
  return scalarFromBigInt(number === 0n ? 1n : number);
}

/** @param knownBad that the product of all is not 1 is known already */
function findInvalid(items: readonly Prepared[], bls: Bls, knownBad = false): number[] {
  if (!knownBad && productHolds(items, bls)) return [];
  if (items.length === 1) return [items[0]!.index];
  const middle = items.length >> 1;
  const left = findInvalid(items.slice(0, middle), bls);
  // the factors stay the same: when the whole fails and the left half holds, the right half fails
  return [...left, ...findInvalid(items.slice(middle), bls, left.length === 0)];
}

function productHolds(items: readonly Prepared[], bls: Bls): boolean {
  const byKey = new Map<RawG2, Prepared[]>();
  for (const item of items) {
    const key = bls.g2.open(item.publicKey);
    const list = byKey.get(key);
    if (list) list.push(item);
    else byKey.set(key, [item]);
  }
  const { g1, g2 } = bls.backend;
  const pairs: [RawG1, RawG2][] = [...byKey].map(([key, list]) => [sumOfMessages(list, bls), key]);
  const signatures = g1.sumOfProducts(items.map((item) => item.signature), items.map((item) => item.factor));
  return bls.backend.pairingProductIsOne([...pairs, [g1.negate(signatures), g2.generator]]);
}

function sumOfMessages(items: readonly Prepared[], bls: Bls): RawG1 {
  const inGroup: RawG1[] = [], onCurve: CurvePoint[] = [], inGroupFactors: Scalar[] = [], onCurveFactors: Scalar[] = [];
  for (const { message, factor } of items) {
    if ("inGroup" in message) {
      inGroup.push(message.inGroup);
      inGroupFactors.push(factor);
    } else {
      onCurve.push(message.onCurve);
      onCurveFactors.push(factor);
    }
  }
  const { backend } = bls;
  const sum = backend.g1.sumOfProducts(inGroup, inGroupFactors);
  if (onCurve.length === 0) return sum;
  return backend.g1.add(sum, backend.clearCofactor(backend.sumOfCurvePoints(onCurve, onCurveFactors)));
}
