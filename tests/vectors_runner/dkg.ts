/**
 * `dkg.json`: the ceremony replayed by the step machine from the guardians' polynomials, evaluations, and the encodings
 * of what guardians send each other.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Bls, G1, G2, Group, Scalar } from "../../core/crypto/bls/mod.ts";
import { decodeScalar } from "../../core/crypto/bls/mod.ts";
import { everyBls } from "../../core/crypto/bls/testing/backends.ts";
import type { DkgEffect, DkgMessage, DkgResult, DkgState } from "../../core/crypto/dkg.ts";
import { dkgStep, startDkg } from "../../core/crypto/dkg.ts";
import { commitmentOf, evaluatePoints, evaluateScalars, shareFits } from "../../core/crypto/polynomial.ts";
import type { AnyCodec } from "../../core/encoding/mod.ts";
import { decode, decodeHex, encode, encodeHex } from "../../core/encoding/mod.ts";
import { dkgMessageG1, dkgMessageG2 } from "../../core/types/dkg_message.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { decodeP2pMessage, encodeP2pMessage, p2pMessage } from "../../core/types/p2p_message.ts";
import { unitData } from "../../server/broadcast/graph/unit.ts";
import type { Checker, Report } from "./checker.ts";
import { codecOf, Mismatch } from "./checker.ts";
import type { Fields } from "./fields.ts";

const CODECS: { readonly [type: string]: AnyCodec } = {
  DkgMessageG1: dkgMessageG1,
  DkgMessageG2: dkgMessageG2,
  P2PMessage: p2pMessage,
};

export const checkDkg: Checker = async (file, report) => {
  for (const bls of everyBls) {
    await report.each(file, "evaluations", (fields) => checkEvaluation(fields, report, bls));
    await report.each(file, "runs", (fields) => {
      if (fields.text("group") === "G1") checkRun(fields, report, bls.g1);
      else checkRun(fields, report, bls.g2);
    });
  }
  await report.each(file, "p2p_messages", (fields) => {
    const message = report.roundTrip(p2pMessage, fields.text("consensus"));
    const bincode = fields.bytes("bincode");
    report.equal("bincode", encodeP2pMessage(message), bincode);
    report.equal("read", encodeHex(p2pMessage, decodeP2pMessage(bincode)), fields.text("receiver_reads"));
    report.equal(
      "consensus read",
      encodeHex(p2pMessage, decodeP2pMessage(fields.bytes("consensus"))),
      fields.text("consensus"),
    );
    report.equal("ambiguous", decodes(p2pMessage, bincode), fields.bool("bincode_bytes_also_decode_as_consensus"));
  });
  await report.each(file, "aleph_unit_data", (fields) => checkUnitData(fields, report));
  await report.each(file, "rejects", async (fields) => {
    const hex = fields.text("hex"), codec = codecOf(CODECS, fields.text("type"));
    await report.refused(hex, () => decodeHex(codec, hex));
  });
};

function decodes(codec: AnyCodec, bytes: Bytes): boolean {
  try {
    decode(codec, bytes);
    return true;
  } catch {
    return false;
  }
}

function checkEvaluation(fields: Fields, report: Report, { g1, g2 }: Bls): void {
  const coefficients = fields.bytesList("coefficients").map(decodeScalar);
  const inG1 = commitmentOf(g1, coefficients), inG2 = commitmentOf(g2, coefficients);
  for (const at of fields.objects("at")) {
    const peer = at.number("peer");
    report.equal(`scalar at ${peer}`, evaluateScalars(coefficients, peer), at.text("scalar"));
    report.equal(`G1 at ${peer}`, evaluatePoints(g1, inG1, peer), at.text("g1"));
    report.equal(`G2 at ${peer}`, evaluatePoints(g2, inG2, peer), at.text("g2"));
  }
}

function checkRun<P extends G1 | G2, R extends object>(fields: Fields, report: Report, group: Group<P, R>): void {
  const peers = numPeers(fields.number("peers"));
  const guardians = fields.objects("guardians");
  report.equal("threshold", peers.threshold, fields.number("threshold"));
  report.equal("guardians", guardians.length, peers.total);
  const keys = ceremony(
    group,
    guardians.map((guardian) => guardian.bytesList("polynomial").map(decodeScalar)),
    report,
    guardians,
  );
  keys.forEach((key, peer) => {
    const guardian = guardians[peer]!;
    report.equal(`peer ${peer}`, guardian.number("peer"), peer);
    report.equal(`secret of ${peer}`, key.share, guardian.text("secret_key_share"));
    report.equal(`polynomial of ${peer}`, key.polynomial.map(toHex), fields.texts("public_polynomial"));
    report.equal("aggregate key", key.polynomial[0], fields.text("aggregate_public_key"));
    report.equal(`key of ${peer}`, evaluatePoints(group, key.polynomial, peer), guardian.text("public_key_share"));
    report.equal(`share of ${peer} fits`, shareFits(group, key.polynomial, key.share, peer), true);
  });
}

/** Runs all guardians' machines on these polynomials and compares what each sends with its entry in the file. */
function ceremony<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  polynomials: readonly Scalar[][],
  report: Report,
  guardians: readonly Fields[],
): DkgResult<P>[] {
  const total = polynomials.length;
  const queues = guardians.map(() => guardians.map((): DkgMessage[] => []));
  const results: (DkgResult<P> | undefined)[] = guardians.map(() => undefined);
  const states: DkgState<P, R>[] = [];
  const perform = (identity: number, effects: readonly DkgEffect<P>[]): void => {
    for (const effect of effects) {
      if (effect.type === "broadcast" || effect.type === "send") {
        const receivers = effect.type === "send" ? [effect.peer] : guardians.map((_, peer) => peer);
        for (const to of receivers) if (to !== identity) queues[to]![identity]!.push(effect.message);
      } else if (effect.type === "abort") throw new Mismatch(`guardian ${identity} aborts: ${effect.reason}`);
      else if (effect.type === "done") results[identity] = effect.key;
    }
  };
  polynomials.forEach((polynomial, identity) => {
    // a scalar with 32 zero bytes behind it is a 64-byte number that reduces to itself
    const randomness = polynomial.map((scalar) => Uint8Array.from({ length: 64 }, (_, i) => scalar[i] ?? 0));
    const start = startDkg({ group, peers: numPeers(total), identity, randomBytes: () => randomness.shift()! });
    states.push(start.state);
    checkSent(group, start.state, report, guardians[identity]!, total);
    perform(identity, start.effects);
  });
  for (let progress = true; progress;) {
    progress = false;
    for (let identity = 0; identity < total; identity++) {
      const state = states[identity]!;
      const message = state.reading === null ? undefined : queues[identity]![state.reading]!.shift();
      if (message === undefined) continue;
      const step = dkgStep(state, { peer: state.reading!, message });
      states[identity] = step.state;
      perform(identity, step.effects);
      progress = true;
    }
  }
  return results.map((result, identity) => {
    if (!result) throw new Mismatch(`guardian ${identity} did not finish`);
    return result;
  });
}

