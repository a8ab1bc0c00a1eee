/**
 * Guardians of the first Lightning module, step by step: what the reference's own did with an empty database, all of
 * ours do too.
 */
import { toHex } from "../../core/bytes.ts";
import { bls, decodeScalar, evaluateScalars } from "../../core/crypto/mod.ts";
import { commitmentOf } from "../../core/crypto/polynomial.ts";
import { Secret } from "../../core/crypto/secret.ts";
import type { AnyCodec, Json } from "../../core/encoding/mod.ts";
import { decodeHex, encodeHex, moduleEncoding, parseJson } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { dyn, toDyn } from "../../core/types/dyn.ts";
import type { InPoint, OutPoint } from "../../core/types/ids.ts";
import { BITCOIN_UNIT, outPoint } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { version } from "../../core/types/version.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import type { InputMeta, OutputMeta } from "../../modules/contract/server.ts";
import { onAll, testEnv, testStore } from "../../modules/contract/testing/mod.ts";
import {
  lnConsensusItem,
  lnInput,
  lnInputError,
  lnOutput,
  lnOutputError,
  lnOutputOutcome,
} from "../../modules/ln/common.ts";
import { federationKey, NO_FEES } from "../../modules/ln/config.ts";
import type { LnConfig } from "../../modules/ln/config.ts";
import { gatewayAnnouncement, isProofValid } from "../../modules/ln/gateways.ts";
import { lnServer } from "../../modules/ln/server.ts";
import { publicKeySet, secretKeyShare } from "../../modules/ln/threshold_codecs.ts";
import type { Report } from "./checker.ts";
import { Mismatch } from "./checker.ts";
import type { Fields } from "./fields.ts";

/** As the vectors' README says. */
export const LN_INSTANCE = 0;

type LnModule = Awaited<ReturnType<typeof lnServer.start>>;
type Guardian = { readonly store: StoreView; readonly module: LnModule };

const NOW_MS = 1_760_000_000_000;
const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };
const signal = new AbortController().signal;

/** Keys of a federation: those that the file dealt, or any. */
async function guardiansOf(config: LnConfig, secrets: readonly Secret[]): Promise<Guardian[]> {
  return await Promise.all(secrets.map(async (thresholdSecKey, identity) => {
    const store = await testStore();
    const env = testEnv({
      store,
      config,
      privateConfig: { thresholdSecKey },
      identity,
      guardians: secrets.length,
      clock,
    });
    return { store, module: await lnServer.start(env) };
  }));
}

function dealt(total: number): { readonly config: LnConfig; readonly secrets: Secret[] } {
  const { threshold } = numPeers(total);
  const coefficients = Array.from({ length: threshold }, (_, i) => decodeScalar(new Uint8Array(32).fill(i + 1)));
  const config = { thresholdPubKeys: commitmentOf(bls.g1, coefficients), feeConsensus: NO_FEES, network: "regtest" };
  const secrets = Array.from({ length: total }, (_, peer) => Secret.of(evaluateScalars(coefficients, peer)));
  return { config: config as LnConfig, secrets };
}

function item(guardians: readonly Guardian[], hex: string, peer: number): Promise<Result<null, string>> {
  const value = decodeHex(lnConsensusItem, hex);
  return onAll(guardians, ({ module }, tx) => module.processConsensusItem(tx, value, peer, signal));
}

/** What the first one answers after all have been asked: equal, or an error that is. */
async function ask(guardians: readonly Guardian[], method: string, params: Json): Promise<Json | EndpointError> {
  const answers: (Json | EndpointError)[] = [];
  for (const { module } of guardians) {
    const endpoint = module.apiEndpoints[method];
    if (!endpoint) throw new Mismatch(`There is no method ${method}`);
    try {
      answers.push(await endpoint.handle(params, { signal }));
    } catch (thrown) {
      if (!(thrown instanceof EndpointError)) throw thrown;
      answers.push(thrown);
    }
  }
  return answers[0]!;
}

/** `votes`: what follows from votes that are there. */
export async function checkVotes(report: Report, fields: Fields): Promise<void> {
  const peers = fields.number("peers");
  report.equal("threshold", numPeers(peers).threshold, fields.number("threshold"));
  const { config, secrets } = dealt(peers);
  const guardians = await guardiansOf(config, secrets);
  for (const vote of fields.objects("votes")) {
    const peer = vote.number("peer");
    const count = { tag: "BlockCount", value: vote.bigint("block_count") } as const;
    await item(guardians, encodeHex(lnConsensusItem, count), peer);
    const chosen = { tag: "ModuleConsensusVersion", value: version.fromJson(vote.json("version")) } as const;
    await item(guardians, encodeHex(lnConsensusItem, chosen), peer);
  }
  report.equal("blocks", await ask(guardians, "block_count", null), parseJson(fields.text("block_count_json")));
  const agreed = await ask(guardians, "module_consensus_version", null);
  report.equal("version", agreed, parseJson(fields.text("consensus_version_json")));
}

function dynHex<T>(codec: AnyCodec, value: T): string {
  return encodeHex(dyn, toDyn(LN_INSTANCE, codec, value));
}

function checkMeta(report: Report, result: Fields, meta: InputMeta | OutputMeta): void {
  report.equal("amount", meta.amounts.get(BITCOIN_UNIT) ?? 0n, result.bigint("amount_msats"));
  report.equal("fee", meta.fees.get(BITCOIN_UNIT) ?? 0n, result.bigint("fee_msats"));
}

