/**
 * A slice of the guardians' log, packed as its hash is taken: all that a recovery keeps of what guardians answer. A
 * slice of 10,000 items is 1.6 MB as JSON, several times that as objects, and 0.4 MB packed: it is packed right from
 * the text (`slice_text.ts`). Layout: `slice_layout.ts`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import { badJson, encode, isJsonObject, u64Number } from "../../../../core/encoding/mod.ts";
import type { Sha256 } from "../../../../core/types/ids.ts";
import { sha256Hash } from "../../../../core/types/ids.ts";
import type { ApiCall } from "../../../contract/federation_api.ts";
import { HEAD_BYTES, INPUT, NONCE_HASH_BYTES, OUTPUT, OUTPUT_BYTES, TWEAK_BYTES } from "./slice_layout.ts";
import { packItemsText } from "./slice_text.ts";

/** Items start ≤ index < end of the log. */
export type SliceRange = { readonly start: number; readonly end: number };

/** So many items of the log from `start` on, packed. */
export type Slice = { readonly start: number; readonly items: number; readonly bytes: Bytes };

/** An item of a packed slice: where its content begins. */
export type PackedItem = { readonly tag: "Output" | "Input"; readonly index: number; readonly at: number };

/** Where in an output's content its tweak begins. */
const TWEAK_IN_OUTPUT = 1 + NONCE_HASH_BYTES;

type Packed = { readonly bytes: Bytes; readonly hash: Sha256 };

/** One guardian's content of a slice. What isn't exactly so many items is refused before any is looked at. */
export function sliceCall({ start, end }: SliceRange): ApiCall<Packed> {
  return {
    method: "recovery_slice",
    params: [start, end],
    result: {
      fromJson: (json) => pack(json, end - start),
      fromText: (text) => packText(text, end - start),
      // equal slices have equal hashes
      toJson: ({ hash }) => hash,
    },
  };
}

export function sliceHashCall({ start, end }: SliceRange): ApiCall<Sha256> {
  return { method: "recovery_slice_hash", params: [start, end], result: sha256Hash };
}

export const countCall: ApiCall<number> = { method: "recovery_count", params: null, result: u64Number };

function pack(json: Json, count: number): Packed {
  if (!Array.isArray(json) || json.length !== count) return badJson(`a slice of ${count} items`);
  const { bytes, begin } = emptySlice(count);
  let at = begin;
  for (const item of json as readonly Json[]) at = packItem(bytes, at, item);
  return packed(bytes.slice(0, at));
}

/** The same from the text. Null: it isn't written as usual, or is no slice of so many items. */
function packText(text: string, count: number): Packed | null {
  const { bytes, begin } = emptySlice(count);
  const end = packItemsText(text, count, bytes, begin);
  return end === null ? null : packed(bytes.slice(0, end));
}

/** Slices are packed one after the other, so the room for the next one is the same. */
let room: Bytes = new Uint8Array(0);

/** With its number of items, and room for as many outputs. */
function emptySlice(count: number): { readonly bytes: Bytes; readonly begin: number } {
  const head = encode(u64Number, count), size = head.length + count * (HEAD_BYTES + OUTPUT_BYTES);
  if (room.length < size) room = new Uint8Array(size);
  room.set(head);
  return { bytes: room, begin: head.length };
}

function packed(bytes: Bytes): Packed {
  return { bytes, hash: toHex(sha256(bytes)) as Sha256 };
}

/** @returns where it ends */
function packItem(bytes: Uint8Array, start: number, item: Json): number {
  if (!isJsonObject(item)) return badJson("an item of the recovery log");
  const { Output: output, Input: input } = item;
  let at = start;
  if (isJsonObject(output)) {
    bytes[at++] = OUTPUT;
    bytes[at++] = OUTPUT_BYTES;
    bytes[at++] = byteOf(output["denomination"]);
    at = packHex(bytes, at, output["nonce_hash"]);
    const tweak = output["tweak"];
    if (!Array.isArray(tweak) || tweak.length !== TWEAK_BYTES) return badJson("a tweak of 16 bytes");
    for (let i = 0; i < TWEAK_BYTES; i++) bytes[at++] = byteOf(tweak[i]);
    return at;
  }
  if (!isJsonObject(input)) return badJson("an Output or an Input");
  bytes[at++] = INPUT;
  bytes[at++] = NONCE_HASH_BYTES;
  return packHex(bytes, at, input["nonce_hash"]);
}

function byteOf(json: Json | undefined): number {
  return typeof json === "number" && Number.isInteger(json) && json >= 0 && json <= 0xff ? json : badJson("a byte");
}

function packHex(bytes: Uint8Array, start: number, json: Json | undefined): number {
  if (typeof json !== "string" || json.length !== 2 * NONCE_HASH_BYTES) return badJson("a nonce hash of 20 bytes");
  for (let i = 0; i < NONCE_HASH_BYTES; i++) {
    bytes[start + i] = digitOf(json.charCodeAt(2 * i)) << 4 | digitOf(json.charCodeAt(2 * i + 1));
  }
  return start + NONCE_HASH_BYTES;
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : badJson("hex digits");
}

/** Where the first item of a packed slice begins. */
function firstItem(bytes: Uint8Array): number {
  return bytes[0]! < 0xfd ? 1 : bytes[0] === 0xfd ? 3 : 5;
}

/** The items of a slice, in order. */
export function* packedItems({ start, bytes }: Pick<Slice, "start" | "bytes">): Generator<PackedItem> {
  let index = start;
  for (let at = firstItem(bytes); at < bytes.length; index++) {
    yield { tag: bytes[at] === OUTPUT ? "Output" : "Input", index, at: at + HEAD_BYTES };
    at += HEAD_BYTES + bytes[at + 1]!;
  }
}

/** All outputs of a slice, without an object for each: their indices in the log, and where their tweaks begin. */
export function packedOutputs(
  { start, items, bytes }: Slice,
): { readonly indices: Uint32Array; readonly tweaks: Uint32Array } {
  const indices = new Uint32Array(items), tweaks = new Uint32Array(items);
  let outputs = 0;
  for (let at = firstItem(bytes), index = start; at < bytes.length; at += HEAD_BYTES + bytes[at + 1]!, index++) {
    if (bytes[at] !== OUTPUT) continue;
    indices[outputs] = index;
    tweaks[outputs++] = at + HEAD_BYTES + TWEAK_IN_OUTPUT;
  }
  return { indices: indices.subarray(0, outputs), tweaks: tweaks.subarray(0, outputs) };
}

/** The output with this index whose tweak begins there. */
export function outputAt(index: number, tweak: number): PackedItem {
  return { tag: "Output", index, at: tweak - TWEAK_IN_OUTPUT };
}

/** 20 bytes: of an output's blinded nonce, or an input's nonce. */
export function nonceHashOf(bytes: Bytes, { tag, at }: PackedItem): Bytes {
  const from = tag === "Output" ? at + 1 : at;
  return bytes.slice(from, from + NONCE_HASH_BYTES);
}

/** Of an output. */
export function denominationOf(bytes: Bytes, { at }: PackedItem): number {
  return bytes[at]!;
}

/** 16 bytes, of an output. */
export function tweakOf(bytes: Bytes, item: PackedItem): Bytes {
  const from = item.at + TWEAK_IN_OUTPUT;
  return bytes.slice(from, from + TWEAK_BYTES);
}
