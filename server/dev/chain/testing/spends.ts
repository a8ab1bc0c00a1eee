/** For tests: an output of every kind that the chain knows, and transactions that spend them. */
import { sha256 } from "@noble/hashes/sha2.js";
import * as btc from "@scure/btc-signer";
import type { BitcoinTransaction, TxOut } from "../../../../core/bitcoin/mod.ts";
import {
  bitcoinTransaction,
  encodeStripped,
  hash160,
  multisigWitness,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wpkhScriptCode,
  p2wshOf,
  parseBitcoinOutPoint,
  segwitSighashes,
  sha256d,
  sortedKeys,
  sortedMultisigScript,
} from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { concat, equalBytes, fromHex, utf8 } from "../../../../core/bytes.ts";
import {
  ecdsaSign,
  ecdsaToDer,
  publicKeyOf,
  schnorrSign,
  tweakSecretKey,
  xOnlyOf,
} from "../../../../core/crypto/mod.ts";
import { encode } from "../../../../core/encoding/mod.ts";

export type Proof = { readonly scriptSig: Bytes; readonly witness: readonly Bytes[] };

export type Kind = {
  readonly name: string;
  readonly script: Bytes;
  readonly sign: (tx: BitcoinTransaction, index: number, spent: readonly TxOut[]) => Proof;
};

const NONE: Bytes = new Uint8Array(0);

export function secretKey(number: number): Bytes {
  return sha256(utf8(`test key ${number}`)) as Bytes;
}

const SECRETS = [1, 2, 3, 4].map(secretKey);
const KEYS = SECRETS.map(publicKeyOf);
const THRESHOLD = 3;

function der(digest: Bytes, secret: Bytes): Bytes {
  return concat(ecdsaToDer(ecdsaSign(digest, secret)), Uint8Array.of(1));
}

/** A push of up to 255 bytes. */
export function push(bytes: Uint8Array): Bytes {
  if (bytes.length === 0) return Uint8Array.of(0);
  return bytes.length < 0x4c
    ? concat(Uint8Array.of(bytes.length), bytes)
    : concat(Uint8Array.of(0x4c, bytes.length), bytes);
}

function legacyDigest(tx: BitcoinTransaction, index: number, scriptCode: Bytes): Bytes {
  const inputs = tx.inputs.map((input, i) => ({ ...input, scriptSig: i === index ? scriptCode : NONE }));
  return sha256d(concat(encodeStripped({ ...tx, inputs }), fromHex("01000000")));
}

function witnessDigest(tx: BitcoinTransaction, index: number, spent: readonly TxOut[], scriptCode: Bytes): Bytes {
  return segwitSighashes(tx, spent.map(({ valueSat }) => ({ valueSat, scriptCode })))[index]!;
}

/** `k` signatures in the order of the script's keys. */
function signatures(digest: Bytes): Bytes[] {
  const ordered = sortedKeys(KEYS).map((key) => SECRETS[KEYS.findIndex((other) => equalBytes(other, key))]!);
  return ordered.slice(0, THRESHOLD).map((secret) => der(digest, secret));
}

const KEY_HASH = hash160(KEYS[0]!);
const MULTISIG = sortedMultisigScript(THRESHOLD, KEYS);

function keyProof(tx: BitcoinTransaction, index: number, spent: readonly TxOut[]): readonly Bytes[] {
  return [der(witnessDigest(tx, index, spent, p2wpkhScriptCode(KEY_HASH)), SECRETS[0]!), KEYS[0]!];
}

function multisigProof(tx: BitcoinTransaction, index: number, spent: readonly TxOut[]): readonly Bytes[] {
  return multisigWitness(signatures(witnessDigest(tx, index, spent, MULTISIG)), MULTISIG);
}

/** BIP341: the secret of the output key, for an internal key without scripts. */
function taprootSecret(): Bytes {
  const even = KEYS[0]![0] === 2;
  const internal = even ? SECRETS[0]! : negate(SECRETS[0]!);
  const tag = sha256(utf8("TapTweak"));
  return tweakSecretKey(internal, sha256(concat(tag, tag, xOnlyOf(KEYS[0]!))));
}

