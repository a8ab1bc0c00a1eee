/** Properties that every codec built from the combinators has, over random types and random values of them. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { anyText } from "../testing/text.ts";
import type { Bytes } from "../bytes.ts";
import { compareBytes, concat } from "../bytes.ts";
import { err, ok } from "../result.ts";
import type { AnyCodec } from "./codec.ts";
import { decode, encode } from "./codec.ts";
import { fixedList, list, map, nestedOption, option, result, sortedSet, struct, tuple } from "./compounds.ts";
import { closedEnum, openEnum } from "./enums.ts";
import { DecodeError } from "./error.ts";
import type { Json } from "./json.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { bool, bytes, fixedBytes, fixedHex, hexBytes, hexId, text, u16, u32, u64, u64Exact, u8 } from "./primitives.ts";
import { jsonAsHex, moduleEncoding, moduleEncodingBase64, sized } from "./wrappers.ts";

/** A random type: its codec, and what makes values of it. */
type Sample = { readonly codec: AnyCodec; readonly value: fc.Arbitrary<unknown>; readonly key?: true };

const U64_MAX = 0xffff_ffff_ffff_ffffn;
const anyU64 = fc.oneof(
  fc.bigInt({ min: 0n, max: U64_MAX }),
  fc.constantFrom(0n, 0xfcn, 0xfdn, 0xffffn, 0x10000n, 0xffff_ffffn, 0x1_0000_0000n, 1n << 53n, U64_MAX),
);

function anyBytes(minLength: number, maxLength: number): fc.Arbitrary<Bytes> {
  return fc.uint8Array({ minLength, maxLength }).map((raw) => Uint8Array.from(raw));
}

const LEAVES: readonly Sample[] = [
  { codec: u8, value: fc.nat(0xff), key: true },
  { codec: u16, value: fc.nat(0xffff), key: true },
  { codec: u32, value: fc.nat(0xffff_ffff), key: true },
  { codec: u64, value: anyU64, key: true },
  {
    codec: u64Exact,
    value: anyU64.map((value) => value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value),
    key: true,
  },
  { codec: bool, value: fc.boolean() },
  { codec: text, value: anyText(12), key: true },
  { codec: bytes, value: anyBytes(0, 300) },
  { codec: hexBytes, value: anyBytes(0, 20) },
  { codec: fixedBytes(3), value: anyBytes(3, 3) },
  { codec: fixedHex(5), value: anyBytes(5, 5) },
  { codec: hexId("Id", 4), value: anyBytes(4, 4).map((raw) => raw.toHex()), key: true },
  { codec: hexId("Reversed", 4, true), value: anyBytes(4, 4).map((raw) => raw.toHex()), key: true },
];

function optionOf({ codec, value }: Sample): Sample {
  if (!codec.nullable) return { codec: option(codec), value: fc.option(value) };
  const nested = nestedOption(codec);
  // serde's JSON has null for both none and some(none): here a list of one stands for the latter, so that JSON loses
  // nothing
  const lossless: typeof nested = {
    ...nested,
    toJson: (item) => item === null ? null : [codec.toJson(item.some)],
    fromJson: (json) => json === null ? null : { some: codec.fromJson((json as readonly Json[])[0]!) },
  };
  return { codec: lossless, value: fc.option(value.map((some) => ({ some }))) };
}

function setOf({ codec, value }: Sample): Sample {
  const items = fc.uniqueArray(value, { maxLength: 6, comparator: (a, b) => codec.compare(a, b) === 0 });
  return { codec: sortedSet(codec), value: items.map((all) => all.toSorted(codec.compare)) };
}

function mapOf(key: Sample, item: Sample): Sample {
  const pairs = fc.uniqueArray(fc.tuple(key.value, item.value), {
    maxLength: 6,
    comparator: (a, b) => key.codec.compare(a[0], b[0]) === 0,
  });
  const sorted = pairs.map((all) => new Map(all.toSorted((a, b) => key.codec.compare(a[0], b[0]))));
  return { codec: map(key.codec, item.codec), value: sorted };
}

function variants(samples: readonly Sample[]): [{ [tag: string]: AnyCodec }, fc.Arbitrary<unknown>[]] {
  const tagged = samples.map((sample, i) => [`Variant${i}`, sample] as const);
  const values = tagged.map(([tag, { value }]) => value.map((inner) => ({ tag, value: inner })));
  return [Object.fromEntries(tagged.map(([tag, { codec }]) => [tag, codec])), values];
}

function closedOf(samples: readonly Sample[]): Sample {
  const [codecs, values] = variants(samples);
  return { codec: closedEnum("Closed", codecs, { Variant0: 300 }), value: fc.oneof(...values) };
}

function openOf(samples: readonly Sample[]): Sample {
  const [codecs, values] = variants(samples);
  const unknown = fc.record(
    { variant: fc.bigInt({ min: 1_000n, max: U64_MAX }), bytes: anyBytes(0, 9) },
    { noNullPrototype: true },
  )
    .map((value) => ({ tag: "Default", value }));
  return { codec: openEnum("Open", codecs), value: fc.oneof(...values, unknown) };
}

