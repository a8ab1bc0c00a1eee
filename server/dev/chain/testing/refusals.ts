/**
 * For tests: a chain with coins of every kind, and transactions that must be refused, each with the answer of
 * `sendrawtransaction`.
 */
import type { BitcoinTransaction, TxOut } from "../../../../core/bitcoin/mod.ts";
import { bitcoinTransaction, bitcoinTxidOf, p2trScript, p2wpkhScript, p2wshOf } from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { concat, fromHex } from "../../../../core/bytes.ts";
import { ecdsaFromDer, ecdsaToDer, publicKeyOf } from "../../../../core/crypto/mod.ts";
import { encodeHex } from "../../../../core/encoding/mod.ts";
import type { TestChain } from "../../../bitcoin/testing/world.ts";
import { testChain } from "../../../bitcoin/testing/world.ts";
import type { Kind, Spent } from "./spends.ts";
import { KINDS, push, secretKey, spend, taprootSignature } from "./spends.ts";

export type Funded = {
  readonly chain: TestChain;
  /** Confirmed coins of 1 BTC: the n-th of a kind. */
  coin(kind: string, n?: number): Spent;
  /** A coinbase that is not mature. */
  readonly young: Spent;
};

const COIN_SAT = 100_000_000n;
const COINS_EACH = 6;

export function kindOf(name: string): Kind {
  return KINDS.find((kind) => kind.name === name)!;
}

/** Blocks 1 and 101 pay a P2WPKH script of ours; block 102 makes the coins. */
export async function fundedChain(): Promise<Funded> {
  const chain = await testChain();
  const miner = kindOf("P2WPKH");
  const coinbaseOf = async (hash: string): Promise<Spent> => {
    const { tx } = await chain.call<{ tx: string[] }>("getblock", hash);
    return { key: `${tx[0]}:0`, kind: miner, valueSat: 5_000_000_000n };
  };
  const [first = ""] = await chain.node.generate(1, miner.script);
  await chain.mine(99);
  const [last = ""] = await chain.node.generate(1, miner.script);
  const outputs = KINDS.flatMap(({ script }) => Array<TxOut>(COINS_EACH).fill({ valueSat: COIN_SAT, script }));
  const funding = spend([await coinbaseOf(first)], [...outputs, { valueSat: 799_990_000n, script: miner.script }]);
  const txid = await send(chain, funding);
  await chain.mine(1);
  return {
    chain,
    young: await coinbaseOf(last),
    coin: (name, n = 0) => {
      const index = KINDS.findIndex((kind) => kind.name === name);
      return { key: `${txid}:${index * COINS_EACH + n}`, kind: KINDS[index]!, valueSat: COIN_SAT };
    },
  };
}

export function hexOf(tx: BitcoinTransaction): string {
  return encodeHex(bitcoinTransaction, tx);
}

export function send(chain: TestChain, tx: BitcoinTransaction): Promise<string> {
  return chain.call("sendrawtransaction", hexOf(tx));
}

export type Refusal = {
  readonly name: string;
  readonly hex: string;
  /** Code and the text before its first comma. */
  readonly answer: string;
  /** Why this version of Core, or Knots, may answer otherwise. */
  readonly coreDiffers?: string;
};

export const DESTINATION = p2wpkhScript(new Uint8Array(20).fill(9));
const INVALID = "-26: mandatory-script-verify-flag-failed";
const NULLFAIL = `${INVALID} (Signature must be zero for failed CHECK(MULTI)SIG operation)`;

function pays(valueSat: bigint, script: Bytes = DESTINATION): TxOut[] {
  return [{ valueSat, script }];
}

function changeFirst(
  tx: BitcoinTransaction,
  change: Partial<BitcoinTransaction["inputs"][number]>,
): BitcoinTransaction {
  return { ...tx, inputs: tx.inputs.map((input, i) => i === 0 ? { ...input, ...change } : input) };
}

function withWitness(tx: BitcoinTransaction, map: (witness: readonly Bytes[]) => readonly Bytes[]): BitcoinTransaction {
  return changeFirst(tx, { witness: map(tx.inputs[0]!.witness) });
}

