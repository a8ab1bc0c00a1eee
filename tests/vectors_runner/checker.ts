/**
 * What a checker of one vector file is, and what it is handed.
 *
 * ```ts
 * import { aeadEncrypt } from "../../core/crypto/mod.ts";
 * import type { Checker } from "./checker.ts";
 *
 * export const checkAead: Checker = async (file, report) => {
 *   await report.each(file, "cases", (c) => {
 *     const ciphertext = aeadEncrypt(c.bytes("plaintext"), c.bytes("key"), c.bytes("nonce"));
 *     report.equal("ciphertext", ciphertext, c.bytes("ciphertext"));
 *   });
 * };
 * ```
 *
 * Nothing is skipped in silence: a list that no checker took, a field of a case that no checker read, and a count that
 * differs from the file's own `counts` are failures. Fields that only inform (`informative`) may stay unread; another
 * one is dropped by `ignore`, which wants a reason.
 */
import { InvariantError } from "../../core/assert.ts";
import { toHex } from "../../core/bytes.ts";
import { errorText } from "../../core/result.ts";
import type { AnyCodec, Codec, Json } from "../../core/encoding/mod.ts";
import { decodeHex, encodeHex, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { Fields } from "./fields.ts";

/** Checks one file; registered by the file's `file` name in `registry.ts`. */
export type Checker = (file: Fields, report: Report) => void | Promise<void>;

/** A value of a vector that is not what was computed. */
export class Mismatch extends Error {
  override name = "Mismatch";
}

export type Failure = { readonly where: string; readonly text: string };

/** Comparable text: bytes as hex, JSON with sorted members, everything else as JSON. */
function comparable(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === "string") return value;
  return canonicalJson(value as Json);
}

/** One text for equal JSON, whatever the order of members. */
function canonicalJson(value: Json): string {
  const sort = (item: unknown): unknown => {
    if (item instanceof Uint8Array) return toHex(item);
    if (Array.isArray(item)) return item.map(sort);
    if (typeof item !== "object" || item === null || Object.getPrototypeOf(item) !== Object.prototype) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sort(v)]));
  };
  return stringifyJson(sort(value) as Json);
}

/** Collects what passed and what failed in one file. */
export class Report {
  passed = 0;
  readonly failures: Failure[] = [];

  /** Runs one case; it passes when `check` returns. */
  async case(where: string, check: () => void | Promise<void>): Promise<void> {
    try {
      await check();
      this.passed++;
    } catch (thrown) {
      this.failures.push({ where, text: errorText(thrown) });
    }
  }

  /** Runs `check` over every case of the list `name`, and wants each of their fields to have been read. */
  async each(
    file: Fields,
    name: string,
    check: (fields: Fields, index: number) => void | Promise<void>,
  ): Promise<void> {
    for (const [index, fields] of file.objects(name).entries()) {
      await this.one(fields, () => check(fields, index));
    }
  }

  /** One object as a case. For objects that don't stand in a list: `report.one(file.object("keychain"), …)`. */
  one(fields: Fields, check: (fields: Fields) => void | Promise<void>): Promise<void> {
    return this.case(fields.place, async () => {
      await check(fields);
      const unread = fields.unread();
      if (unread.length > 0) throw new Mismatch(`Fields were not checked: ${unread.join(", ")}`);
    });
  }

  /** @throws {Mismatch} Bytes and hex, and JSON values in any order of members, are equal by content. */
  equal(what: string, actual: unknown, expected: unknown): void {
    const found = comparable(actual), wanted = comparable(expected);
    if (found !== wanted) throw new Mismatch(`${what}: computed ${found}, expected ${wanted}`);
  }

  /**
   * For the input of a `rejects` list. A `TypeError`, `ReferenceError` or `InvariantError` is a bug of ours, not a
   * refusal, and passes through.
   * @throws {Mismatch} unless `attempt` throws or rejects
   */
  async refused(what: string, attempt: () => unknown): Promise<void> {
    try {
      await attempt();
    } catch (thrown) {
      for (const bug of [TypeError, ReferenceError, InvariantError, Mismatch]) if (thrown instanceof bug) throw thrown;
      return;
    }
    throw new Mismatch(`${what} was accepted but must be refused`);
  }

  /** Decodes the whole hex and encodes it again: the same bytes. Returns the value. */
  roundTrip<T>(codec: Codec<T>, hex: string): T {
    const value = decodeHex(codec, hex);
    this.equal(`${codec.name} encoded again`, encodeHex(codec, value), hex);
    return value;
  }

  /** `value` ↔ the exact JSON text, and from that JSON to the same encoding. */
  json<T>(codec: Codec<T>, value: T, text: string): void {
    const parsed = parseJson(text);
    this.equal(`${codec.name} as JSON`, codec.toJson(value), parsed);
    this.equal(`${codec.name} from JSON`, encodeHex(codec, codec.fromJson(parsed)), encodeHex(codec, value));
  }

  /** The usual case: `hex`, and `json` when it has one. Returns the value. */
  codecCase<T>(codec: Codec<T>, fields: Fields): T {
    const value = this.roundTrip(codec, fields.text("hex"));
    if (fields.has("json")) this.json(codec, value, fields.text("json"));
    return value;
  }
}

/** Codecs by the Rust name in a case's `type`. @throws {Mismatch} for one that is not listed */
export function codecOf(codecs: { readonly [type: string]: AnyCodec }, type: string): AnyCodec {
  const codec = Object.hasOwn(codecs, type) ? codecs[type] : undefined;
  if (!codec) throw new Mismatch(`No codec is registered for the type ${type}`);
  return codec;
}
