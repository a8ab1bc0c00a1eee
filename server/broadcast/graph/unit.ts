/**
 * Units, the vertices of the broadcast's graph, and their hashes. `fedimint-aleph-bft` units/mod.rs;
 * docs/protocol/03-consensus.md §A2, §A3.
 *
 * A unit says who its parents' creators are (`mask`) and commits to the parents by one hash over the map of their
 * hashes (`combinedHash`, with the mask: the control hash).
 */
import type { Bytes } from "../../../core/bytes.ts";
import { fromHex, toHex } from "../../../core/bytes.ts";
import type { Codec } from "../../../core/encoding/codec.ts";
import { encode } from "../../../core/encoding/codec.ts";
import { Reader, Writer } from "../../../core/encoding/io.ts";
import { hashOf } from "../hash.ts";
import type { NodeMap, NodeSubset } from "../scale.ts";
import {
  byteVector,
  compactLength,
  hash32,
  membersOf,
  nodeIndex,
  nodeMap,
  nodeSubset,
  option,
  round as roundCodec,
  scaleCodec,
  signature64,
  struct,
  u64Le,
} from "../scale.ts";

/**
 * What a unit carries: a batch of encoded items (at most 50,000 bytes), or its creator's signature (64 bytes) of the
 * session's header.
 */
export type UnitData =
  | { readonly kind: "batch"; readonly bytes: Bytes }
  | { readonly kind: "signature"; readonly signature: Bytes };

export const unitData: Codec<UnitData> = scaleCodec(
  "UnitData",
  {
    form: "fields",
    text: "UnitData (1 byte index)",
    fields: [["0 Batch", byteVector.layout], ["1 Signature", signature64.layout]],
  },
  (writer, data) => {
    if (data.kind === "batch") {
      writer.u8(0);
      byteVector.write(writer, data.bytes);
    } else {
      writer.u8(1);
      signature64.write(writer, data.signature);
    }
  },
  (reader) => {
    const index = reader.u8();
    if (index === 0) return { kind: "batch", bytes: byteVector.read(reader) };
    if (index === 1) return { kind: "signature", signature: signature64.read(reader) };
    return reader.fail("unknown_variant", `UnitData has no variant ${index}`);
  },
);

/** Where a unit stands in the graph. Wire: round u16 ‖ creator u64. */
export type UnitCoord = { readonly round: number; readonly creator: number };
export const unitCoord: Codec<UnitCoord> = struct("UnitCoord", { round: roundCodec, creator: nodeIndex });

export type UnitFields = {
  readonly round: number;
  readonly creator: number;
  readonly mask: NodeSubset;
  /** 32 bytes */
  readonly combinedHash: Bytes;
  readonly data: UnitData | null;
  readonly session: bigint;
};

const maybeData = option(unitData);

function writeFields(writer: Writer, unit: UnitFields): void {
  roundCodec.write(writer, unit.round);
  nodeIndex.write(writer, unit.creator);
  nodeSubset.write(writer, unit.mask);
  hash32.write(writer, unit.combinedHash);
  maybeData.write(writer, unit.data);
  u64Le.write(writer, unit.session);
}

/** What a unit's creator signs: the hash of everything but the signature. 32 bytes. */
export function unitHash(unit: UnitFields): Bytes {
  return hashOf(encoded(unit));
}

function encoded(unit: UnitFields, signature?: Bytes): Bytes {
  const writer = new Writer(256 + (unit.data?.kind === "batch" ? unit.data.bytes.length : 0));
  writeFields(writer, unit);
  if (signature) writer.raw(signature);
  return writer.finish();
}

/** Behind round and creator. */
const MASK_AT = 2 + 8;
/** The number of bits; then follow the bits, with their length. */
const MASK_SIZE_BYTES = 4;
const HASH_BYTES = 32;
const SIGNATURE_BYTES = 64;
const SESSION_BYTES = 8;

/**
 * A unit with a signature (64 bytes) that may or may not be its creator's.
 *
 * A session keeps all its units, thousands of each guardian. So one is little more than its encoding: what is in it is
 * read again when asked for, which is seldom, and of its hash in the end only the text is kept, as which it is looked
 * up.
 */