/** The same signature with s in the upper half: valid for consensus alone. */
function highS(der: Bytes): Bytes {
  const compact = ecdsaFromDer(der.slice(0, -1))!;
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = (order - BigInt(`0x${compact.slice(32).toHex()}`)).toString(16).padStart(64, "0");
  return concat(ecdsaToDer(concat(compact.slice(0, 32), fromHex(s))), der.slice(-1));
}

/** Nothing of this enters a mempool, so the order doesn't matter. */
export function refusals({ coin, young }: Funded): Refusal[] {
  const fine = COIN_SAT - 10_000n;
  const key = spend([coin("P2WPKH")], pays(fine));
  const multi = spend([coin("P2WSH multisig")], pays(fine));
  const legacy = spend([coin("P2PKH")], pays(fine));
  const taproot = spend([coin("P2TR key path")], pays(fine));
  const otherKey = publicKeyOf(secretKey(2));
  const unknown: Spent = { ...coin("P2WPKH"), key: `${"ab".repeat(32)}:0` };
  const spentCoin: Spent = { ...coin("P2WPKH"), key: `${bitcoinTxidOf(key)}:0` };
  const of = (name: string, tx: BitcoinTransaction, answer: string, coreDiffers?: string): Refusal => ({
    name,
    hex: hexOf(tx),
    answer,
    ...(coreDiffers === undefined ? {} : { coreDiffers }),
  });
  return [
    {
      name: "text that is no transaction",
      hex: "00ff",
      answer: "-22: TX decode failed. Make sure the tx has at least one input.",
    },
    of("a coin that never was", spend([unknown], pays(fine)), "-25: bad-txns-inputs-missingorspent"),
    of(
      "an output of a transaction that nobody sent",
      spend([spentCoin], pays(fine)),
      "-25: bad-txns-inputs-missingorspent",
    ),
    of("more out than in", spend([coin("P2WPKH")], pays(COIN_SAT + 1n)), "-26: bad-txns-in-belowout"),
    of(
      "an amount above all money",
      spend([coin("P2WPKH")], pays(2_100_000_000_000_001n)),
      "-26: bad-txns-vout-toolarge",
    ),
    of("a negative amount", spend([coin("P2WPKH")], pays(2n ** 63n)), "-26: bad-txns-vout-negative"),
    of(
      "amounts that sum up above all money",
      spend([coin("P2WPKH")], [...pays(2_000_000_000_000_000n), ...pays(2_000_000_000_000_000n)]),
      "-26: bad-txns-txouttotal-toolarge",
    ),
    of("no output", spend([coin("P2WPKH")], []), "-26: bad-txns-vout-empty"),
    of("one coin twice", spend([coin("P2WPKH"), coin("P2WPKH")], pays(fine)), "-26: bad-txns-inputs-duplicate"),
    of(
      "the null outpoint beside a coin",
      spend([coin("P2WPKH"), { ...unknown, key: `${"00".repeat(32)}:4294967295` }], pays(fine)),
      "-26: bad-txns-prevout-null",
    ),
    of("a coinbase", coinbaseAlone(), "-26: coinbase"),
    of("a coinbase that is not mature", spend([young], pays(fine)), "-26: bad-txns-premature-spend-of-coinbase"),
    of("a lock time in the future", spend([coin("P2WPKH")], pays(fine), { lockTime: 5_000 }), "-26: non-final"),
    of(
      "a lock time in seconds to come",
      spend([coin("P2WPKH")], pays(fine), { lockTime: 4_000_000_000 }),
      "-26: non-final",
    ),
    of("a relative lock of blocks", spend([coin("P2WPKH")], pays(fine), { sequence: 50 }), "-26: non-BIP68-final"),
    of("a relative lock of time", spend([coin("P2WPKH")], pays(fine), { sequence: 0x400009 }), "-26: non-BIP68-final"),
    of("no fee", spend([coin("P2WPKH")], pays(COIN_SAT)), "-26: min relay fee not met"),
    of("a satoshi too little fee", spend([coin("P2WPKH")], pays(COIN_SAT - 109n)), "-26: min relay fee not met"),
    of(
      "a fee beyond reason",
      spend([coin("P2WPKH")], pays(1_000n)),
      "-25: Fee exceeds maximum configured by user (e.g. -maxtxfee",
    ),
    of(
      "money burnt",
      spend([coin("P2WPKH")], pays(fine, fromHex("6a"))),
      "-25: Unspendable output exceeds maximum configured by user (maxburnamount)",
    ),
    of(
      "an output of dust",
      spend([coin("P2WPKH")], [...pays(293n), ...pays(fine)]),
      "-26: dust",
      "Knots has another name for it",
    ),
    of(
      "an output of P2TR dust",
      spend([coin("P2WPKH")], [...pays(329n, p2trScript(new Uint8Array(32).fill(5))), ...pays(fine)]),
      "-26: dust",
      "Knots has another name for it",
    ),
    of("version 0", spend([coin("P2WPKH")], pays(fine), { version: 0 }), "-26: version"),
    of(
      "version 3",
      spend([coin("P2WPKH", 2)], pays(fine), { version: 3 }),
      "-26: version",
      "Core has rules for version 3",
    ),
    of("version −1", spend([coin("P2WPKH")], pays(fine), { version: -1 }), "-26: version"),
    of("an unknown script", spend([coin("P2WPKH")], pays(fine, fromHex("51"))), "-26: scriptpubkey"),
    of(
      "data of 81 bytes",
      spend([coin("P2WPKH", 3)], [...pays(fine), ...pays(0n, concat(fromHex("6a"), push(new Uint8Array(81))))]),
      "-26: scriptpubkey",
      "newer versions of Core take it",
    ),
    of(
      "two outputs of data",
      spend([coin("P2WPKH")], [...pays(fine), ...pays(0n, fromHex("6a01ff")), ...pays(0n, fromHex("6a01fe"))]),
      "-26: multi-op-return",
    ),
    of("64 bytes", {
      ...key,
      inputs: key.inputs.map((input) => ({ ...input, witness: [] })),
      outputs: pays(1_000n, fromHex("6a0100")),
    }, "-25: Unspendable output exceeds maximum configured by user (maxburnamount)"),
    of("a script in scriptSig", changeFirst(legacy, { scriptSig: fromHex("61") }), "-26: scriptsig-not-pushonly"),
    of(
      "a scriptSig of 1651 bytes",
      changeFirst(legacy, { scriptSig: concat(fromHex("4d7006"), new Uint8Array(1_648)) }),
      "-26: scriptsig-size",
    ),
    of(
      "a witness for an output without one",
      changeFirst(legacy, { witness: [Uint8Array.of(1)] }),
      "-26: bad-witness-nonstandard",
      "Knots says it more exactly",
    ),
    of(
      "a witness item of 81 bytes",
      withWitness(multi, (witness) => [new Uint8Array(81), ...witness.slice(1)]),
      "-26: bad-witness-nonstandard",
      "Knots says it more exactly",
    ),
    of(
      "a taproot annex",
      withWitness(taproot, (witness) => [...witness, Uint8Array.of(0x50)]),
      "-26: bad-witness-nonstandard",
      "Knots says it more exactly",
    ),
    of("another amount than was signed", { ...key, outputs: pays(fine - 1n) }, NULLFAIL),
    of("another destination than was signed", { ...multi, outputs: pays(fine, p2wshOf(fromHex("51"))) }, NULLFAIL),
    of(
      "another key",
      withWitness(key, ([signature]) => [signature!, otherKey]),
      `${INVALID} (Script failed an OP_EQUALVERIFY operation)`,
    ),
    of(
      "no witness",
      withWitness(key, () => []),
      `${INVALID} (Witness program hash mismatch)`,
      "Knots may say it by the witness alone",
    ),
    of(
      "no witness for a script",
      withWitness(multi, () => []),
      `${INVALID} (Witness program was passed an empty witness)`,
      "Knots",
    ),
    of(
      "another witness script",
      withWitness(multi, (witness) => [...witness.slice(0, -1), fromHex("51")]),
      `${INVALID} (Witness program hash mismatch)`,
    ),
    of(
      "a signature short",
      withWitness(multi, ([empty, first, second, , script]) => [empty!, first!, second!, new Uint8Array(0), script!]),
      NULLFAIL,
    ),
    of(
      "signatures in the wrong order",
      withWitness(multi, ([empty, a, b, c, script]) => [empty!, b!, a!, c!, script!]),
      NULLFAIL,
    ),
    of(
      "one signature three times",
      withWitness(multi, ([empty, a, , , script]) => [empty!, a!, a!, a!, script!]),
      NULLFAIL,
    ),
    of(
      "a dummy that isn't empty",
      withWitness(multi, ([, ...rest]) => [Uint8Array.of(1), ...rest]),
      `${INVALID} (Dummy CHECKMULTISIG argument must be zero)`,
    ),
    of(
      "a signature that isn't DER",
      withWitness(key, ([signature, publicKey]) => [concat(signature!.slice(0, -1), fromHex("0001")), publicKey!]),
      `${INVALID} (Non-canonical DER signature)`,
    ),
    of(
      "a signature with a high s",
      withWitness(key, ([signature, publicKey]) => [highS(signature!), publicKey!]),
      "-26: non-mandatory-script-verify-flag (Non-canonical signature: S value is unnecessarily high)",
    ),
    of(
      "a scriptSig beside a witness",
      changeFirst(key, { scriptSig: push(Uint8Array.of(1, 2)) }),
      `${INVALID} (Witness requires empty scriptSig)`,
    ),
    of(
      "a legacy input without script",
      changeFirst(legacy, { scriptSig: new Uint8Array(0) }),
      `${INVALID} (Operation not valid with the current stack size)`,
    ),
    of(
      "a legacy input with something left over",
      changeFirst(legacy, { scriptSig: concat(push(Uint8Array.of(1, 2)), legacy.inputs[0]!.scriptSig) }),
      "-26: non-mandatory-script-verify-flag (Stack size must be exactly one after execution)",
    ),
    of(
      "a changed taproot signature",
      withWitness(taproot, ([signature]) => [signature!.map((byte, i) => i === 40 ? byte ^ 1 : byte)]),
      `${INVALID} (Invalid Schnorr signature)`,
    ),
    of(
      "a taproot signature of 63 bytes",
      withWitness(taproot, ([signature]) => [signature!.slice(1)]),
      `${INVALID} (Invalid Schnorr signature size)`,
    ),
    of(
      "a taproot signature with the default kind written out",
      withWitness(taproot, ([signature]) => [concat(signature!, Uint8Array.of(0))]),
      `${INVALID} (Invalid Schnorr signature hash type)`,
    ),
    of(
      "a taproot script path",
      withWitness(taproot, () => [fromHex("51"), concat(fromHex("c0"), new Uint8Array(32))]),
      `${INVALID} (Taproot script path spends are not supported by this chain)`,
      "not supported",
    ),
    of(
      "taproot for one amount of two",
      taprootWrongAmount(coin("P2TR key path", 1), coin("P2WPKH", 1)),
      `${INVALID} (Invalid Schnorr signature)`,
    ),
  ];
}

/** Taproot signs the amounts of all inputs: a lie about the other one voids it. */
function taprootWrongAmount(first: Spent, second: Spent): BitcoinTransaction {
  const tx = spend([first, second], pays(190_000_000n));
  const spent = [{ script: first.kind.script, valueSat: first.valueSat }, { script: second.kind.script, valueSat: 1n }];
  return withWitness(tx, () => [taprootSignature(tx, 0, spent)]);
}

function coinbaseAlone(): BitcoinTransaction {
  return {
    version: 2,
    inputs: [{
      outPoint: { txid: "0".repeat(64), vout: 0xffffffff },
      scriptSig: fromHex("5151"),
      sequence: 0,
      witness: [],
    }],
    outputs: pays(1_000n),
    lockTime: 0,
  };
}
