/**
 * bitcoind's JSON-RPC over HTTP, as pure functions: who may call, what a body asks for, what goes back. Source: Core
 * `httprpc.cpp`, `rpc/request.cpp`.
 */
import { basicAuthorization } from "../../../../core/basic_auth.ts";
import { equalBytesConstantTime, utf8 } from "../../../../core/bytes.ts";
import type { Json, JsonObject } from "../../../../core/encoding/mod.ts";
import { DecodeError, isJsonObject, parseJson, stringifyJson } from "../../../../core/encoding/mod.ts";
import type { Result } from "../../../../core/result.ts";
import { err, ok } from "../../../../core/result.ts";
import type { CallOutcome } from "../actor.ts";
import { RPC } from "../error.ts";
import { BATCH_CALLS_MAX } from "../limits.ts";

export type Call = {
  readonly id: Json;
  /** Version 2.0 has one member fewer, and no HTTP status for errors. */
  readonly version: 1 | 2;
  readonly method: string;
  readonly paramsJson: string;
};

export type CallError = {
  readonly id: Json;
  readonly version: 1 | 2;
  readonly rpcCode: number;
  readonly message: string;
};

export type Body =
  | { readonly form: "single"; readonly call: Result<Call, CallError> }
  | { readonly form: "batch"; readonly calls: readonly Result<Call, CallError>[] };

/** @param header of the request @param secret `user:password` */
export function isAuthorized(header: string | null, secret: string): boolean {
  return equalBytesConstantTime(utf8(header ?? ""), utf8(basicAuthorization(secret)));
}

function refused(rpcCode: number, message: string, id: Json = null, version: 1 | 2 = 1): Result<Call, CallError> {
  return err({ id, version, rpcCode, message });
}

export function readBody(text: string): Body {
  let json: Json;
  try {
    json = parseJson(text);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return { form: "single", call: refused(RPC.PARSE, "Parse error") };
    throw thrown;
  }
  if (!Array.isArray(json)) return { form: "single", call: readCall(json) };
  const calls = json as readonly Json[];
  return calls.length > BATCH_CALLS_MAX
    ? { form: "single", call: refused(RPC.INVALID_REQUEST, `A batch has at most ${BATCH_CALLS_MAX} calls`) }
    : { form: "batch", calls: calls.map(readCall) };
}

function readCall(json: Json): Result<Call, CallError> {
  if (!isJsonObject(json)) return refused(RPC.INVALID_REQUEST, "Invalid Request object");
  const id = json.id ?? null;
  const version = json.jsonrpc === "2.0" ? 2 : 1;
  if (typeof json.method !== "string") {
    return refused(
      RPC.INVALID_REQUEST,
      json.method === undefined ? "Missing method" : "Method must be a string",
      id,
      version,
    );
  }
  return ok({ id, version, method: json.method, paramsJson: stringifyJson(json.params ?? null) });
}

/** The answer to one call, as JSON text: results are spliced in as they came. */
export function answerText({ id, version }: Pick<Call, "id" | "version">, outcome: CallOutcome): string {
  const idText = stringifyJson(id);
  if (outcome.ok) {
    return version === 2
      ? `{"jsonrpc":"2.0","result":${outcome.value},"id":${idText}}`
      : `{"result":${outcome.value},"error":null,"id":${idText}}`;
  }
  const error: JsonObject = { code: outcome.error.rpcCode, message: outcome.error.message };
  return version === 2
    ? `{"jsonrpc":"2.0","error":${stringifyJson(error)},"id":${idText}}`
    : `{"result":null,"error":${stringifyJson(error)},"id":${idText}}`;
}

/** HTTP status of a single answer. */
export function statusOf(version: 1 | 2, outcome: CallOutcome): number {
  if (outcome.ok || version === 2) return 200;
  if (outcome.error.rpcCode === RPC.INVALID_REQUEST) return 400;
  return outcome.error.rpcCode === RPC.METHOD_NOT_FOUND ? 404 : 500;
}
