/**
 * BLS12-381 for everything above: points are their canonical bytes (`G1`, `G2`), made only by `decode`, by arithmetic,
 * or of what another thread of this program packed.
 *
 * The backend's form of each point is kept beside its bytes for as long as somebody holds them. So a point that was
 * checked once is not checked or decompressed again, and bytes that only claim to be a point (after a cast, or from
 * another thread) are checked on first use.
 */
import type { Bytes } from "../../bytes.ts";
import type { BlsBackend, RawG1, RawG2, RawGroup } from "./backend.ts";
import type { G1, G2, Scalar } from "./types.ts";
import { G1_BYTES, G2_BYTES } from "./types.ts";

/** One of the two groups. Errors of `decode` come from every function when its argument is no checked point. */
export class Group<P extends Bytes, Raw extends object = object> {
  readonly name: "G1" | "G2";
  /** Bytes of an encoded point: 48 or 96. */
  readonly size: number;
  readonly #load: () => RawGroup<Raw>;
  #raw: RawGroup<Raw> | undefined;
  #generator: P | undefined;
  #infinity: P | undefined;
  readonly #checked = new WeakMap<Uint8Array, Raw>();

  /** @param load called once, on first use */
  constructor(name: "G1" | "G2", load: () => RawGroup<Raw>) {
    this.name = name;
    this.size = name === "G1" ? G1_BYTES : G2_BYTES;
    this.#load = load;
  }

  get raw(): RawGroup<Raw> {
    return this.#raw ??= this.#load();
  }

  get generator(): P {
    return this.#generator ??= this.close(this.raw.generator);
  }

  /** The neutral element, `c0 00…`. */
  get infinity(): P {
    return this.#infinity ??= this.close(this.raw.infinity);
  }

  /**
   * Strict: canonical, on the curve, in the group of prime order; infinity is a point too (as in the `bls12_381`
   * crate).
   * @throws {CryptoError} `bad_length` · `bad_point`
   */
  decode(bytes: Uint8Array): P {
    if (this.#checked.has(bytes)) return bytes as P;
    const raw = this.raw.decode(bytes);
    const point = Uint8Array.from(bytes) as Bytes as P;
    this.#checked.set(point, raw);
    return point;
  }

  /** The same for many at once, faster than one by one; null for each that `decode` refuses. */
  decodeMany(list: readonly Uint8Array[]): (P | null)[] {
    const raw = this.raw.decodeMany(list.filter((bytes) => !this.#checked.has(bytes)));
    let next = 0;
    return list.map((bytes) => {
      if (this.#checked.has(bytes)) return bytes as P;
      const checked = raw[next++];
      if (!checked) return null;
      const point = Uint8Array.from(bytes) as Bytes as P;
      this.#checked.set(point, checked);
      return point;
    });
  }

  /**
   * For another thread of this program, which doesn't check or decompress them again: their bytes and their forms.
   * @throws {CryptoError} as `decode`, when one was not checked yet
   */
  pack(points: readonly P[]): Bytes {
    const each = this.size + this.raw.packedSize, packed = new Uint8Array(points.length * each);
    points.forEach((point, i) => {
      const raw = this.open(point);
      packed.set(point, i * each);
      this.raw.pack(packed.subarray(i * each + this.size, (i + 1) * each), raw);
    });
    return packed as Bytes;
  }

  /** What `pack` made over the same backend, and nobody else: these count as checked. */
  unpack(packed: Uint8Array): P[] {
    const each = this.size + this.raw.packedSize;
    return Array.from({ length: packed.length / each }, (_, i) => {
      const point = packed.slice(i * each, i * each + this.size) as Bytes as P;
      this.#checked.set(point, this.raw.unpack(packed.subarray(i * each + this.size, (i + 1) * each)));
      return point;
    });
  }

  isInfinity(point: P): boolean {
    return this.raw.isInfinity(this.open(point));
  }

  /** Sum of all; infinity for none. */
  add(...points: readonly P[]): P {
    return this.close(points.reduce((sum, point) => this.raw.add(sum, this.open(point)), this.raw.infinity));
  }

  negate(point: P): P {
    return this.close(this.raw.negate(this.open(point)));
  }

  /** scalar·point, for secret scalars too. */
  multiply(point: P, scalar: Scalar): P {
    return this.close(this.raw.multiply(this.open(point), scalar));
  }

  /** Σ scalar·point for public scalars; infinity for none. */
  sumOfProducts(points: readonly P[], scalars: readonly Scalar[]): P {
    return this.close(this.raw.sumOfProducts(points.map((point) => this.open(point)), scalars));
  }

  /** The backend's form of a point. @throws {CryptoError} as `decode`, when these bytes were not checked yet */
  open(point: P): Raw {
    let raw = this.#checked.get(point);
    if (raw === undefined) {
      raw = this.raw.decode(point);
      this.#checked.set(point, raw);
    }
    return raw;
  }

  /** The bytes of a point the backend computed. */
  close(raw: Raw): P {
    const point = this.raw.encode(raw) as P;
    this.#checked.set(point, raw);
    return point;
  }
}

export class Bls {
  readonly #load: () => BlsBackend;
  #backend: BlsBackend | undefined;
  readonly g1: Group<G1, RawG1>;
  readonly g2: Group<G2, RawG2>;

  /** @param load called once, on first use */
  constructor(load: () => BlsBackend) {
    this.#load = load;
    this.g1 = new Group("G1", () => this.backend.g1);
    this.g2 = new Group("G2", () => this.backend.g2);
  }

  get backend(): BlsBackend {
    return this.#backend ??= this.#load();
  }

  /** Whether Π e(P, Q) = 1; infinity on either side is a factor 1, as in the `bls12_381` crate. */
  pairingProductIsOne(pairs: readonly (readonly [G1, G2])[]): boolean {
    return this.backend.pairingProductIsOne(pairs.map(([p, q]) => [this.g1.open(p), this.g2.open(q)] as const));
  }
}
