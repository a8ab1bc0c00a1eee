/**
 * What guardians send each other. `fedimint-core/src/config.rs` (`P2PMessage`),
 * `fedimint-server/src/net/p2p_connection.rs`.
 *
 * Releases up to 0.13 send serde's bincode form and read both that and the consensus encoding, which they try first. So
 * do we. The two can't be mistaken for each other: bincode begins with three zero bytes in a row.
 */
import type { Bytes } from "../bytes.ts";
import { fromUtf8, utf8 } from "../bytes.ts";
import type { Codec, CodecType, UnknownVariant } from "../encoding/mod.ts";
import {
  bytes,
  decode,
  DecodeError,
  decodeHex,
  encode,
  encodeHex,
  openEnum,
  Reader,
  u64,
  Writer,
} from "../encoding/mod.ts";
import { dkgMessageG1, dkgMessageG2 } from "./dkg_message.ts";
import { sha256Hash } from "./ids.ts";
import { schnorrSignature } from "./keys.ts";

/** A frame of the link holds no more. */
export const P2P_MESSAGE_BYTES_MAX = 10_000_000;

/**
 * `Aleph`: a message of the broadcast in its own encoding. `SignedSessionOutcome`: the outcome's encoding, not decoded
 * yet: what it holds must be judged with the federation's modules. `Encodable`: what modules exchange in the ceremony.
 */
export const p2pMessage = openEnum("P2PMessage", {
  Aleph: bytes,
  SessionSignature: schnorrSignature,
  SessionIndex: u64,
  SignedSessionOutcome: bytes,
  Checksum: sha256Hash,
  DkgG1: dkgMessageG1,
  DkgG2: dkgMessageG2,
  Encodable: bytes,
});
export type P2pMessage = CodecType<typeof p2pMessage>;

/** A field in bincode: fixed numbers and lengths, little-endian. */
type BincodeField = { write(writer: Writer, value: unknown): void; read(reader: Reader): unknown };

function readLength(reader: Reader): number {
  const length = reader.uint64(true);
  if (length > BigInt(reader.remaining)) reader.fail("end_of_input", `Length ${length} exceeds the bytes left`);
  return Number(length);
}

function writeSized(writer: Writer, value: Uint8Array): void {
  writer.uint(value.length, 8, true);
  writer.raw(value);
}

const sizedBytes: BincodeField = {
  write: (writer, value) => writeSized(writer, value as Bytes),
  read: (reader) => reader.raw(readLength(reader)),
};

/** A type whose serde form is a byte string of its encoding, of fixed length. */
function encoded<T>(codec: Codec<T>): BincodeField {
  return {
    write: (writer, value) => writeSized(writer, encode(codec, value as T)),
    read: (reader) => decode(codec, reader.raw(readLength(reader))),
  };
}

/** A type whose serde form is the hex text of its encoding. */
function hexText<T>(codec: Codec<T>): BincodeField {
  return {
    write: (writer, value) => writeSized(writer, utf8(encodeHex(codec, value as T))),
    read: (reader) => {
      const text = reader.raw(readLength(reader));
      try {
        return decodeHex(codec, fromUtf8(text));
      } catch (cause) {
        if (!(cause instanceof TypeError)) throw cause;
        throw new DecodeError("invalid", "Text is not UTF-8", -1, [], { cause });
      }
    },
  };
}

const number: BincodeField = {
  write: (writer, value) => writer.uint(value as bigint, 8, true),
  read: (reader) => reader.uint64(true),
};

const unknown: BincodeField = {
  write: (writer, value) => {
    const { variant, bytes } = value as UnknownVariant["value"];
    writer.uint(variant, 8, true);
    writeSized(writer, bytes);
  },
  read: (reader) => ({ variant: reader.uint64(true), bytes: reader.raw(readLength(reader)) }),
};

/** In the order of their numbers. */
const FIELDS: { readonly [Tag in P2pMessage["tag"]]: BincodeField } = {
  Aleph: sizedBytes,
  SessionSignature: encoded(schnorrSignature),
  SessionIndex: number,
  SignedSessionOutcome: hexText(bytes),
  Checksum: encoded(sha256Hash),
  DkgG1: hexText(dkgMessageG1),
  DkgG2: hexText(dkgMessageG2),
  Encodable: sizedBytes,
  Default: unknown,
};
const TAGS = Object.keys(FIELDS) as P2pMessage["tag"][];

/** The payload of a frame: bincode, as the reference sends it. */
export function encodeP2pMessage(message: P2pMessage): Bytes {
  const writer = new Writer();
  writer.uint(TAGS.indexOf(message.tag), 4, true);
  FIELDS[message.tag].write(writer, message.value);
  return writer.finish();
}

function decodeBincode(payload: Uint8Array): P2pMessage {
  const reader = new Reader(payload);
  const tag = TAGS[reader.uint32(true)];
  if (tag === undefined) return reader.fail("unknown_variant", "Message has an unknown bincode variant");
  // what stands behind the message is ignored, as by the reference
  return { tag, value: FIELDS[tag].read(reader) } as P2pMessage;
}

const SEALED_KINDS = ["SignedSessionOutcome", "DkgG1", "DkgG2"] as const;

/**
 * A message as it came, whose body costs work to decode (points of the ceremony, hex of megabytes): it stays bytes
 * until somebody who wants it opens it, which may show that it is none. `payload` = the whole frame.
 */
export type SealedP2pMessage = {
  readonly tag: "Sealed";
  readonly value: { readonly kind: typeof SEALED_KINDS[number]; readonly payload: Bytes };
};
export type ReceivedP2pMessage = P2pMessage | SealedP2pMessage;

/**
 * The payload of a frame at the cost of a copy.
 * @throws {DecodeError} when it is no message, as far as that is seen without opening it
 */
export function receiveP2pMessage(payload: Bytes): ReceivedP2pMessage {
  // both encodings begin with the number of the variant, a small one
  const tag = TAGS[payload[0] ?? TAGS.length];
  const kind = SEALED_KINDS.find((sealed) => sealed === tag);
  if (kind !== undefined) return { tag: "Sealed", value: { kind, payload } };
  return decodeP2pMessage(payload);
}

/** @throws {DecodeError} when what was sealed is no message */
export function openP2pMessage(message: ReceivedP2pMessage): P2pMessage {
  return message.tag === "Sealed" ? decodeP2pMessage(message.value.payload) : message;
}

/**
 * Bincode's number of a variant below 256. As consensus encoding it would be one whose body is empty with more behind
 * it, or a number that isn't written in the shortest way: none.
 */
function isBincode(payload: Uint8Array): boolean {
  return payload.length >= 4 && payload[1] === 0 && payload[2] === 0 && payload[3] === 0;
}

/** Consensus encoding, or else bincode. @throws {DecodeError} when it is neither; the bincode's failure */
export function decodeP2pMessage(payload: Uint8Array): P2pMessage {
  if (payload.length > P2P_MESSAGE_BYTES_MAX) {
    throw new DecodeError("too_large", `Message of ${payload.length} bytes exceeds ${P2P_MESSAGE_BYTES_MAX}`);
  }
  // nearly all: trying the other first would cost more than decoding
  if (isBincode(payload)) return decodeBincode(payload);
  try {
    return decode(p2pMessage, payload);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    return decodeBincode(payload);
  }
}
