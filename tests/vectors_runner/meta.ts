/** `meta.json`: keys, values, votes of the meta module, and its endpoints' JSON. */
import { DecodeError, decodeHex, encodeHex, map, option, parseJson, u64 } from "../../core/encoding/mod.ts";
import type { AnyCodec, Json } from "../../core/encoding/mod.ts";
import { toHex } from "../../core/bytes.ts";
import { dyn, toDyn } from "../../core/types/dyn.ts";
import { peerId } from "../../core/types/ids.ts";
import {
  metaConsensusItem,
  metaConsensusValue,
  metaInput,
  metaInputError,
  metaKey,
  metaOutput,
  metaOutputError,
  metaOutputOutcome,
  metaValue,
  metaValueJson,
  metaValueJsonLossy,
  submitRequest,
} from "../../modules/meta/common.ts";
import { metaServer } from "../../modules/meta/server.ts";
import { testEnv, testStore } from "../../modules/contract/testing/mod.ts";
import type { Checker, Report } from "./checker.ts";
import { codecOf } from "./checker.ts";
import type { Fields } from "./fields.ts";

/** As the vectors' README says. */
const META_INSTANCE = 1;

const CODECS: { readonly [type: string]: AnyCodec } = {
  MetaKey: metaKey,
  MetaValue: metaValue,
  MetaConsensusItem: metaConsensusItem,
  MetaConsensusValue: metaConsensusValue,
  MetaInput: metaInput,
  MetaOutput: metaOutput,
  MetaOutputOutcome: metaOutputOutcome,
  MetaInputError: metaInputError,
  MetaOutputError: metaOutputError,
  MetaClientConfig: metaServer.codecs.config,
  MetaConfigConsensus: metaServer.codecs.config,
};

/** JSON of requests and answers. */
const ENDPOINT_CODECS: { readonly [type: string]: Pick<AnyCodec, "toJson" | "fromJson"> } = {
  SubmitRequest: submitRequest,
  GetConsensusRequest: metaKey,
  GetSubmissionsRequest: metaKey,
  GetSubmissionResponse: map(peerId, metaValue),
  "Option<MetaConsensusValue>": option(metaConsensusValue),
  "Option<u64>": option(u64),
};

/** The texts of errors are for people and not ours to repeat; `value` of everything else is the value's parts. */
function checkValue(report: Report, type: string, value: unknown, fields: Fields): void {
  if (type === "MetaInputError" || type === "MetaOutputError") {
    fields.ignore("the reference's text of the error", "value");
  } else if (type === "MetaKey") {
    report.equal("value", value, fields.json("value"));
  } else if (type === "MetaValue") {
    report.equal("value", value as Uint8Array, fields.text("value"));
  } else {
    const parts = value as { readonly [name: string]: number | bigint | Uint8Array };
    const shown = Object.entries(parts).map(([name, part]): [string, Json] => [
      name,
      part instanceof Uint8Array ? toHex(part) : typeof part === "bigint" ? String(part) : part,
    ]);
    report.equal("value", Object.fromEntries(shown), fields.json("value"));
  }
}

/** Null stands for "is not JSON", as in the file. */
function jsonOrNull(read: () => Json): { readonly json: Json } | null {
  try {
    return { json: read() };
  } catch (thrown) {
    if (thrown instanceof DecodeError) return null;
    throw thrown;
  }
}

function checkCase(report: Report, fields: Fields): void {
  const type = fields.text("type");
  if (type === "MetaConfigPrivate") {
    const json = parseJson(fields.text("json"));
    report.equal("private config", metaServer.privateConfig.toJson(metaServer.privateConfig.fromJson(json)), json);
    return;
  }
  const codec = codecOf(CODECS, type);
  const value = report.codecCase(codec, fields);
  if (fields.has("value")) checkValue(report, type, value, fields);
  if (fields.has("display")) {
    report.equal("display", type === "MetaKey" ? String(value) : toHex(value), fields.text("display"));
  }
  if (fields.has("dyn")) {
    report.equal("dyn", encodeHex(dyn, toDyn(META_INSTANCE, codec, value)), fields.text("dyn"));
    report.roundTrip(dyn, fields.text("dyn"));
  }
  for (const [name, read] of [["as_json", metaValueJson], ["as_json_lossy", metaValueJsonLossy]] as const) {
    if (!fields.has(name)) continue;
    const expected = fields.json(name);
    const json = jsonOrNull(() => read(value));
    report.equal(name, json, typeof expected === "string" ? { json: parseJson(expected) } : expected);
  }
}

export const checkMeta: Checker = async (file, report) => {
  const { apiEndpoints } = await metaServer.start(
    testEnv({ store: await testStore(), config: null, privateConfig: null }),
  );
  await report.each(file, "cases", (fields) => checkCase(report, fields));
  await report.each(file, "endpoints", (fields) => {
    report.equal("endpoint exists", Object.hasOwn(apiEndpoints, fields.text("endpoint")), true);
    const codec = codecOf(ENDPOINT_CODECS as { readonly [type: string]: AnyCodec }, fields.text("type"));
    const json = parseJson(fields.text("json"));
    report.equal("JSON", codec.toJson(codec.fromJson(json)), json);
  });
  await report.each(file, "rejects", (fields) => {
    const codec = codecOf(CODECS, fields.text("type"));
    if (fields.has("hex")) return report.refused(fields.text("hex"), () => decodeHex(codec, fields.text("hex")));
    return report.refused(fields.text("json"), () => codec.fromJson(parseJson(fields.text("json"))));
  });
};