export class SignedUnit implements UnitFields {
  readonly round: number;
  readonly creator: number;
  /** In which the encoding is, and where. */
  #room: Bytes;
  #at = 0;
  readonly #size: number;
  #hash: Bytes | undefined;
  #key: string | undefined;

  constructor(fields: UnitFields, signature: Bytes) {
    this.round = fields.round;
    this.creator = fields.creator;
    this.#room = encoded(fields, signature);
    this.#size = this.#room.length;
  }

  /**
   * Hashed once, for the signature and for all that follows.
   * @param sign gives the signature (64 bytes) of the hash (32 bytes)
   */
  static sign(fields: UnitFields, sign: (hash: Bytes) => Bytes): SignedUnit {
    const hash = unitHash(fields);
    const unit = new SignedUnit(fields, sign(hash));
    unit.#hash = hash;
    return unit;
  }

  /** The encoding, SCALE `UncheckedSigned<FullUnit>`. Not to be written to. */
  get bytes(): Bytes {
    return this.#room.subarray(this.#at, this.#at + this.#size);
  }

  /** Moves the encoding to where there is room for it. */
  moveTo(room: Bytes, at: number): void {
    room.set(this.bytes, at);
    [this.#room, this.#at] = [room, at];
  }

  get mask(): NodeSubset {
    const reader = new Reader(this.bytes);
    reader.skip(MASK_AT);
    return nodeSubset.read(reader);
  }

  /** A reader that stands before the combined hash. */
  #behindMask(): Reader {
    const reader = new Reader(this.bytes);
    reader.skip(MASK_AT + MASK_SIZE_BYTES);
    reader.skip(compactLength.read(reader));
    return reader;
  }

  get combinedHash(): Bytes {
    return hash32.read(this.#behindMask());
  }

  /** A batch is a part of the encoding. */
  get data(): UnitData | null {
    const reader = this.#behindMask();
    reader.skip(HASH_BYTES);
    const hasData = reader.u8() === 1;
    if (!hasData) return null;
    const isSignature = reader.u8() === 1;
    if (isSignature) return { kind: "signature", signature: signature64.read(reader) };
    const length = compactLength.read(reader);
    return { kind: "batch", bytes: this.bytes.subarray(reader.offset, reader.offset + length) };
  }

  get session(): bigint {
    return u64Le.read(new Reader(this.bytes.subarray(-SIGNATURE_BYTES - SESSION_BYTES)));
  }

  get signature(): Bytes {
    return this.bytes.slice(-SIGNATURE_BYTES);
  }

  /** 32 bytes */
  get hash(): Bytes {
    return this.#hash ??= this.#key === undefined
      ? hashOf(this.bytes.subarray(0, -SIGNATURE_BYTES))
      : fromHex(this.#key);
  }

  /** The hash as hex: a map's key. */
  get key(): string {
    return this.#key ??= toHex(this.hash);
  }

  /** Its hash will hardly be asked for any more: as bytes it takes more than the text. */
  settle(): void {
    this.#key ??= toHex(this.hash);
    this.#hash = undefined;
  }

  /** Ascending. */
  get parentCreators(): readonly number[] {
    return membersOf(this.mask);
  }
}

function readSignedUnit(reader: Reader): SignedUnit {
  const fields: UnitFields = {
    round: roundCodec.read(reader),
    creator: nodeIndex.read(reader),
    mask: nodeSubset.read(reader),
    combinedHash: hash32.read(reader),
    data: maybeData.read(reader),
    session: u64Le.read(reader),
  };
  return new SignedUnit(fields, signature64.read(reader));
}

export const signedUnit: Codec<SignedUnit> = scaleCodec(
  "SignedUnit",
  {
    form: "fields",
    text: "SignedUnit",
    fields: [
      ["coord", unitCoord.layout],
      ["mask", nodeSubset.layout],
      ["combinedHash", hash32.layout],
      ["data", maybeData.layout],
      ["session", u64Le.layout],
      ["signature", signature64.layout],
    ],
  },
  (writer, unit) => writer.raw(unit.bytes),
  readSignedUnit,
);

const hashes = nodeMap(hash32);

/** The hash that commits to a unit's parents: over the map of their hashes (32 bytes or null) by creator. */
export function combineHashes(parents: NodeMap<Bytes>): Bytes {
  return hashOf(encode(hashes, parents));
}
