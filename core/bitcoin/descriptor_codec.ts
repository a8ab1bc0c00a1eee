/** A descriptor in encodings: its text with checksum as a string. `fedimint-core/src/encoding/btc.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { badJson, mapCodec, text } from "../encoding/mod.ts";
import type { Descriptor } from "./descriptor.ts";
import { descriptorText, parseDescriptor } from "./descriptor.ts";

/** String; JSON a string. */
export const bitcoinDescriptor: Codec<Descriptor> = mapCodec(text, "Descriptor", {
  decode: parseDescriptor,
  encode: descriptorText,
  fromJson: (json) => typeof json === "string" ? parseDescriptor(json) : badJson("a descriptor"),
});
