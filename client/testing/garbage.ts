/** For tests: JSON as an evil guardian may answer it: any at all, and honest answers with one place damaged. */
import fc from "fast-check";
import { anyText } from "../../core/testing/text.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { isJsonObject, JsonFloat } from "../../core/encoding/mod.ts";

const U64_END = 1n << 64n;

/** What numbers, texts and their like are easily taken for. */
const LEAVES: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1 << 16,
  2 ** 53 - 1,
  1n << 53n,
  U64_END - 1n,
  U64_END,
  -U64_END,
  new JsonFloat("1.0"),
  new JsonFloat("-0"),
  new JsonFloat("1e999"),
  new JsonFloat("9".repeat(400)),
  "",
  "0",
  "00",
  "NaN",
  "__proto__",
  "c0" + "0".repeat(94),
  "ff".repeat(48),
  "00".repeat(32),
  "\ud800",
  "ws://",
  [],
  {},
  [[]],
  [null],
  { "": null },
];

function nested(depth: number): Json {
  let json: Json = null;
  for (let i = 0; i < depth; i++) json = i % 2 === 0 ? [json] : { a: json };
  return json;
}

const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(...LEAVES),
  fc.bigInt({ min: -U64_END, max: 2n * U64_END }),
  anyText(80),
  fc.uint8Array({ maxLength: 100 }).map((raw): Json => raw.toHex()),
  fc.nat(120).map(nested),
);

/** JSON of any form. */
export const garbage: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("json"), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string({ maxLength: 8 }), fc.nat(9).map(String)), tie("json"), { maxKeys: 5 }),
  ),
})).json;

/** Everything that stands somewhere in a JSON, itself included. */
function pathsOf(json: Json, path: readonly string[] = []): (readonly string[])[] {
  const members = Array.isArray(json) || isJsonObject(json) ? Object.entries(json as JsonObject) : [];
  return [path, ...members.flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

function replacedAt(json: Json, [key, ...path]: readonly string[], other: Json): Json {
  if (key === undefined) return other;
  const copy = (Array.isArray(json) ? [...json] : { ...json as JsonObject }) as { [key: string]: Json };
  copy[key] = replacedAt(copy[key]!, path, other);
  return copy;
}

/** What one place may become: something else, cut, lengthened, a member less, doubled. */
function damages(json: Json): fc.Arbitrary<Json> {
  const others: fc.Arbitrary<Json>[] = [garbage];
  if (typeof json === "string") {
    others.push(fc.nat(json.length).map((end) => json.slice(0, end)), fc.constantFrom(`${json}00`, json.toUpperCase()));
    others.push(fc.nat(Math.max(0, json.length - 1)).map((at) => `${json.slice(0, at)}f${json.slice(at + 1)}`));
  } else if (Array.isArray(json)) {
    others.push(fc.nat(json.length).map((end): Json => json.slice(0, end)), fc.constant([...json, ...json]));
  } else if (isJsonObject(json)) {
    others.push(
      fc.nat(Object.keys(json).length).map((at) => Object.fromEntries(Object.entries(json).toSpliced(at, 1))),
    );
  }
  return fc.oneof(...others);
}

/** The answer with one place damaged. */
export function damaged(json: Json): fc.Arbitrary<Json> {
  return fc.constantFrom(...pathsOf(json)).chain((path) => {
    const at = path.reduce<Json>((inner, key) => (inner as JsonObject)[key]!, json);
    return damages(at).map((other) => replacedAt(json, path, other));
  });
}
