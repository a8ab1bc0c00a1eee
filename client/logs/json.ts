import type { Codec, Json } from "../../core/encoding/mod.ts";
import { mapCodec, parseJson, stringifyJson, text } from "../../core/encoding/mod.ts";

/** JSON as its text: what the logs keep of modules' facts. */
export const json: Codec<Json> = mapCodec(text, "Json", {
  decode: (value) => parseJson(value),
  encode: (value) => stringifyJson(value),
});
