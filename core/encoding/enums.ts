/**
 * Enums: BigSize index, BigSize length of the fields, the fields; the length must be used up. `fedimint-derive`.
 *
 * A value is `{ tag, value }`; a variant without fields has the value null. An *open* enum keeps what it doesn't know
 * as `{ tag: "Default", value: { variant, bytes } }` and encodes it again byte for byte.
 */
import type { Bytes } from "../bytes.ts";
import type { AnyCodec, Codec, CodecType } from "./codec.ts";
import { encode } from "./codec.ts";
import { rethrowWithin } from "./error.ts";
import type { Json } from "./json.ts";
import { isJsonObject } from "./json.ts";
import { badJson, bytes as byteVector, u64, unit } from "./primitives.ts";
import { struct } from "./compounds.ts";

/** Variants by name, in the order of their numbers. */
export type EnumVariants = { readonly [tag: string]: AnyCodec };
/** The type of an enum: a tag and a value. */
export type EnumType<V extends EnumVariants> = {
  [K in keyof V & string]: { readonly tag: K; readonly value: CodecType<V[K]> };
}[keyof V & string];

/** A variant that this version doesn't know. `bytes` = its fields, undecoded. */
export type UnknownVariant = {
  readonly tag: "Default";
  readonly value: { readonly variant: bigint; readonly bytes: Bytes };
};

const unknownBody = struct("Default", { variant: u64, bytes: byteVector });

type Indexed = { readonly tag: string; readonly index: bigint; readonly codec: AnyCodec };

function indexed(variants: EnumVariants, indices: { readonly [tag: string]: number }): Indexed[] {
  return Object.entries(variants).map(([tag, codec], position) => ({
    tag,
    index: BigInt(indices[tag] ?? position),
    codec,
  }));
}

type AnyVariant = { readonly tag: string; readonly value: unknown };

function enumCodec(name: string, all: readonly Indexed[], open: boolean): Codec<AnyVariant> {
  const byTag = new Map(all.map((variant) => [variant.tag, variant]));
  const byIndex = new Map(all.map((variant) => [variant.index, variant]));
  const known = (tag: string): Indexed => {
    const variant = byTag.get(tag);
    if (!variant) throw new RangeError(`${name} has no variant ${tag}`);
    return variant;
  };
  const position = (value: AnyVariant): number =>
    open && value.tag === "Default" ? all.length : all.indexOf(known(value.tag));
  return {
    name,
    layout: {
      form: "fields",
      text: `${name} (enum: BigSize index, BigSize length${open ? "; others are kept" : ""})`,
      fields: all.map(({ tag, index, codec }) => [`${index} ${tag}`, codec.layout] as const),
    },
    write: (writer, value) => {
      if (open && value.tag === "Default") {
        const body = value.value as UnknownVariant["value"];
        writer.bigSize(body.variant);
        writer.sized(body.bytes);
        return;
      }
      const { index, codec } = known(value.tag);
      writer.bigSize(index);
      writer.sized(encode(codec, value.value));
    },
    read: (reader) => {
      const index = reader.bigSize();
      const variant = byIndex.get(index);
      if (!variant) {
        if (!open) reader.fail("unknown_variant", `${name} has no variant ${index}`);
        return { tag: "Default", value: { variant: index, bytes: reader.sized() } };
      }
      try {
        const inner = reader.nested(reader.length());
        const value = variant.codec.read(inner);
        inner.end();
        return { tag: variant.tag, value };
      } catch (thrown) {
        return rethrowWithin(thrown, variant.tag);
      }
    },
    toJson: (value): Json => {
      if (open && value.tag === "Default") {
        return { Default: unknownBody.toJson(value.value as UnknownVariant["value"]) };
      }
      const { codec } = known(value.tag);
      return codec === unit ? value.tag : { [value.tag]: codec.toJson(value.value) };
    },
    fromJson: (json) => {
      if (typeof json === "string") {
        if (byTag.get(json)?.codec !== unit) badJson(`a variant of ${name}`);
        return { tag: json, value: null };
      }
      const [entry, ...others] = isJsonObject(json) ? Object.entries(json) : [];
      if (!entry || others.length > 0) badJson(`an object with one variant of ${name}`);
      const [tag, body] = entry;
      if (open && tag === "Default") return { tag, value: unknownBody.fromJson(body) };
      const variant = byTag.get(tag);
      if (!variant) return badJson(`a variant of ${name}`);
      try {
        return { tag, value: variant.codec.fromJson(body) };
      } catch (thrown) {
        return rethrowWithin(thrown, tag);
      }
    },
    compare: (a, b) => {
      const order = position(a) - position(b);
      if (order !== 0) return order;
      return (byTag.get(a.tag)?.codec ?? unknownBody).compare(a.value, b.value);
    },
  };
}

/** A closed enum: an unknown index is an error. Indices are the positions, or those of `indices`. */
export function closedEnum<const V extends EnumVariants>(
  name: string,
  variants: V,
  indices: { readonly [K in keyof V]?: number } = {},
): Codec<EnumType<V>> {
  return enumCodec(name, indexed(variants, indices as { [tag: string]: number }), false) as unknown as Codec<
    EnumType<V>
  >;
}

/** An enum that is `encodable_default` in Rust: unknown variants are kept. */
export function openEnum<const V extends EnumVariants>(
  name: string,
  variants: V,
  indices: { readonly [K in keyof V]?: number } = {},
): Codec<EnumType<V> | UnknownVariant> {
  return enumCodec(name, indexed(variants, indices as { [tag: string]: number }), true) as unknown as Codec<
    EnumType<V> | UnknownVariant
  >;
}
