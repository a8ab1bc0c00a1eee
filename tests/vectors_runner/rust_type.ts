/**
 * Codecs by the Rust types that vectors name: `BTreeMap<String, u32>`, `enum { A(Option<u64>), B }`, … So a file may
 * name any combination. A type also knows how a vector writes its values (`given`): large numbers as decimal strings,
 * bytes as hex, pairs for maps.
 */
import { fromHex } from "../../core/bytes.ts";
import type { AnyCodec, Json, JsonObject } from "../../core/encoding/mod.ts";
import * as encoding from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import { amount } from "../../core/types/amount.ts";
import type { Duration } from "../../core/types/duration.ts";
import { duration, systemTime } from "../../core/types/duration.ts";
import { peerId } from "../../core/types/ids.ts";
import { publicKey, publicKeyId } from "../../core/types/keys.ts";
import { moduleKind } from "../../core/types/module_kind.ts";
import { safeUrl } from "../../core/types/safe_url.ts";

export type RustType = {
  readonly codec: AnyCodec;
  /** From a vector's form to the TypeScript value. */
  readonly given: (json: Json) => unknown;
  /** The same type as a map's key, where that is another one. */
  readonly key?: RustType;
};

function plain(codec: AnyCodec): RustType {
  return { codec, given: (json) => json };
}

const whole: (json: Json) => bigint = (json) => BigInt(json as string | number);

function givenDuration(json: Json): Duration {
  const { secs, nanos } = json as { readonly secs: string; readonly nanos: number };
  return { secs: BigInt(secs), nanos };
}

const BYTES: RustType = { codec: encoding.bytes, given: (json) => fromHex(json as string) };

const NAMED: { readonly [name: string]: RustType } = {
  u8: { codec: encoding.u8, given: (json) => Number(json) },
  u16: { codec: encoding.u16, given: (json) => Number(json) },
  u32: { codec: encoding.u32, given: (json) => Number(json) },
  u64: { codec: encoding.u64, given: whole },
  bool: plain(encoding.bool),
  String: plain(encoding.text),
  Amount: { codec: amount, given: whole },
  PeerId: plain(peerId),
  ModuleKind: plain(moduleKind),
  SafeUrl: plain(safeUrl),
  PublicKey: { codec: publicKey, given: (json) => fromHex(json as string), key: plain(publicKeyId) },
  Duration: { codec: duration, given: givenDuration },
  SystemTime: {
    codec: systemTime,
    given: (json) => {
      const { secs, nanos } = givenDuration(json);
      return { secsSinceEpoch: secs, nanosSinceEpoch: nanos };
    },
  },
};

function givenList(item: RustType, json: Json): unknown[] {
  return (json as readonly Json[]).map(item.given);
}

/** Null or the value; where the value could be null itself, null or `{"some": …}`. */
function optionOf(inner: RustType): RustType {
  if (!inner.codec.nullable) {
    return { codec: encoding.option(inner.codec), given: (json) => json === null ? null : inner.given(json) };
  }
  const given = (json: Json): unknown => json === null ? null : { some: inner.given((json as JsonObject).some!) };
  return { codec: encoding.nestedOption(inner.codec), given };
}

const GENERIC: { readonly [name: string]: (...args: RustType[]) => RustType } = {
  Option: (inner) => optionOf(inner!),
  Result: (value, error) => ({
    codec: encoding.result(value!.codec, error!.codec),
    given: (json) => {
      const { ok: good, err: bad } = json as JsonObject;
      return good !== undefined ? ok(value!.given(good)) : err(error!.given(bad!));
    },
  }),
  Vec: (item) =>
    item === NAMED.u8 ? BYTES : { codec: encoding.list(item!.codec), given: (json) => givenList(item!, json) },
  VecDeque: (item) => GENERIC.Vec!(item!),
  BTreeSet: (item) => ({ codec: encoding.sortedSet(item!.codec), given: (json) => givenList(item!, json) }),
  BTreeMap: (named, value) => {
    const key = named!.key ?? named!;
    return {
      codec: encoding.map(key.codec, value!.codec),
      given: (json) => new Map((json as readonly [Json, Json][]).map(([k, v]) => [key.given(k), value!.given(v)])),
    };
  },
};

function arrayOf(item: RustType, size: number): RustType {
  if (item !== NAMED.u8) return { codec: encoding.fixedList(item.codec, size), given: (json) => givenList(item, json) };
  const bytes: RustType = { codec: encoding.fixedBytes(size), given: BYTES.given };
  return { ...bytes, key: plain(encoding.hexId(`[u8; ${size}]`, size)) };
}

