/**
 * What a message may be and what handling it costs, told by its first two bytes and its length: before anything is
 * decoded, hashed or checked. Costs are microseconds of one core, as measured on a small machine and rounded up.
 */
import { DecodeError, Reader } from "../../core/encoding/mod.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";

const MESSAGE_US = 50;
/** One check, or making one. */
const SIGNATURE_US = 350;
/** Bytes hashed and copied in a microsecond. */
const BYTES_PER_US = 100;
/** Bytes of small units decoded and hashed in a microsecond: only alerts hold very many. */
const ALERT_BYTES_PER_US = 10;
/**
 * To process one of the smallest items that are accepted, and to write it to the disk; an honest guardian's units have
 * some dozens.
 */
const ITEM_US = 300;
/** Of the smallest item. */
const ITEM_BYTES = 2;
/** Of a unit without its batch and mask, with room. */
const UNIT_HEAD_BYTES = 160;
const SIGNATURE_BYTES = 64;
/** Index of the kind, a guardian's index, a hash or a coordinate. */
const REQUEST_BYTES = 2 + 8 + 32;
const ROOM_BYTES = 64;

type Kind =
  | "newUnit"
  | "requestCoord"
  | "responseCoord"
  | "requestParents"
  | "responseParents"
  | "requestNewest"
  | "responseNewest"
  | "forkAlert"
  | "multicast"
  | "requestAlert";

const KINDS: readonly (readonly Kind[])[] = [
  [
    "newUnit",
    "requestCoord",
    "responseCoord",
    "requestParents",
    "responseParents",
    "requestNewest",
    "responseNewest",
  ],
  ["forkAlert", "multicast", "requestAlert"],
];

function kindOf(bytes: Uint8Array): Kind | undefined {
  return KINDS[bytes[0] ?? KINDS.length]?.[bytes[1] ?? Infinity];
}

/** Most bytes that a message of an honest guardian can have. An alert is bounded by the links alone. */
export function messageBytesMax(bytes: Uint8Array, peers: number): number {
  const unit = UNIT_HEAD_BYTES + BATCH_BYTES_MAX + Math.ceil(peers / 8);
  switch (kindOf(bytes)) {
    case "newUnit":
    case "responseCoord":
      return ROOM_BYTES + unit;
    case "responseParents":
      return ROOM_BYTES + peers * unit;
    case "responseNewest":
      return ROOM_BYTES + unit + SIGNATURE_BYTES;
    case "multicast":
      return ROOM_BYTES + REQUEST_BYTES + SIGNATURE_BYTES + peers * (1 + SIGNATURE_BYTES);
    case "forkAlert":
      return Infinity;
    case undefined:
      return 2;
    default:
      return ROOM_BYTES + REQUEST_BYTES;
  }
}

function signaturesIn(bytes: Uint8Array, peers: number): number {
  switch (kindOf(bytes)) {
    case "newUnit":
    case "responseCoord":
    case "requestNewest":
      return 1;
    case "responseNewest":
      return 2;
    case "responseParents":
      return Math.min(peers, Math.ceil(bytes.length / UNIT_HEAD_BYTES));
    case "forkAlert":
      return 3;
    case "multicast":
      return Math.max(1, Math.min(peers, Math.floor(bytes.length / SIGNATURE_BYTES) - 1));
    default:
      return 0;
  }
}

/** What a message costs that is too long, or that is none: it is not looked at. */
export function ignoringCostUs(bytes: number): number {
  return MESSAGE_US + bytes / (10 * BYTES_PER_US);
}

export function messageCostUs(bytes: Uint8Array, peers: number): number {
  if (bytes.length > messageBytesMax(bytes, peers)) return ignoringCostUs(bytes.length);
  const perUs = kindOf(bytes) === "forkAlert" ? ALERT_BYTES_PER_US : BYTES_PER_US;
  return MESSAGE_US + signaturesIn(bytes, peers) * SIGNATURE_US + bytes.length / perUs;
}

/**
 * What it will cost to process a unit's items, when it is ordered: a full unit of the smallest ones a second, which no
 * check of its signature tells.
 * @param batch begins with the number of its items
 */
export function batchCostUs(batch: Uint8Array): number {
  try {
    const count = new Reader(batch).bigSize();
    return ITEM_US * Math.min(Number(count), batch.length / ITEM_BYTES);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return 0; // nothing of it is processed
    throw thrown;
  }
}
