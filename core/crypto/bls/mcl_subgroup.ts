/**
 * Whether points of G1's curve lie in G1, many at once. P does if and only if φ(P) = −[x²]P, with the endomorphism φ(X,
 * Y) = (βX, Y) and the curve's parameter x (Scott, ePrint 2021/1130; proof in 2022/352; `G1Affine::is_torsion_free` is
 * the same test). It is exact: nothing here is random.
 *
 * Alone, a point costs 126 doublings in projective coordinates. Together, points are doubled in affine ones: fewer
 * multiplications, and the one division each needs is shared by all (Montgomery's trick, mcl's `invVec`).
 */
import { assert } from "../../assert.ts";
import type { Address, MclMemory, MclModule } from "./mcl_memory.ts";
import { FP_BYTES } from "./mcl_memory.ts";

/** |x| from its second highest bit on; the highest stands for the point itself. */
const X_BITS = 0xd201000000010000n.toString(2).slice(1);
/** A cube root of one in the field, big-endian: the one for which φ multiplies points of G1 by −x². */
const BETA = 0x5f19672fdf76ce51ba69c6076a0f77eaddb3a93be6f89688de17d813620a00022e01fffffffefffen;
const POINT_BYTES = 3 * FP_BYTES;
/** Fewer points than these don't pay for a division of their own at each step. */
const TOGETHER_MIN = 4;
/** mcl's shared division keeps its products on a stack of 1 MiB. */
const TOGETHER_MAX = 512;

/**
 * @param points mcl's words of finite points of the curve with z = 1
 * @param isAlone the test for one point, for those that the affine formulas don't cover: only points of small order,
 *   outside G1
 */
export function areInG1(
  module: MclModule,
  memory: MclMemory,
  points: readonly Uint32Array[],
  isAlone: (point: Uint32Array) => boolean,
): boolean[] {
  const results: boolean[] = [];
  for (let from = 0; from < points.length; from += TOGETHER_MAX) {
    const part = points.slice(from, from + TOGETHER_MAX);
    const tested = part.length < TOGETHER_MIN ? part.map(isAlone) : new Lanes(module, memory, part).test(isAlone);
    for (const result of tested) results.push(result);
  }
  return results;
}

/** Affine coordinates of all points side by side in mcl's memory. */
class Lanes {
  readonly #module: MclModule;
  readonly #points: readonly Uint32Array[];
  readonly #memory: MclMemory;
  /** Lists of field elements, one for each lane. `#spare` takes the next x while the present one is still needed. */
  #x: Address;
  #spare: Address;
  readonly #y: Address;
  readonly #baseX: Address;
  readonly #baseY: Address;
  readonly #divisor: Address;
  /** Single field elements. */
  readonly #slope: Address;
  readonly #beta: Address;
  /** Lanes that met a case the formulas don't cover: they are tested alone at the end. */
  readonly #irregular = new Set<number>();