function structOf(samples: readonly Sample[]): Sample {
  const fields = samples.map((sample, i) => [`someField${i}`, sample] as const);
  return {
    codec: struct("Struct", Object.fromEntries(fields.map(([name, { codec }]) => [name, codec]))),
    value: fc.record(Object.fromEntries(fields.map(([name, { value }]) => [name, value])), { noNullPrototype: true }),
  };
}

function resultOf(good: Sample, bad: Sample): Sample {
  return { codec: result(good.codec, bad.codec), value: fc.oneof(good.value.map(ok), bad.value.map(err)) };
}

function wrapped({ codec, value }: Sample): fc.Arbitrary<Sample> {
  return fc.constantFrom(sized, jsonAsHex, moduleEncoding, moduleEncodingBase64).map((wrap) => ({
    codec: wrap(codec),
    value,
  }));
}

fc.configureGlobal({ numRuns: 500 });

const leaf = fc.constantFrom(...LEAVES);
const keyLeaf = fc.constantFrom(...LEAVES.filter((sample) => sample.key));

/** Types up to four levels deep. */
const anyType: fc.Arbitrary<Sample> = fc.letrec<{ type: Sample }>((tie) => {
  const some = fc.array(tie("type"), { minLength: 1, maxLength: 3 });
  return {
    type: fc.oneof(
      { maxDepth: 4, depthIdentifier: "type" },
      leaf,
      tie("type").map(optionOf),
      tie("type").map(({ codec, value }) => ({ codec: list(codec), value: fc.array(value, { maxLength: 5 }) })),
      tie("type").map(({ codec, value }) => ({
        codec: fixedList(codec, 2),
        value: fc.array(value, { minLength: 2, maxLength: 2 }),
      })),
      keyLeaf.map(setOf),
      fc.tuple(keyLeaf, tie("type")).map(([key, item]) => mapOf(key, item)),
      some.map((samples) => ({
        codec: tuple(...samples.map(({ codec }) => codec)),
        value: fc.tuple(...samples.map(({ value }) => value)),
      })),
      some.map(structOf),
      some.map(closedOf),
      some.map(openOf),
      fc.tuple(tie("type"), tie("type")).map(([good, bad]) => resultOf(good, bad)),
      tie("type").chain(wrapped),
    ),
  };
}).type;

type Drawn = { readonly codec: AnyCodec; readonly values: readonly unknown[] };

function drawn(count: number): fc.Arbitrary<Drawn> {
  return anyType.chain(({ codec, value }) =>
    fc.array(value, { minLength: count, maxLength: count }).map((values) => ({ codec, values }))
  );
}

/** Decodes, or says that it was refused. Anything but a `DecodeError` is a bug and passes through. */
function attempt(codec: AnyCodec, input: Uint8Array): { readonly value: unknown } | null {
  try {
    return { value: decode(codec, input) };
  } catch (thrown) {
    if (thrown instanceof DecodeError) return null;
    throw thrown;
  }
}

Deno.test("decoding gives the value that was encoded", () => {
  fc.assert(fc.property(drawn(1), ({ codec, values: [value] }) => {
    assertEquals(decode(codec, encode(codec, value)), value);
  }));
});

Deno.test("reading JSON gives the value that was written, through its text too", () => {
  fc.assert(fc.property(drawn(1), ({ codec, values: [value] }) => {
    const read = codec.fromJson(parseJson(stringifyJson(codec.toJson(value))));
    assertEquals(encode(codec, read), encode(codec, value));
  }));
});

Deno.test("an encoding that is cut anywhere is refused", () => {
  fc.assert(fc.property(drawn(1), fc.nat(), ({ codec, values: [value] }, at) => {
    const whole = encode(codec, value);
    fc.pre(whole.length > 0);
    assertEquals(attempt(codec, whole.slice(0, at % whole.length)), null);
  }));
});

Deno.test("bytes behind an encoding are refused", () => {
  fc.assert(fc.property(drawn(1), anyBytes(1, 5), ({ codec, values: [value] }, tail) => {
    assertEquals(attempt(codec, concat(encode(codec, value), tail)), null);
  }));
});

Deno.test("there is one encoding of a value: whatever decodes encodes to the same bytes", () => {
  fc.assert(fc.property(drawn(1), fc.nat(), fc.nat(0xff), ({ codec, values: [value] }, at, byte) => {
    const changed = encode(codec, value);
    fc.pre(changed.length > 0);
    changed[at % changed.length] = byte;
    const decoded = attempt(codec, changed);
    if (decoded) assertEquals(encode(codec, decoded.value), changed);
  }));
});

Deno.test("random bytes are decoded or refused, and nothing else happens", () => {
  fc.assert(fc.property(anyType, anyBytes(0, 40), ({ codec }, input) => {
    const decoded = attempt(codec, input);
    if (decoded) assertEquals(encode(codec, decoded.value), input);
  }));
});

Deno.test("values compare as equal if and only if their encodings are, and the order is one", () => {
  fc.assert(fc.property(drawn(3), ({ codec, values: [a, b, c] }) => {
    const sign = (x: unknown, y: unknown): number => Math.sign(codec.compare(x, y));
    assertEquals(sign(a, b) === 0, compareBytes(encode(codec, a), encode(codec, b)) === 0);
    assertEquals(sign(a, b) + sign(b, a), 0);
    assertEquals(sign(a, a), 0);
    if (sign(a, b) <= 0 && sign(b, c) <= 0) assertEquals(sign(a, c) <= 0, true);
  }));
});
