/** The config of a module that has nothing to configure: no bytes, JSON null. */
import type { Codec } from "../../core/encoding/mod.ts";
import { isJsonObject, unit } from "../../core/encoding/mod.ts";

/** A file with the kind flattened into it holds `{"kind":"meta"}`: without the kind that is `{}`, which reads as null too. */
export const emptyConfig: Codec<null> = {
  ...unit,
  fromJson: (json) => isJsonObject(json) && Object.keys(json).length === 0 ? null : unit.fromJson(json),
};