  constructor(module: MclModule, memory: MclMemory, points: readonly Uint32Array[]) {
    this.#module = module;
    this.#memory = memory;
    this.#points = points;
    const listBytes = points.length * FP_BYTES;
    const start = memory.list(6 * listBytes + 2 * FP_BYTES);
    const [x, spare, y, baseX, baseY, divisor] = [0, 1, 2, 3, 4, 5].map((i) => start + i * listBytes);
    [this.#x, this.#spare, this.#y] = [x!, spare!, y!];
    [this.#baseX, this.#baseY, this.#divisor] = [baseX!, baseY!, divisor!];
    this.#slope = start + 6 * listBytes;
    this.#beta = this.#slope + FP_BYTES;
  }

  test(isAlone: (point: Uint32Array) => boolean): boolean[] {
    this.#load(this.#x, this.#y);
    for (let round = 0; round < 2; round++) {
      this.#copy(this.#baseX, this.#x);
      this.#copy(this.#baseY, this.#y);
      for (const bit of X_BITS) {
        this.#double();
        if (bit === "1") this.#addBase();
      }
    }
    // now x, y are [x²]P; base is free for P itself
    this.#load(this.#baseX, this.#baseY);
    this.#writeBeta();
    return this.#points.map((point, i) => this.#irregular.has(i) ? isAlone(point) : this.#isMinusEndomorphism(i));
  }

  #load(x: Address, y: Address): void {
    this.#module._mclBnFp_setInt32(this.#slope, 1);
    const one = this.#memory.readWords(this.#slope, FP_BYTES);
    this.#points.forEach((point, i) => {
      assert(one.every((word, at) => point[2 * FP_BYTES / 4 + at] === word), "a decoded point has z = 1");
      this.#memory.writeWords(x + i * FP_BYTES, point.subarray(0, FP_BYTES / 4));
      this.#memory.writeWords(y + i * FP_BYTES, point.subarray(FP_BYTES / 4, POINT_BYTES / 4 - FP_BYTES / 4));
    });
  }

  #copy(to: Address, from: Address): void {
    this.#module.HEAP8.copyWithin(to, from, from + this.#points.length * FP_BYTES);
  }

  #writeBeta(): void {
    const bytes = Uint8Array.from(
      { length: FP_BYTES },
      (_, i) => Number((BETA >> BigInt(8 * (FP_BYTES - 1 - i))) & 0xffn),
    );
    this.#memory.writeBytes(this.#slope, bytes);
    const failed = this.#module._mclBnFp_setBigEndianMod(this.#beta, this.#slope, FP_BYTES);
    assert(failed === 0, "mcl takes a number of the field's size");
  }

  /** slope = 3x²/2y. The curve has no point of order two, so that y is never zero. */
  #double(): void {
    const { _mclBnFp_add: add, _mclBnFp_sqr: sqr, _mclBnFp_mul: mul } = this.#module;
    for (let at = 0; at < this.#points.length * FP_BYTES; at += FP_BYTES) {
      add(this.#divisor + at, this.#y + at, this.#y + at);
    }
    this.#invert();
    for (let at = 0; at < this.#points.length * FP_BYTES; at += FP_BYTES) {
      const scratch = this.#spare + at;
      sqr(this.#slope, this.#x + at);
      add(scratch, this.#slope, this.#slope);
      add(this.#slope, this.#slope, scratch);
      mul(this.#slope, this.#slope, this.#divisor + at);
      this.#step(at, this.#x + at);
    }
    [this.#x, this.#spare] = [this.#spare, this.#x];
  }

  /**
   * slope = (y − y')/(x − x') with the base point x', y'. A point that is plus or minus its base has no slope: it is of
   * small order.
   */
  #addBase(): void {
    const { _mclBnFp_sub: sub, _mclBnFp_mul: mul, _mclBnFp_isZero: isZero } = this.#module;
    for (let i = 0, at = 0; i < this.#points.length; i++, at += FP_BYTES) {
      sub(this.#divisor + at, this.#x + at, this.#baseX + at);
      if (isZero(this.#divisor + at) === 1) this.#irregular.add(i);
    }
    this.#invert();
    for (let at = 0; at < this.#points.length * FP_BYTES; at += FP_BYTES) {
      sub(this.#slope, this.#y + at, this.#baseY + at);
      mul(this.#slope, this.#slope, this.#divisor + at);
      this.#step(at, this.#baseX + at);
    }
    [this.#x, this.#spare] = [this.#spare, this.#x];
  }

  /**
   * The third point of the line through x and `otherX`, mirrored: x'' = slope² − x − otherX, y'' = slope·(x − x'') − y.
   */
  #step(at: number, otherX: Address): void {
    const { _mclBnFp_sub: sub, _mclBnFp_sqr: sqr, _mclBnFp_mul: mul } = this.#module;
    const x = this.#x + at, y = this.#y + at, nextX = this.#spare + at, scratch = this.#divisor + at;
    sqr(nextX, this.#slope);
    sub(nextX, nextX, x);
    sub(nextX, nextX, otherX);
    sub(scratch, x, nextX);
    mul(scratch, scratch, this.#slope);
    sub(y, scratch, y);
  }

  #invert(): void {
    // an irregular lane's numbers mean nothing any more, but a zero among them would spoil the division of all
    for (const lane of this.#irregular) this.#module._mclBnFp_setInt32(this.#divisor + lane * FP_BYTES, 1);
    this.#module._mclBnFp_invVec(this.#divisor, this.#divisor, this.#points.length);
  }

  #isMinusEndomorphism(lane: number): boolean {
    const at = lane * FP_BYTES, { _mclBnFp_mul: mul, _mclBnFp_add: add, _mclBnFp_isEqual: isEqual } = this.#module;
    mul(this.#slope, this.#baseX + at, this.#beta);
    if (isEqual(this.#slope, this.#x + at) !== 1) return false;
    add(this.#slope, this.#baseY + at, this.#y + at);
    return this.#module._mclBnFp_isZero(this.#slope) === 1;
  }
}