function negate(secret: Bytes): Bytes {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  return fromHex((order - BigInt(`0x${secret.toHex()}`)).toString(16).padStart(64, "0"));
}

export function taprootSignature(tx: BitcoinTransaction, index: number, spent: readonly TxOut[], kind = 0): Bytes {
  const parsed = btc.Transaction.fromRaw(encode(bitcoinTransaction, tx), {
    allowUnknownInputs: true,
    allowUnknownOutputs: true,
    disableScriptCheck: true,
  });
  const scripts = spent.map(({ script }) => script), amounts = spent.map(({ valueSat }) => valueSat);
  const digest = parsed.preimageWitnessV1(index, scripts, kind, amounts);
  const signature = schnorrSign(digest, taprootSecret(), new Uint8Array(32));
  return kind === 0 ? signature : concat(signature, Uint8Array.of(kind));
}

const wrappedKey = p2wpkhScript(KEY_HASH);
const wrappedMultisig = p2wshOf(MULTISIG);

export const KINDS: readonly Kind[] = [
  {
    name: "P2PKH",
    script: p2pkhScript(KEY_HASH),
    sign: (tx, index) => ({
      scriptSig: concat(push(der(legacyDigest(tx, index, p2pkhScript(KEY_HASH)), SECRETS[0]!)), push(KEYS[0]!)),
      witness: [],
    }),
  },
  {
    name: "P2WPKH",
    script: p2wpkhScript(KEY_HASH),
    sign: (tx, index, spent) => ({ scriptSig: NONE, witness: keyProof(tx, index, spent) }),
  },
  {
    name: "P2WSH multisig",
    script: p2wshOf(MULTISIG),
    sign: (tx, index, spent) => ({ scriptSig: NONE, witness: multisigProof(tx, index, spent) }),
  },
  {
    name: "P2SH multisig",
    script: p2shScript(hash160(MULTISIG)),
    sign: (tx, index) => ({
      scriptSig: concat(push(NONE), ...signatures(legacyDigest(tx, index, MULTISIG)).map(push), push(MULTISIG)),
      witness: [],
    }),
  },
  {
    name: "P2SH-P2WPKH",
    script: p2shScript(hash160(wrappedKey)),
    sign: (tx, index, spent) => ({ scriptSig: push(wrappedKey), witness: keyProof(tx, index, spent) }),
  },
  {
    name: "P2SH-P2WSH multisig",
    script: p2shScript(hash160(wrappedMultisig)),
    sign: (tx, index, spent) => ({ scriptSig: push(wrappedMultisig), witness: multisigProof(tx, index, spent) }),
  },
  {
    name: "P2TR key path",
    script: p2trScript(xOnlyOf(publicKeyOf(taprootSecret()))),
    sign: (tx, index, spent) => ({ scriptSig: NONE, witness: [taprootSignature(tx, index, spent)] }),
  },
];

export type Spent = { readonly key: string; readonly kind: Kind; readonly valueSat: bigint };

/** A signed transaction from these coins to these outputs. */
export function spend(
  coins: readonly Spent[],
  outputs: readonly TxOut[],
  change: Partial<BitcoinTransaction> & { readonly sequence?: number } = {},
): BitcoinTransaction {
  const { sequence = 0xfffffffd, ...rest } = change;
  const bare: BitcoinTransaction = {
    version: 2,
    inputs: coins.map(({ key }) => ({ outPoint: parseBitcoinOutPoint(key), scriptSig: NONE, sequence, witness: [] })),
    outputs,
    lockTime: 0,
    ...rest,
  };
  const spent = coins.map(({ kind, valueSat }) => ({ script: kind.script, valueSat }));
  return { ...bare, inputs: bare.inputs.map((input, i) => ({ ...input, ...coins[i]!.kind.sign(bare, i, spent) })) };
}