function checkSent<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  state: DkgState<P, R>,
  report: Report,
  guardian: Fields,
  total: number,
): void {
  const [hash, commitment] = [state.hashes.get(state.identity)!, state.commitments.get(state.identity)!];
  const shares = Array.from({ length: total }, (_, peer) => evaluateScalars(state.polynomial, peer));
  report.equal("hash commitment", hash, guardian.text("hash_commitment"));
  report.equal("commitment", commitment.map(toHex), guardian.texts("commitment"));
  report.equal("shares", shares.map(toHex), guardian.texts("shares_to"));
  const messages: [string, DkgMessage][] = [
    ["hash_message", { tag: "Hash", value: hash }],
    ["commitment_message", { tag: "Commitment", value: commitment }],
    ["first_share_message", { tag: "Share", value: shares[0]! }],
  ];
  for (const [name, message] of messages) {
    const expected = guardian.object(name);
    const codec: AnyCodec = group.name === "G1" ? dkgMessageG1 : dkgMessageG2;
    const wrapped = encodeHex<unknown>(p2pMessage as AnyCodec, { tag: `Dkg${group.name}`, value: message });
    report.equal(name, encodeHex(codec, message), expected.text("dkg_message"));
    report.equal(`${name} as P2PMessage`, wrapped, expected.text("p2p_consensus"));
    report.roundTrip(codec, expected.text("dkg_message"));
  }
}

function checkUnitData(fields: Fields, report: Report): void {
  if (fields.has("scale")) {
    const data = report.roundTrip(unitData, fields.text("scale"));
    report.equal("content", data.kind === "batch" ? data.bytes : data.signature, fields.text("content"));
    return;
  }
  // too long to stand in the file: zero bytes behind an index byte and a length of four
  const length = fields.number("scale_length");
  const scale = encode(unitData, { kind: "batch", bytes: new Uint8Array(length - 5) });
  report.equal("length", scale.length, length);
  report.equal("beginning", scale.subarray(0, 8), fields.text("scale_first_8_bytes"));
  report.equal("hash", sha256(scale), fields.text("scale_sha256"));
}
