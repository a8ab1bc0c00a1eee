/**
 * Known answers that a verifier of our own must give before it is used: a broken compiler or a processor that errs
 * shows here, and not in a verdict. Some milliseconds. Test vectors of BIP340.
 */
import { fromHex, toHex } from "../../bytes.ts";
import type { SchnorrCheck, SchnorrVerifier } from "./backend.ts";

const check = (xOnly: string, digest: string, signature: string): SchnorrCheck => ({
  xOnly: fromHex(xOnly),
  digest: fromHex(digest),
  signature: fromHex(signature),
});

const KEY = "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659";
const DIGEST = "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89";
const R = "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769";
const S = "69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b";
const PRIME = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
const ORDER = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/** Vectors 0 to 4. */
export const HOLDING: readonly SchnorrCheck[] = [
  check(
    "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
    "00".repeat(32),
    "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215" +
      "25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
  ),
  check(
    KEY,
    DIGEST,
    "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341" +
      "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
  ),
  check(
    "dd308afec5777e13121fa72b9cc1b7cc0139715309b086c960e18fd969774eb8",
    "7e2d58d8b3bcdf1abadec7829054f90dda9805aab56c77333024b9d0a508b75c",
    "5831aaeed7b44bb74e5eab94ba9d4294c49bcf2a60728d8b4c200f50dd313c1b" +
      "ab745879a5ad954a72c45a91c3a51d3c7adea98d82f8481e0e1e03674a6f3fb7",
  ),
  check(
    "25d1dff95105f5253c4022f628a996ad3a0d95fbf21d468a1b33f8c160d8f517",
    "ff".repeat(32),
    "7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec" +
      "97582b9cb13db3933705b32ba982af5af25fd78881ebb32771fc5922efc66ea3",
  ),
  check(
    "d69c3509bb99e412e68b0fe8544e72837dfa30746d8be2aa65975f29d22dc7b9",
    "4df3c3f68fcc83b27e9d42c90431a72499f17875c81a599b566c9889b9696703",
    "00000000000000000000003b78ce563f89a0ed9414f5aa28ad0d96d6795f9c63" +
      "76afb1548af603b3eb45c9f8207dee1060cb71c04e80f593060b07d28308d7f4",
  ),
];

/** Vectors 5 to 14, and what is wrong with each. */
export const REFUSED: readonly (readonly [what: string, check: SchnorrCheck])[] = [
  ["a key that is no point", check("eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34", DIGEST, R + S)],
  [
    "an R with an odd y",
    check(
      KEY,
      DIGEST,
      "fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556" +
        "3cc27944640ac607cd107ae10923d9ef7a73c643e166be5ebeafa34b1ac553e2",
    ),
  ],
  [
    "a digest negated",
    check(
      KEY,
      DIGEST,
      "1fa62e331edbc21c394792d2ab1100a7b432b013df3f6ff4f99fcb33e0e1515f" +
        "28890b3edb6e7189b630448b515ce4f8622a954cfe545735aaea5134fccdb2bd",
    ),
  ],
  [
    "an s negated",
    check(KEY, DIGEST, `${R}961764b3aa9b2ffcb6ef947b6887a226e8d7c93e00c5ed0c1834ff0d0c2e6da6`),
  ],
  [
    "an R at infinity, x taken as 0",
    check(KEY, DIGEST, `${"00".repeat(32)}123dda8328af9c23a94c1feecfd123ba4fb73476f0d594dcb65c6425bd186051`),
  ],
  [
    "an R at infinity, x taken as 1",
    check(KEY, DIGEST, `${"00".repeat(31)}017615fbaf5ae28864013c099742deadb4dba87f11ac6754f93780d5a1837cf197`),
  ],
  [
    "an R that is no point",
    check(KEY, DIGEST, `4a298dacae57395a15d0795ddbfd1dcb564da82b0f269bc70a74f8220429ba1d${S}`),
  ],
  ["an R of the prime", check(KEY, DIGEST, PRIME + S)],
  ["an s of the order", check(KEY, DIGEST, R + ORDER)],
  ["a key above the prime", check(PRIME.replace("fc2f", "fc30"), DIGEST, R + S)],
];

/** What a verifier gets wrong first, or null. */
export function findFault({ allHold, keyVerifier }: SchnorrVerifier): string | null {
  const alone = HOLDING.findIndex((good) => !allHold([good]));
  if (alone >= 0) return `vector ${alone} of BIP340`;
  if (!allHold(HOLDING)) return "vectors of BIP340 together";
  const byKey = keyVerifier(fromHex(KEY));
  const ofKey = ({ xOnly }: SchnorrCheck): boolean => toHex(xOnly) === KEY;
  if (byKey !== null && !HOLDING.filter(ofKey).every(({ signature, digest }) => byKey(signature, digest))) {
    return "a vector of BIP340, by a table of its key";
  }
  for (const [what, bad] of REFUSED) {
    if (ofKey(bad) && byKey?.(bad.signature, bad.digest)) return `${what}, by a table of its key`;
    if (allHold([bad])) return what;
    if (allHold([HOLDING[0]!, bad])) return `${what}, behind a good one`;
  }
  return null;
}