function tupleOf(items: readonly RustType[]): RustType {
  const given = (json: Json): unknown => items.map((item, i) => item.given((json as readonly Json[])[i]!));
  return { codec: encoding.tuple(...items.map(({ codec }) => codec)), given };
}

function structOf(fields: readonly (readonly [string, RustType])[]): RustType {
  return {
    codec: encoding.struct("struct", Object.fromEntries(fields.map(([name, { codec }]) => [name, codec]))),
    given: (json) => Object.fromEntries(fields.map(([name, type]) => [name, type.given((json as JsonObject)[name]!)])),
  };
}

type Variant = { readonly tag: string; readonly type: RustType; readonly index: number | null };

const UNIT: RustType = { codec: encoding.unit, given: (json) => encoding.unit.fromJson(json) };

function enumOf(variants: readonly Variant[], open: boolean): RustType {
  const codecs = Object.fromEntries(variants.map(({ tag, type }) => [tag, type.codec]));
  const indices = Object.fromEntries(variants.flatMap(({ tag, index }) => index === null ? [] : [[tag, index]]));
  const given = (json: Json): unknown => {
    if (typeof json === "string") return { tag: json, value: null };
    const [tag, value] = Object.entries(json as JsonObject)[0]!;
    if (tag === "Default") {
      const { variant, bytes } = value as { readonly variant: number; readonly bytes: string };
      return { tag, value: { variant: BigInt(variant), bytes: fromHex(bytes) } };
    }
    return { tag, value: variants.find((variant) => variant.tag === tag)!.type.given(value) };
  };
  return { codec: (open ? encoding.openEnum : encoding.closedEnum)("enum", codecs, indices), given };
}

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/[A-Za-z0-9_]+|[^\sA-Za-z0-9_]/g) ?? [];
  }

  whole(): RustType {
    const type = this.#type();
    if (this.#at < this.#tokens.length) this.#fail();
    return type;
  }

  #fail(): never {
    throw new TypeError(`Type is not understood at token ${this.#at}: ${this.#tokens.join(" ")}`);
  }

  #take(): string {
    return this.#tokens[this.#at++] ?? this.#fail();
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) this.#fail();
  }

  #number(): number {
    const token = this.#take();
    return /^[0-9]+$/.test(token) ? Number(token) : this.#fail();
  }

  #list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#accept(close)) {
      items.push(item());
      if (!this.#accept(",") && this.#tokens[this.#at] !== close) this.#fail();
    }
    return items;
  }

  #type(): RustType {
    if (this.#accept("(")) {
      const items = this.#list(")", () => this.#type());
      return items.length === 0 ? UNIT : tupleOf(items);
    }
    if (this.#accept("[")) {
      const item = this.#type();
      this.#expect(";");
      const size = this.#number();
      this.#expect("]");
      return arrayOf(item, size);
    }
    const name = this.#take();
    if (name === "struct") return this.#struct();
    if (name === "enum") return this.#enum();
    if (this.#accept("<")) {
      const args = this.#list(">", () => this.#type());
      return (GENERIC[name] ?? this.#fail())(...args);
    }
    return NAMED[name] ?? this.#fail();
  }

  #fields(): RustType {
    return structOf(this.#list("}", () => {
      const name = this.#take();
      this.#expect(":");
      return [name, this.#type()] as const;
    }));
  }

  #struct(): RustType {
    if (this.#accept("without")) {
      this.#expect("fields");
      return structOf([]);
    }
    if (this.#accept("(")) return tupleOf(this.#list(")", () => this.#type()));
    this.#expect("{");
    return this.#fields();
  }

  /**
   * `Default` is the variant for everything unknown; its fields and what is said about it in brackets are known anyway.
   */
  #variant(): Variant | null {
    const tag = this.#take();
    if (tag === "Default") {
      if (this.#accept("{")) this.#list("}", () => this.#take());
      if (this.#accept("(")) { while (!this.#accept(")")) this.#take(); }
      return null;
    }
    const type = this.#accept("(") ? this.#single() : this.#accept("{") ? this.#fields() : UNIT;
    return { tag, type, index: this.#accept("=") ? this.#number() : null };
  }

  #single(): RustType {
    const type = this.#type();
    this.#expect(")");
    return type;
  }

  #enum(): RustType {
    this.#expect("{");
    const variants = this.#list("}", () => this.#variant());
    const known = variants.filter((variant) => variant !== null);
    return enumOf(known, known.length < variants.length);
  }
}

/** @throws {TypeError} for a type that isn't known here */
export function parseRustType(text: string): RustType {
  return new Parser(text).whole();
}
