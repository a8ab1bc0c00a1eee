/**
 * What a federation says about itself: its name, a welcome, an expiry. The meta module's value if guardians agreed on
 * one, else the config's fields and what the URL in them adds. `fedimint-meta-client/src/lib.rs`,
 * `fedimint-client-module/src/meta.rs`; docs/protocol/07-client.md §B, "meta" A.
 */
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { BackOff } from "../../actors/rpc/mod.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { DecodeError, isJsonObject, option, parseJson, tryDecoding } from "../../core/encoding/mod.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { metaText } from "../../core/types/client_config.ts";
import type { FederationId } from "../../core/types/ids.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { DEFAULT_META_KEY, META_KIND, metaConsensusValue, metaValueJson } from "../../modules/meta/common.ts";
import type { MetaConsensusValue } from "../../modules/meta/common.ts";
import { ClientError } from "../error.ts";
import type { ConnectedFederationApi } from "./api.ts";

export type MetaFields = { readonly revision: bigint; readonly values: JsonObject };

export type MetaEnv = {
  readonly platform: Platform;
  readonly api: ConnectedFederationApi;
  readonly config: ClientConfig;
  readonly federationId: FederationId;
};

const TRIES_MAX = 3;
const RETRY: BackOff = { minMs: 200, maxMs: 5_000 };
/** A file that many federations may share; the ones in use are a few kB. */
const OVERRIDES_BYTES_MAX = 1_000_000;
const OVERRIDES_TIMEOUT_MS = 10_000;

/** A string that holds JSON counts as that JSON: older guardians wrote all values as strings. */
function unwrapped(value: Json): Json {
  if (typeof value !== "string") return value;
  const json = tryDecoding(() => parseJson(value));
  return json.ok ? json.value : value;
}

/** Fields of the meta module's value. @throws {ClientError} `invalid` when guardians agreed on something else than an object */
export function fieldsOfModule({ revision, value }: MetaConsensusValue): MetaFields {
  let json: Json;
  try {
    json = metaValueJson(value);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ClientError({ code: "invalid" }, "The meta module's value is not JSON", { cause });
  }
  if (!isJsonObject(json)) throw new ClientError({ code: "invalid" }, "The meta module's value is not a JSON object");
  return { revision, values: Object.fromEntries(Object.entries(json).map(([key, field]) => [key, unwrapped(field)])) };
}

/** Null where there is no meta module, or guardians have agreed on nothing. @throws {ApiError} */
async function moduleValue(
  { api, config, platform }: MetaEnv,
  signal?: AbortSignal,
): Promise<MetaConsensusValue | null> {
  const instance = [...config.modules].find(([, { kind }]) => kind === META_KIND)?.[0];
  if (instance === undefined) return null;
  const call = { method: "get_consensus", params: DEFAULT_META_KEY, result: option(metaConsensusValue) };
  for (let attempt = 0;; attempt++) {
    try {
      return await api.forModule(instance).consensus(call, signal && { signal });
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      if (attempt + 1 >= TRIES_MAX) throw thrown;
      await sleep(platform.clock, backOffMs(RETRY, attempt, platform.dice), signal);
    }
  }
}

/** This federation's fields in a file at a URL. @throws {ClientError} `invalid` · {NetworkError} */
async function overrides({ platform, federationId }: MetaEnv, url: string, signal?: AbortSignal): Promise<JsonObject> {
  const { status, body } = await platform.network.fetch(url, {
    timeoutMs: OVERRIDES_TIMEOUT_MS,
    bodyBytesMax: OVERRIDES_BYTES_MAX,
    ...(signal && { signal }),
  });
  if (status !== 200) throw new ClientError({ code: "invalid" }, `Meta override source answered with status ${status}`);
  const json = parseJson(fromUtf8(body));
  const fields = isJsonObject(json) ? json[federationId] : undefined;
  if (isJsonObject(fields)) return fields;
  throw new ClientError({ code: "invalid" }, `Meta override source has no entry for federation ${federationId}`);
}

/** The config's fields, and what the URL in them adds. @throws {ClientError} `invalid` · {NetworkError} when it does not answer */
async function configFields(env: MetaEnv, signal?: AbortSignal): Promise<MetaFields> {
  const { meta } = env.config.global;
  const url = metaText(meta, "meta_override_url");
  const added = url === null ? {} : await overrides(env, url, signal);
  return { revision: 0n, values: { ...Object.fromEntries(meta), ...added } };
}

/** What guardians say now. @throws {ApiError} when they can't be asked · {ClientError} `invalid` · {NetworkError} */
export async function askMeta(env: MetaEnv, signal?: AbortSignal): Promise<MetaFields> {
  const value = await moduleValue(env, signal);
  return value ? fieldsOfModule(value) : await configFields(env, signal);
}

/** The same; the config's fields where guardians can't be asked. @throws {ClientError} `invalid` · {NetworkError} */
export async function fetchMeta(env: MetaEnv, signal?: AbortSignal): Promise<MetaFields> {
  try {
    return await askMeta(env, signal);
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    return await configFields(env, signal);
  }
}
