/**
 * A module's JSON with its kind flattened into it: `{"kind":"meta", …}`. `fedimint-core/src/config.rs`
 * (`JsonWithKind`).
 */
import type { Json } from "../encoding/mod.ts";
import { badJson, isJsonObject } from "../encoding/mod.ts";
import type { ModuleInstanceId } from "./ids.ts";
import { moduleInstanceId } from "./ids.ts";
import type { ModuleKind } from "./module_kind.ts";

/** `value`: an object without a member `kind`, or null for a module without fields. */
export type JsonWithKind = { readonly kind: ModuleKind; readonly value: Json };

/** A type that exists as JSON only. */
export type JsonForm<T> = {
  toJson(value: T): Json;
  /** @throws {DecodeError} */
  fromJson(json: Json): T;
};

export const jsonWithKind: JsonForm<JsonWithKind> = {
  toJson: ({ kind, value }) => {
    if (value === null) return { kind };
    if (!isJsonObject(value)) throw new RangeError("A module's JSON is an object or null");
    return { kind, ...value };
  },
  // an object that is left empty stands for null: the writer can't tell them apart
  fromJson: (json) => {
    if (!isJsonObject(json)) return badJson("an object with a kind");
    const { kind, ...value } = json;
    if (typeof kind !== "string") return badJson("an object with a kind");
    return { kind, value: Object.keys(value).length === 0 ? null : value };
  },
};

/** The modules of a config by instance. */
export const modulesWithKind: JsonForm<ReadonlyMap<ModuleInstanceId, JsonWithKind>> = {
  toJson: (modules) => Object.fromEntries([...modules].map(([id, module]) => [id, jsonWithKind.toJson(module)])),
  fromJson: (json) => {
    if (!isJsonObject(json)) return badJson("an object of modules");
    return new Map(
      Object.entries(json).map(([id, module]): [ModuleInstanceId, JsonWithKind] => [
        /^(0|[1-9][0-9]*)$/.test(id) ? moduleInstanceId.fromJson(Number(id)) : badJson("a module's instance id"),
        jsonWithKind.fromJson(module),
      ]),
    );
  },
};
