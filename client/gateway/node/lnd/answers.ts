/**
 * Fields of LND's answers. 64-bit integers come as strings, bytes as base64; what is missing or of another kind is no
 * answer of LND's.
 */
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, isHex } from "../../../../core/bytes.ts";
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import { isJsonObject } from "../../../../core/encoding/mod.ts";
import { NodeError } from "../node.ts";

function wrong(name: string): never {
  throw new NodeError("unreachable", `LND's answer isn't understood: ${name}.`);
}

export function textIn(answer: JsonObject, name: string): string {
  const value = answer[name];
  return typeof value === "string" ? value : wrong(name);
}

export function flagIn(answer: JsonObject, name: string): boolean {
  const value = answer[name];
  return typeof value === "boolean" ? value : wrong(name);
}

/** 32 bits come as numbers, 64 as strings. */
export function integerIn(answer: JsonObject, name: string): bigint {
  const value = answer[name];
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === "string" && /^-?[0-9]{1,20}$/.test(value) ? BigInt(value) : wrong(name);
}

/** An integer that is none below zero. */
export function countIn(answer: JsonObject, name: string): bigint {
  const value = integerIn(answer, name);
  return value >= 0n ? value : wrong(name);
}

export function numberIn(answer: JsonObject, name: string): number {
  const value = integerIn(answer, name);
  return value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : wrong(name);
}

export function objectIn(answer: JsonObject, name: string): JsonObject {
  const value = answer[name];
  return isJsonObject(value) ? value : wrong(name);
}

export function objectsIn(answer: JsonObject, name: string): readonly JsonObject[] {
  const value = answer[name];
  return Array.isArray(value) && value.every(isJsonObject) ? value as readonly JsonObject[] : wrong(name);
}

/** Base64, of either alphabet. */
export function bytesIn(answer: JsonObject, name: string): Bytes {
  try {
    return Uint8Array.fromBase64(textIn(answer, name));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return wrong(name);
    throw thrown;
  }
}

/** 32 bytes in base64; null where LND has none. */
export function hashIn(answer: JsonObject, name: string): Bytes | null {
  const bytes = bytesIn(answer, name);
  return bytes.length === 0 ? null : bytes.length === 32 ? bytes : wrong(name);
}

export function hexIn(answer: JsonObject, name: string, bytes: number): Bytes {
  const text = textIn(answer, name);
  return isHex(text, bytes) ? fromHex(text) : wrong(name);
}

/** For bodies. */
export function base64(bytes: Bytes): string {
  return bytes.toBase64();
}

/** For paths and queries. */
export function base64Url(bytes: Bytes): string {
  return bytes.toBase64({ alphabet: "base64url" });
}
