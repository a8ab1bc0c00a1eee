/**
 * Units, the vertices of the broadcast's graph, and their hashes. `fedimint-aleph-bft` units/mod.rs;
 * docs/protocol/03-consensus.md §A2, §A3.
 *
 * A unit says who its parents' creators are (`mask`) and commits to the parents by one hash over the map of their
 * hashes (`combinedHash`, with the mask: the control hash).
 */
import type { Bytes } from "../../../core/bytes.ts";
import { concat, toHex } from "../../../core/bytes.ts";
import type { Codec } from "../../../core/encoding/codec.ts";
import { encode } from "../../../core/encoding/codec.ts";
import type { Reader } from "../../../core/encoding/io.ts";
import { Writer } from "../../../core/encoding/io.ts";
import { hashOf } from "../hash.ts";
import type { NodeMap, NodeSubset } from "../scale.ts";
import {
  byteVector,
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
  return hashOf(encodedFields(unit));
}

function encodedFields(unit: UnitFields): Bytes {
  const writer = new Writer(128 + (unit.data?.kind === "batch" ? unit.data.bytes.length : 0));
  writeFields(writer, unit);
  return writer.finish();
}

const SIGNATURE_BYTES = 64;
const SESSION_BYTES = 8;

/**
 * A unit with a signature (64 bytes) that may or may not be its creator's. Its bytes and hash are computed when first
 * asked for.
 */
export class SignedUnit implements UnitFields {
  readonly round: number;
  readonly creator: number;
  readonly mask: NodeSubset;
  readonly combinedHash: Bytes;
  readonly session: bigint;
  readonly signature: Bytes;
  #data: UnitData | null;
  #bytes: Bytes | undefined;
  #hash: Bytes | undefined;
  #key: string | undefined;
  #parentCreators: readonly number[] | undefined;

  constructor(fields: UnitFields, signature: Bytes) {
    this.round = fields.round;
    this.creator = fields.creator;
    this.mask = fields.mask;
    this.combinedHash = fields.combinedHash;
    this.session = fields.session;
    this.signature = signature;
    this.#data = fields.data;
  }

  /**
   * Encoded and hashed once, for the signature and for all that follows.
   * @param sign gives the signature (64 bytes) of the hash (32 bytes)
   */
  static sign(fields: UnitFields, sign: (hash: Bytes) => Bytes): SignedUnit {
    const unsigned = encodedFields(fields), hash = hashOf(unsigned);
    const signature = sign(hash), unit = new SignedUnit(fields, signature);
    unit.#hash = hash;
    unit.#keep(concat(unsigned, signature));
    return unit;
  }

  get data(): UnitData | null {
    return this.#data;
  }

  /** The encoding, SCALE `UncheckedSigned<FullUnit>`. */
  get bytes(): Bytes {
    if (this.#bytes) return this.#bytes;
    return this.#keep(concat(encodedFields(this), this.signature));
  }

  #keep(bytes: Bytes): Bytes {
    if (this.#data?.kind === "batch") {
      // a session keeps all its units, so the payload is kept once: as a part of the encoding
      const end = bytes.length - SIGNATURE_BYTES - SESSION_BYTES;
      this.#data = { kind: "batch", bytes: bytes.subarray(end - this.#data.bytes.length, end) };
    }
    return this.#bytes = bytes;
  }

  /** 32 bytes */
  get hash(): Bytes {
    return this.#hash ??= hashOf(this.bytes.subarray(0, -SIGNATURE_BYTES));
  }

  /** The hash as hex: a map's key. */
  get key(): string {
    return this.#key ??= toHex(this.hash);
  }

  /** Ascending. */
  get parentCreators(): readonly number[] {
    return this.#parentCreators ??= membersOf(this.mask);
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
