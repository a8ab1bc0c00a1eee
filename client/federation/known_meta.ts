/** What a federation says of itself, as a wallet knows it: asked for when it is wanted, kept for when nobody answers. */
import { NetworkError } from "../../actors/platform/error.ts";
import type { ReadTx, StoreView } from "../../actors/store/store.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { DecodeError, isJsonObject, parseJson, stringifyJson, tryDecoding } from "../../core/encoding/mod.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { orLate } from "../../modules/contract/waiting.ts";
import { ClientError } from "../error.ts";
import { KEPT_META_CHARACTERS_MAX } from "../limits.ts";
import { metaSlot } from "./join_state.ts";
import type { MetaEnv, MetaFields } from "./meta.ts";
import { askMeta } from "./meta.ts";

/** Nobody waits longer for a name and a welcome. */
const META_MS = 15_000;
/** Some of year 275,760 in seconds: what a date can be. */
const SECONDS_MAX = 8_640_000_000_000;

/** What a federation says of itself. */
export type FederationMeta = {
  /** Of the meta module's value; 0 for fields of the config. */
  readonly revision: bigint;
  /** All fields, whatever they mean. */
  readonly values: JsonObject;
  /** `federation_name`. */
  readonly name: string | null;
  /** `welcome_message`. */
  readonly welcome: string | null;
  /** `federation_expiry_timestamp`: when the federation will end, milliseconds since the Unix epoch. Money must be out of it by then. */
  readonly expiresAtMs: number | null;
  /** When guardians were asked, milliseconds since the Unix epoch; null when nobody was: these are the fields that it was joined with. */
  readonly askedAtMs: number | null;
};

function textOf(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

/** Seconds, as a number or as text: the config's fields are all texts. What is no date is none. */
function dateOf(value: Json | undefined): number | null {
  const read = typeof value === "string" ? tryDecoding(() => parseJson(value)) : null;
  const number = read?.ok ? read.value : value;
  if (typeof number !== "number" && typeof number !== "bigint") return null;
  const seconds = Number(number);
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= SECONDS_MAX ? seconds * 1_000 : null;
}

/** What fields say. */
export function metaOf({ revision, values }: MetaFields, askedAtMs: number | null): FederationMeta {
  return {
    revision,
    values,
    name: textOf(values["federation_name"]),
    welcome: textOf(values["welcome_message"]),
    expiresAtMs: dateOf(values["federation_expiry_timestamp"]),
    askedAtMs,
  };
}

/** What the config says by itself. */
export function metaOfConfig({ global: { meta } }: ClientConfig): FederationMeta {
  return metaOf({ revision: 0n, values: Object.fromEntries(meta) }, null);
}

/** Asks guardians now, and nobody longer than a user waits; null when none of them, or no file that they name, tells anything. */
export async function askedMeta(env: MetaEnv, signal: AbortSignal): Promise<FederationMeta | null> {
  const { clock } = env.platform;
  const late = (): Error =>
    new ClientError({ code: "no_answer" }, "The federation's meta fields can't be asked for now");
  try {
    const fields = await orLate({ clock, deadlineMs: META_MS, signal, late }, (until) => askMeta(env, until));
    return metaOf(fields, Math.floor(clock.nowMs()));
  } catch (thrown) {
    const isExpected = thrown instanceof ApiError || thrown instanceof NetworkError || thrown instanceof DecodeError ||
      thrown instanceof ClientError;
    if (!isExpected) throw thrown;
    return null;
  }
}

/** What was told last; the config's fields before that. */
export async function knownMeta(tx: ReadTx, config: ClientConfig): Promise<FederationMeta> {
  const kept = await metaSlot.get(tx);
  if (!kept || !isJsonObject(kept.values)) return metaOfConfig(config);
  return metaOf({ revision: kept.revision, values: kept.values }, kept.askedAtMs);
}

/** Asks, and keeps what is told; what was known when nothing is. @throws {WaitError} `aborted` · `closed` */
export async function refreshedMeta(
  store: StoreView,
  env: MetaEnv,
  signal: AbortSignal,
): Promise<FederationMeta> {
  const told = await askedMeta(env, signal);
  if (!told) return await store.read((tx) => knownMeta(tx, env.config));
  const { revision, values } = told, askedAtMs = told.askedAtMs!;
  if (stringifyJson(values).length <= KEPT_META_CHARACTERS_MAX) {
    const { durable } = await store.transact((tx) => metaSlot.set(tx, { revision, values, askedAtMs }));
    await durable;
  }
  return told;
}
