/** Answers of the gateway's HTTP API, and bodies of requests. fedimint-gateway-server 0.13.0 (`error.rs`). */
import { readBody } from "../../actors/platform/body.ts";
import { DecodeError, parseJson, stringifyJson, tryDecoding } from "../../core/encoding/mod.ts";
import type { Codec, Json } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import { PUBLIC_BODY_BYTES_MAX } from "./limits.ts";

/** A request that can't be read, with its HTTP status. */
export class BadRequest extends FedimintError<{ readonly code: "bad_request"; readonly status: number }> {
  constructor(status: number, message: string) {
    super({ code: "bad_request", status }, message);
  }
}

/** What a stranger is told whose requests come too fast. */
export const TOO_MANY = "Too many requests, please try again later";

/** Any web page may ask a gateway. */
const CORS: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*",
};

export function jsonAnswer(json: Json, status = 200): Response {
  return new Response(stringifyJson(json), { status, headers: { ...CORS, "content-type": "application/json" } });
}

/** Errors are plain text. */
export function textAnswer(status: number, text: string): Response {
  return new Response(text, { status, headers: { ...CORS, "content-type": "text/plain; charset=utf-8" } });
}

/** What a browser asks before it asks. */
export function preflight(): Response {
  return new Response(null, {
    status: 200,
    headers: { ...CORS, "access-control-allow-methods": "*", "access-control-allow-headers": "*" },
  });
}

/**
 * A body of JSON, as this codec has it.
 * @throws {BadRequest} 415, 400, 422 · {NetworkError} `too_large`
 */
export async function bodyOf<T>(
  request: Request,
  codec: Pick<Codec<T>, "fromJson">,
  bytesMax = PUBLIC_BODY_BYTES_MAX,
): Promise<T> {
  if (!/^application\/([^;]*\+)?json\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw new BadRequest(415, "Expected request with `Content-Type: application/json`");
  }
  const bytes = request.body ? await readBody(request.body, bytesMax, "the client") : new Uint8Array(0);
  const json = tryDecoding(() => parseJson(utf8Text(bytes)));
  if (!json.ok) throw new BadRequest(400, `Failed to parse the request body as JSON: ${json.error.message}`);
  const value = tryDecoding(() => codec.fromJson(json.value));
  if (value.ok) return value.value;
  throw new BadRequest(
    422,
    `Failed to deserialize the JSON body into the target type: ${value.error.message}`,
  );
}

/** @throws {DecodeError} `invalid` */
function utf8Text(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new DecodeError("invalid", "not UTF-8", -1, [], { cause });
  }
}
