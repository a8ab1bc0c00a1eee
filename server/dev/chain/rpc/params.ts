/** A call's parameters, by position or by name, with bitcoind's complaints. */
import { parseAddress } from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, isHex } from "../../../../core/bytes.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import { isJsonObject, JsonFloat } from "../../../../core/encoding/mod.ts";
import { RPC, RpcError } from "../error.ts";
import { satOf } from "./amounts.ts";

/** One more than the longest transaction that is relayed has, in hex digits. */
const HEX_CHARACTERS_MAX = 800_000;

function typeName(json: Json): string {
  if (json === null) return "null";
  if (Array.isArray(json)) return "array";
  if (typeof json === "bigint" || json instanceof JsonFloat) return "number";
  return typeof json === "boolean" ? "bool" : typeof json;
}

function wrongType(json: Json, expected: string): RpcError {
  return new RpcError(RPC.TYPE, `JSON value of type ${typeName(json)} is not of expected type ${expected}`);
}

export class Params {
  readonly #values: readonly Json[];
  readonly #names: readonly string[];

  /**
   * @param names in order; other names of the same parameter after a `|`
   * @throws {RpcError} −8 an unknown name · −1 too many
   */
  constructor(given: Json, names: readonly string[], usage: string) {
    this.#names = names.map((name) => name.split("|")[0]!);
    if (isJsonObject(given)) {
      const known = names.map((name) => name.split("|"));
      for (const name of Object.keys(given)) {
        if (!known.some((each) => each.includes(name))) {
          throw new RpcError(RPC.INVALID_PARAMETER, `Unknown named parameter ${name}`);
        }
      }
      this.#values = known.map((each) => each.map((name) => given[name]).find((value) => value !== undefined) ?? null);
    } else if (Array.isArray(given) || given === null) {
      this.#values = (given ?? []) as readonly Json[];
      if (this.#values.length > names.length) throw new RpcError(RPC.MISC, usage);
    } else {
      throw new RpcError(RPC.INVALID_REQUEST, "Params must be an array or object");
    }
  }

  has(index: number): boolean {
    return (this.#values[index] ?? null) !== null;
  }

  json(index: number): Json {
    return this.#values[index] ?? null;
  }

  /** @throws {RpcError} −8: this chain doesn't know what the parameter asks for */
  refuse(...indices: readonly number[]): void {
    for (const index of indices) {
      if (this.has(index)) {
        throw new RpcError(RPC.INVALID_PARAMETER, `Parameter ${this.#names[index]} is not supported by this chain`);
      }
    }
  }

  text(index: number): string {
    const value = this.json(index);
    if (typeof value !== "string") throw wrongType(value, "string");
    return value;
  }

  integer(index: number, otherwise?: number): number {
    const value = this.json(index);
    if (value === null && otherwise !== undefined) return otherwise;
    if (typeof value !== "number") throw wrongType(value, "number");
    return value;
  }

  flag(index: number, otherwise: boolean): boolean {
    const value = this.json(index);
    if (value === null) return otherwise;
    if (typeof value !== "boolean") throw wrongType(value, "bool");
    return value;
  }

  /** A number, or true and false for 1 and 0. */
  verbosity(index: number, otherwise: number): number {
    const value = this.json(index);
    if (typeof value === "boolean") return value ? 1 : 0;
    return this.integer(index, otherwise);
  }

  /** 32 bytes as Bitcoin shows them. @throws {RpcError} −8 */
  hash(index: number): string {
    const value = this.text(index);
    const name = this.#names[index]!;
    if (value.length !== 64) {
      const shown = value.slice(0, 100);
      throw new RpcError(RPC.INVALID_PARAMETER, `${name} must be of length 64 (not ${value.length}, for '${shown}')`);
    }
    if (!isHex(value)) throw new RpcError(RPC.INVALID_PARAMETER, `${name} must be hexadecimal string (not '${value}')`);
    return value.toLowerCase();
  }

  /** Undefined when it isn't hex, or longer than any transaction. */
  hex(index: number): Bytes | undefined {
    const value = this.text(index);
    return value.length <= HEX_CHARACTERS_MAX && isHex(value) ? fromHex(value) : undefined;
  }

  sat(index: number): bigint {
    return satOf(this.json(index));
  }

  /** The output script of a regtest address. @throws {RpcError} −5 */
  address(index: number, complaint: string): Bytes {
    const parsed = parseAddress(this.text(index));
    if (!parsed.ok || !parsed.value.networks.includes("regtest")) {
      throw new RpcError(RPC.INVALID_ADDRESS_OR_KEY, complaint);
    }
    return parsed.value.script;
  }
}
