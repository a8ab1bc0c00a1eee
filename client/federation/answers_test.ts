/**
 * Whatever a guardian answers, reading it gives a value with a text of its own, or says what is wrong. Nothing else
 * happens.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bls } from "../../core/crypto/bls/mod.ts";
import type { AnyCodec, Json, JsonObject } from "../../core/encoding/mod.ts";
import {
  decode,
  DecodeError,
  encode,
  list,
  map,
  moduleEncoding,
  option,
  parseJson,
  stringifyJson,
  u64,
  u64Number,
  unit,
} from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import { signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import type { SupportedApiVersionsSummary } from "../../core/types/api_versions.ts";
import { supportedApiVersionsSummary } from "../../core/types/api_versions.ts";
import { g1Point } from "../../core/types/bls.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import { signedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import { bitcoinTxid, blockHash, peerId, transactionId } from "../../core/types/ids.ts";
import { transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { metaConsensusValue, metaValue } from "../../modules/meta/common.ts";
import { federationWallet, outputInfo, txInfo } from "../../modules/walletv2/common.ts";
import { satoshi } from "../../modules/walletv2/config.ts";
import { readVector } from "../cli/testing/mod.ts";
import { damaged, garbage } from "../testing/garbage.ts";
import type { Announcements, Metadata } from "./announcements.ts";
import { announcementRules, currentUrls, mergeStatements, metadataRules } from "./announcements.ts";
import { isExtension } from "./refresh.ts";
import { negotiateAll } from "./versions.ts";

const ID = "ab".repeat(32);
const outcome = moduleEncoding(transactionSubmissionOutcome);
const outpoint = `${ID}:1`;
const script = `0020${ID}`;
const recorded = (readVector("guardians.json") as JsonObject).all as JsonObject;

/** What the client reads answers with, and an honest answer for each. */
const ANSWERS: readonly (readonly [string, AnyCodec, Json])[] = [
  ["client_config", clientConfig, recorded["client_config null"]!],
  ["version", supportedApiVersionsSummary, recorded["version null"]!],
  ["api_announcements", map(peerId, signedApiAnnouncement), recorded["api_announcements null"]!],
  ["guardian_metadata", map(peerId, signedGuardianMetadata), recorded["guardian_metadata null"]!],
  ["chain_id", blockHash, recorded["chain_id null"]!],
  ["session_count", u64, 252],
  ["recovery_count", u64Number, 210],
  ["accepted", outcome, outcome.toJson(ok(transactionId.fromJson(ID)))],
  ["refused", outcome, outcome.toJson(err({ tag: "Input", value: { instance: 2, body: Uint8Array.of(1, 0) } }))],
  ["await_transaction", transactionId, ID],
  ["signature_shares", list(g1Point), [g1Point.toJson(bls.g1.generator), g1Point.toJson(bls.g1.generator)]],
  ["get_consensus", option(metaConsensusValue), { revision: 3, value: "7b7d" }],
  ["get_submission", map(peerId, metaValue), { "0": "7b7d", "3": "" }],
  ["submit", unit, null],
  ["consensus_feerate", option(u64), 1_000],
  ["send_fee", option(satoshi), 500],
  ["transaction_id", option(bitcoinTxid), ID],
  ["federation_wallet", option(federationWallet), { value: 5_000, outpoint, tweak: ID }],
  ["transaction_chain", list(txInfo), [
    { index: 0, txid: ID, input: 9, output: 8, fee: 1, vbytes: 200, created: 7 },
  ]],
  ["output_info_slice", list(outputInfo), [{ index: 4, script, value: 7_000, spent: false, outpoint }]],
];

const config = clientConfig.fromJson(recorded["client_config null"]!);
const keys = config.global.broadcastPublicKeys!;

/** What is done next with an answer that one guardian may have made up alone. */
const USES: Readonly<Record<string, (value: never) => unknown>> = {
  client_config: (value: ClientConfig) => [federationIdOf(value.global.apiEndpoints), isExtension(config, value)],
  version: (value: SupportedApiVersionsSummary) =>
    negotiateAll(config.global.consensusVersion, [{ major: 0, minor: 0 }], new Map(), new Map([[0, value]])),
  api_announcements: (value: Announcements) => mergeStatements(new Map(), [value], keys, announcementRules),
  guardian_metadata: (value: Metadata) =>
    currentUrls(config, new Map(), mergeStatements(new Map(), [value], keys, metadataRules(2_000_000_000))),
};

/** The text by which answers are compared, or null for one that is refused. */
function read(method: string, codec: AnyCodec, json: Json): string | null {
  let value: unknown;
  try {
    value = codec.fromJson(parseJson(stringifyJson(json)));
  } catch (thrown) {
    if (thrown instanceof DecodeError) return null;
    throw thrown;
  }
  USES[method]?.(value as never);
  // what is kept must be readable when the client is opened again
  decode(codec, encode(codec, value));
  return stringifyJson(codec.toJson(value));
}

for (const [method, codec, honest] of ANSWERS) {
  Deno.test(`an answer to ${method} is read or refused, whatever it is`, () => {
    const text = read(method, codec, honest);
    assert(text !== null, "an honest answer is read");
    const check = (json: Json): void => {
      const first = read(method, codec, json);
      if (first !== null) {
        assertEquals(read(method, codec, parseJson(first)), first, "an answer's text is read as the same answer");
      }
    };
    fc.assert(fc.property(garbage, check), { numRuns: 300 });
    fc.assert(fc.property(damaged(honest), check), { numRuns: 500 });
  });
}
