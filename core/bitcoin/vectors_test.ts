/** Transactions, scripts and addresses against the golden vectors and against a second implementation. */
import { assert, assertEquals } from "@std/assert";
import * as btc from "@scure/btc-signer";
import { fromHex, toHex } from "../bytes.ts";
import { ecdsaFromDer, ecdsaToDer, ecdsaVerify, publicKeyOf, tweakPublicKey } from "../crypto/mod.ts";
import type { AnyCodec } from "../encoding/mod.ts";
import { decodeHex, encodeHex, parseJson, stringifyJson } from "../encoding/mod.ts";
import { bitcoinTxid } from "../types/ids.ts";
import {
  addressFromScript,
  bitcoinNetwork,
  bitcoinOutPoint,
  bitcoinTransaction,
  bitcoinTxidOf,
  descriptorScript,
  descriptorText,
  isBitcoinNetwork,
  multisigWitness,
  p2wshOf,
  parseBitcoinOutPoint,
  parseDescriptor,
  scriptFromAddress,
  segwitSighashes,
  sortedMultisigScript,
  txOut,
  vbytesOf,
  weightOf,
} from "./mod.ts";
import types from "../../tests/vectors/types.json" with { type: "text" };
import walletv2 from "../../tests/vectors/walletv2.json" with { type: "text" };

type Case = { readonly type: string; readonly name: string; readonly hex: string; readonly json: string };
type Script = {
  readonly addresses: Record<string, string>;
  readonly descriptor: string;
  readonly script_pubkey: string;
  readonly tweaked_public_keys: string[];
  readonly witness_script: string;
};
type Signing = {
  readonly name: string;
  readonly inputs: { readonly outpoint: string; readonly tweak: string; readonly value_sats: number }[];
  readonly finalised_with_peers: number[];
  readonly secret_keys: string[];
  readonly sighashes: string[];
  readonly signatures_der: string[][];
  readonly signed_tx: string;
  readonly unsigned_tx: string;
  readonly txid: string;
  readonly vsize: number;
};
type WalletVectors = {
  readonly scripts: Script[];
  readonly signing: Signing[];
  readonly addresses: { readonly address: string; readonly network: string; readonly script_pubkey: string }[];
};

/** As modules, which tests without permissions may load. */
const FILES = { "types.json": types, "walletv2.json": walletv2 };

function vectors<T>(file: keyof typeof FILES): T {
  return JSON.parse(FILES[file]);
}

const CODECS: Record<string, AnyCodec> = {
  Network: bitcoinNetwork,
  Txid: bitcoinTxid,
  "bitcoin::OutPoint": bitcoinOutPoint,
  TxOut: txOut,
};

Deno.test("bitcoin types of types.json encode, decode and write JSON as the reference", () => {
  const { cases } = vectors<{ cases: Case[] }>("types.json");
  const ours = cases.filter(({ type }) => type in CODECS);
  assertEquals(new Set(ours.map(({ type }) => type)), new Set(Object.keys(CODECS)));
  for (const { type, hex, json } of ours) {
    const codec = CODECS[type]!;
    const value = decodeHex(codec, hex);
    assertEquals(encodeHex(codec, value), hex);
    assertEquals(stringifyJson(codec.toJson(value)), json);
    assertEquals(codec.fromJson(parseJson(json)), value);
  }
});

Deno.test("addresses of walletv2.json are scripts both ways and belong to their network", () => {
  const { addresses } = vectors<WalletVectors>("walletv2.json");
  assert(addresses.length > 0);
  for (const { address, network, script_pubkey } of addresses) {
    assert(isBitcoinNetwork(network));
    assertEquals(scriptFromAddress(address, network), { ok: true, value: fromHex(script_pubkey) });
    // Bech32 may be written in capitals; ours is the lower-case form
    const written = address.startsWith("BC1") ? address.toLowerCase() : address;
    assertEquals(addressFromScript(fromHex(script_pubkey), network), written);
  }
});