async function outcomeAt(guardians: readonly Guardian[], at: OutPoint): Promise<string | null> {
  const found = await Promise.all(
    guardians.map(({ store, module }) => store.read((tx) => module.outputStatus(tx, at))),
  );
  const shown = found.map((outcome) => outcome && dynHex(lnOutputOutcome, outcome));
  if (new Set(shown).size !== 1) throw new Mismatch("Guardians have different outcomes");
  return shown[0]!;
}

async function checkOutput(report: Report, guardians: readonly Guardian[], step: Fields): Promise<void> {
  const output = report.roundTrip(lnOutput, step.text("output"));
  const at = report.roundTrip(outPoint, step.text("out_point")), result = step.object("result");
  const submitted: Result<null, unknown> = await onAll(
    guardians,
    ({ module }, tx) => module.verifyOutputSubmission!(tx, output, at),
  );
  const refusal = submitted.ok ? null : dynHex(lnOutputError, submitted.error);
  report.equal("submission", refusal, result.json("submission_error_dyn"));
  const processed = await onAll(guardians, ({ module }, tx) => module.processOutput(tx, output, at));
  if (!processed.ok) return report.equal("error", dynHex(lnOutputError, processed.error), result.json("error_dyn"));
  checkMeta(report, result, processed.value);
  report.equal("outcome", await outcomeAt(guardians, at), result.json("outcome_dyn"));
}

async function checkInput(report: Report, guardians: readonly Guardian[], step: Fields): Promise<void> {
  const input = report.roundTrip(lnInput, step.text("input")), result = step.object("result");
  const at: InPoint = { txid: "00".repeat(32), inIdx: 0 };
  const processed = await onAll(guardians, ({ module }, tx) => module.processInput(tx, input, at));
  if (!processed.ok) return report.equal("error", dynHex(lnInputError, processed.error), result.json("error_dyn"));
  checkMeta(report, result, processed.value);
  report.equal("key", processed.value.publicKey, result.bytes("public_key"));
}

async function checkAsked(
  report: Report,
  guardians: readonly Guardian[],
  step: Fields,
  config: LnConfig,
): Promise<void> {
  const method = step.text("method"), params = parseJson(step.text("params"));
  if (step.has("proof_is_valid")) {
    const valid = isProofValid(federationKey(config), gatewayAnnouncement.fromJson(params));
    report.equal("proof", valid, step.bool("proof_is_valid"));
  }
  const answer = await ask(guardians, method, params);
  if (!(answer instanceof EndpointError)) return report.equal(method, answer, parseJson(step.text("result")));
  const error = step.object("error");
  report.equal("code", answer.facts.rpcCode, error.number("code"));
  report.equal("message", answer.message, error.text("message"));
}

async function checkStep(
  report: Report,
  guardians: readonly Guardian[],
  step: Fields,
  config: LnConfig,
): Promise<void> {
  if (step.has("what")) step.ignore("says what the step is about", "what");
  switch (step.text("kind")) {
    case "consensus_item": {
      const accepted = await item(guardians, step.text("item"), step.number("peer"));
      return report.equal("accepted", accepted.ok, step.bool("accepted"));
    }
    case "output":
      return await checkOutput(report, guardians, step);
    case "input":
      return await checkInput(report, guardians, step);
    case "api":
      return await checkAsked(report, guardians, step, config);
    case "audit":
      for (const { store, module } of guardians) {
        report.equal("audit", await store.read((tx) => module.audit(tx)), step.bigint("net_assets_msats"));
      }
      return;
    case "outcome": {
      const outcome = await outcomeAt(guardians, report.roundTrip(outPoint, step.text("out_point")));
      report.equal("outcome", outcome, step.json("outcome_dyn"));
      const told = moduleEncoding(dyn).toJson(decodeHex(dyn, outcome!));
      return report.equal("as it is told", told, parseJson(step.text("api_json")));
    }
    default:
      throw new Mismatch(`Unknown kind of step ${step.text("kind")}`);
  }
}

/** `federations`: a run from an empty database. */
export async function checkFederation(report: Report, fields: Fields): Promise<void> {
  const keys = fields.object("keys"), total = fields.number("peers");
  const thresholdPubKeys = report.roundTrip(publicKeySet, keys.text("public_key_set"));
  report.json(publicKeySet, thresholdPubKeys, keys.text("public_key_set_json"));
  const coefficients = keys.bytesList("coefficients").map(decodeScalar);
  report.equal("keys", commitmentOf(bls.g1, coefficients).map(toHex), thresholdPubKeys.map(toHex));
  report.equal("threshold", coefficients.length, keys.number("threshold"));
  const secrets = Array.from({ length: total }, (_, peer) => Secret.of(evaluateScalars(coefficients, peer)));
  report.equal("secrets", secrets.map((secret) => toHex(secret.reveal())), keys.texts("secret_key_shares"));
  report.equal("as JSON", secretKeyShare.toJson(secrets[0]!), parseJson(keys.text("secret_key_share_json")));
  keys.ignore("follow from the set", "public_key", "public_key_json", "public_key_shares");
  const config: LnConfig = { thresholdPubKeys, feeConsensus: NO_FEES, network: "regtest" };
  const guardians = await guardiansOf(config, secrets);
  for (const [index, step] of fields.objects("steps").entries()) {
    try {
      await checkStep(report, guardians, step, config);
    } catch (thrown) {
      throw new Mismatch(`step ${index}: ${thrown instanceof Error ? thrown.message : thrown}`, { cause: thrown });
    }
  }
}
