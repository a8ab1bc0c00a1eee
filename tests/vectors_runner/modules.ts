/**
 * The modules whose values stand in vectors, by kind: what their inputs, outputs, items and configs must be, and how
 * their errors read.
 */
import type { Json } from "../../core/encoding/mod.ts";
import { decodeHex, isJsonObject } from "../../core/encoding/mod.ts";
import type { Decoders, Dyn, DynKind, ModuleCodecs } from "../../core/types/dyn.ts";
import { dyn, fromDyn, toDyn } from "../../core/types/dyn.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import { lightningCodecs } from "../../modules/lnv2/codecs.ts";
import { metaCodecs } from "../../modules/meta/codecs.ts";
import { mintCodecs } from "../../modules/mintv2/codecs.ts";
import { walletCodecs } from "../../modules/walletv2/codecs.ts";
import { Mismatch } from "./checker.ts";

const MODULES: { readonly [kind: string]: ModuleCodecs } = {
  lnv2: lightningCodecs,
  meta: metaCodecs,
  mintv2: mintCodecs,
  walletv2: walletCodecs,
};

/** Module instances by kind, as a file numbers them. */
export type Instances = { readonly [kind: string]: ModuleInstanceId };

/** As the vectors' README numbers them. */
const INSTANCES: Instances = { lnv2: 0, meta: 1, mintv2: 2, walletv2: 3 };

function kindOf(instances: Instances, instance: ModuleInstanceId): string | undefined {
  return Object.keys(instances).find((kind) => instances[kind] === instance);
}

/** Of all these instances. */
export function decodersOf(instances: Instances): Decoders {
  return new Map(Object.entries(instances).map(([kind, instance]) => [instance, codecsOf(kind)]));
}

function codecsOf(kind: string): ModuleCodecs {
  return MODULES[kind] ?? fail(`There is no module of kind ${kind}`);
}

function fail(text: string): never {
  throw new Mismatch(text);
}

/**
 * What a module makes of a value, in reject mode.
 * @throws {DecodeError} also for an instance that isn't one of these
 * @throws {Mismatch} for a kind whose module doesn't exist
 */
export function decodeDyn(instances: Instances, dynKind: DynKind, value: Dyn): unknown {
  const kind = kindOf(instances, value.instance);
  return fromDyn(kind === undefined ? new Map() : new Map([[value.instance, codecsOf(kind)]]), dynKind, value);
}

/** The same in fallback mode: unknown instances are let pass. */
export function checkDyn(instances: Instances, dynKind: DynKind, value: Dyn): void {
  if (kindOf(instances, value.instance) !== undefined) decodeDyn(instances, dynKind, value);
}

const DYN_KINDS: { readonly [type: string]: DynKind } = {
  DynInput: "input",
  DynOutput: "output",
  DynOutputOutcome: "outputOutcome",
  DynModuleConsensusItem: "consensusItem",
  DynInputError: "inputError",
  DynOutputError: "outputError",
};

type ErrorTexts = { readonly [variant: string]: string };

/** What the reference prints for the errors of modules that vectors use, by variant. */
const ERROR_TEXTS: { readonly [kind: string]: { readonly inputError: ErrorTexts; readonly outputError: ErrorTexts } } =
  {
    mintv2: {
      inputError: {
        UnknownInputVariant: "The mint input version is not supported by this federation",
        SpentCoin: "The note is already spent",
        InvalidDenomination: "The note has an invalid amount not issued by the mint",
        InvalidSignature: "The note has an invalid signature",
      },
      outputError: {
        UnknownOutputVariant: "The mint output version is not supported by this federation",
        InvalidDenomination: "The note has an invalid amount not issued by the mint",
      },
    },
  };

/** @throws {Mismatch} for a type that is none */
export function dynKindOf(type: string): DynKind {
  return DYN_KINDS[type] ?? fail(`${type} is no module's value`);
}

/** Null for modules that aren't known. @throws {Mismatch} for a variant without a text */
export function moduleErrorText(instances: Instances, kind: "inputError" | "outputError", value: Dyn): string | null {
  const module = kindOf(instances, value.instance);
  if (module === undefined) return null;
  const { tag } = decodeDyn(instances, kind, value) as { readonly tag: string };
  return ERROR_TEXTS[module]?.[kind][tag] ?? fail(`No text is known for ${module}'s ${kind} ${tag}`);
}

/** A module's client config as readable JSON; undefined for kinds that aren't known. */
export function describeConfig(kind: string, value: Dyn): Json | undefined {
  if (!Object.hasOwn(INSTANCES, kind)) return undefined;
  return codecsOf(kind).config.toJson(decodeDyn({ [kind]: value.instance }, "config", value));
}

/** The way back. */
export function configFromJson(kind: string, instance: ModuleInstanceId, json: Json): Dyn {
  if (Object.hasOwn(INSTANCES, kind)) {
    const { config } = codecsOf(kind);
    return toDyn(instance, config, config.fromJson(json));
  }
  if (!isJsonObject(json) || typeof json.unknown_module_hex !== "string") return fail(`${kind} is not shown as hex`);
  return decodeHex(dyn, json.unknown_module_hex);
}