Deno.test("witness scripts, descriptors and addresses of tweaked keys are the reference's", () => {
  const { scripts } = vectors<WalletVectors>("walletv2.json");
  assert(scripts.length > 0);
  for (const item of scripts) {
    const descriptor = parseDescriptor(item.descriptor);
    assertEquals(descriptorText(descriptor), item.descriptor);
    assertEquals(toHex(descriptorScript(descriptor)), item.script_pubkey);
    assert(descriptor.kind === "wsh_sortedmulti");
    assertEquals(descriptor.keys.map(toHex), item.tweaked_public_keys);
    const witnessScript = sortedMultisigScript(descriptor.threshold, descriptor.keys);
    assertEquals(toHex(witnessScript), item.witness_script);
    for (const [network, address] of Object.entries(item.addresses)) {
      assert(isBitcoinNetwork(network));
      assertEquals(addressFromScript(p2wshOf(witnessScript), network), address);
    }
  }
});

Deno.test("signing vectors: ids, digests, sizes, signatures and the finished witness", () => {
  const { signing } = vectors<WalletVectors>("walletv2.json");
  assert(signing.length > 0);
  for (const item of signing) {
    const unsigned = decodeHex(bitcoinTransaction, item.unsigned_tx);
    const signed = decodeHex(bitcoinTransaction, item.signed_tx);
    assertEquals(encodeHex(bitcoinTransaction, unsigned), item.unsigned_tx);
    assertEquals(encodeHex(bitcoinTransaction, signed), item.signed_tx);
    assertEquals(bitcoinTransaction.fromJson(bitcoinTransaction.toJson(signed)), signed);
    assertEquals(bitcoinTxidOf(unsigned), item.txid);
    assertEquals(bitcoinTxidOf(signed), item.txid);
    assertEquals(vbytesOf(signed), item.vsize);
    assertEquals(
      unsigned.inputs.map(({ outPoint }) => outPoint),
      item.inputs.map((i) => parseBitcoinOutPoint(i.outpoint)),
    );

    const publicKeys = item.inputs.map(({ tweak }) =>
      item.secret_keys.map((secret) => tweakPublicKey(publicKeyOf(fromHex(secret)), fromHex(tweak)))
    );
    const scripts = publicKeys.map((keys) => sortedMultisigScript(threshold(keys.length), keys));
    const spent = item.inputs.map((input, i) => ({ scriptCode: scripts[i]!, valueSat: BigInt(input.value_sats) }));
    const digests = segwitSighashes(unsigned, spent);
    assertEquals(digests.map(toHex), item.sighashes);

    item.signatures_der.forEach((ofPeer, peer) =>
      ofPeer.forEach((der, input) => {
        const compact = ecdsaFromDer(fromHex(der));
        assert(compact !== null && ecdsaVerify(compact, digests[input]!, publicKeys[input]![peer]!));
        assertEquals(toHex(ecdsaToDer(compact)), der);
      })
    );
    signed.inputs.forEach((input, i) => {
      const byKey = item.finalised_with_peers.toSorted((a, b) =>
        toHex(publicKeys[i]![a]!) < toHex(publicKeys[i]![b]!) ? -1 : 1
      );
      const signatures = byKey.map((peer) => fromHex(`${item.signatures_der[peer]![i]}01`));
      assertEquals(input.witness, multisigWitness(signatures, scripts[i]!));
    });
  }
});

Deno.test("digests, ids and weights agree with another implementation", () => {
  const { signing } = vectors<WalletVectors>("walletv2.json");
  for (const item of signing) {
    const tx = decodeHex(bitcoinTransaction, item.signed_tx);
    const other = btc.Transaction.fromRaw(fromHex(item.signed_tx), {
      allowUnknownInputs: true,
      disableScriptCheck: true,
    });
    assertEquals(bitcoinTxidOf(tx), other.id);
    assertEquals(weightOf(tx), other.weight);
    const spent = tx.inputs.map((input, i) => ({ scriptCode: input.witness.at(-1)!, valueSat: BigInt(i + 7) }));
    const digests = segwitSighashes(tx, spent);
    spent.forEach(({ scriptCode, valueSat }, i) =>
      assertEquals(toHex(digests[i]!), toHex(other.preimageWitnessV0(i, scriptCode, btc.SigHash.ALL, valueSat)))
    );
  }
});

function threshold(guardians: number): number {
  return guardians - Math.floor((guardians - 1) / 3);
}
