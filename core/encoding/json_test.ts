import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { anyText } from "../testing/text.ts";
import { DecodeError } from "./error.ts";
import { JSON_VALUES_MAX, JsonFloat, parseJson, stringifyJson } from "./json.ts";

type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** What `parseJson` must give, by the runtime's slow way: every value passes a function that sees its source. */
function byReviver(text: string): unknown {
  return (JSON.parse as (text: string, reviver: SourceReviver) => unknown)(text, (_key, value, { source }) => {
    if (typeof value !== "number") return value;
    if (/[.eE]/.test(source!) || source === "-0" || source!.length > 20) return new JsonFloat(source!);
    return Number.isSafeInteger(value) ? value : BigInt(source!);
  });
}

/** The value, or that there is none. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (thrown) {
    if (thrown instanceof DecodeError || thrown instanceof SyntaxError) return "refused";
    throw thrown;
  }
}

const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom(
    "-0",
    "0",
    "-1",
    "1e5",
    "1.0",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740993",
    "01",
    "-",
  ),
);
const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "1", "0", "a", 'q"\\'));
const space = fc.constantFrom("", " ", "\n\t", "\r");
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    number,
    fc.constantFrom("true", "false", "null"),
    fc.oneof(fc.string(), anyText(), fc.constantFrom("1.5", "[", "\\", '"')).map((text) => JSON.stringify(text)),
    fc.tuple(space, fc.array(tie("json"), { maxLength: 4 })).map(([gap, items]) =>
      `${gap}[${items.join(`,${gap}`)}]${gap}`
    ),
    fc.tuple(space, fc.array(fc.tuple(key, tie("json")), { maxLength: 4 })).map(([gap, entries]) =>
      `{${gap}${entries.map(([name, value]) => `${JSON.stringify(name)}${gap}:${value}`).join(`,${gap}`)}}`
    ),
  ),
}));

Deno.test("a text is read as the runtime reads it by a reviver, numbers by their source", () => {
  fc.assert(fc.property(json, (text) => assertEquals(outcome(() => parseJson(text)), outcome(() => byReviver(text)))), {
    numRuns: 3_000,
  });
});

Deno.test("a text with something wrong in it is refused where the runtime refuses it, whichever way it is read", () => {
  const wrong = fc.constantFrom(...[
    "",
    ",",
    "]",
    "}",
    "[",
    "{",
    '"',
    "\\",
    "1",
    "-",
    ".",
    "e",
    "+",
    "tru",
    "\u0001",
    " 1.5",
  ]);
  fc.assert(
    fc.property(json, wrong, fc.nat(), (text, piece, nat) => {
      const at = nat % (text.length + 1);
      const broken = text.slice(0, at) + piece + text.slice(at + (nat % 3));
      assertEquals(outcome(() => parseJson(broken)), outcome(() => byReviver(broken)), broken);
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("a key named __proto__ is a key, in both ways of reading", () => {
  for (const text of ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1.5}}']) {
    const read = parseJson(text) as object;
    assertEquals([Object.keys(read), Object.getPrototypeOf(read)], [["__proto__"], Object.prototype]);
  }
});

Deno.test("more values than the bound are refused before they are read", () => {
  const zeros = (count: number): string => `[${"0,".repeat(count - 1)}0]`;
  const refused = (text: string, max?: number): string =>
    assertThrows(() => parseJson(text, undefined, max), DecodeError).code;
  assertEquals(parseJson(zeros(9), undefined, 10), new Array(9).fill(0));
  for (const text of [zeros(11), `[${"{},".repeat(6)}{}]`, "[".repeat(11) + "]".repeat(11), `[${zeros(10)}`]) {
    assertEquals(refused(text, 10), "too_large", text);
  }
  assertEquals(parseJson(`"${",[{".repeat(100)}"`, undefined, 1), ",[{".repeat(100));
  assertEquals(refused(`[${"0,".repeat(5_000_000)}0]`), "too_large");
  assertEquals((parseJson(zeros(JSON_VALUES_MAX - 1)) as unknown[]).length, JSON_VALUES_MAX - 1);
});

Deno.test("no value of a large text passes through code of ours unless a number needs it", () => {
  const { parse } = JSON;
  const revivers: unknown[] = [];
  JSON.parse = (text: string, reviver?: unknown) => {
    revivers.push(reviver);
    return parse(text);
  };
  try {
    parseJson(`[${"0,{},".repeat(1_000)}123456789012345,"1.5"]`);
  } finally {
    JSON.parse = parse;
  }
  assertEquals(revivers, [undefined]);
});

Deno.test("integers beyond 2^53 and floats are written as they came", () => {
  const text = '{"a":18446744073709551615,"b":1.0,"c":[-0,1e400,9007199254740991],"d":"1.0"}';
  assertEquals(stringifyJson(parseJson(text)), text);
  assertEquals(stringifyJson(parseJson("[1.50]"), 2), "[\n  1.50\n]");
});
