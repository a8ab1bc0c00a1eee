/** What is done with numbers of the field and pairs of them beyond single calls of the module: bytes, signs, roots. */
import type { Address, Machine } from "./machine.ts";
import { FIELD_SPACE } from "./machine.ts";
import { NUMBER_BYTES } from "./limbs.ts";

export class Field {
  readonly #machine: Machine;
  readonly #scratch: Address;
  readonly #root: Address;
  readonly #square: Address;
  readonly #bytes: Address;
  readonly #pair: Address;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#scratch = machine.reserve(NUMBER_BYTES);
    this.#root = machine.reserve(NUMBER_BYTES);
    this.#square = machine.reserve(NUMBER_BYTES);
    this.#pair = machine.reserve(2 * NUMBER_BYTES);
    this.#bytes = machine.reserve(FIELD_SPACE);
  }

  /** A number's canonical bytes: 48, big-endian. @returns false when it is not below p */
  readCanonical(into: Address, bytes: Uint8Array): boolean {
    const { run, constants } = this.#machine;
    this.#machine.writeNumber(this.#bytes, bytes);
    run.readBytes(into, this.#bytes);
    if (run.isLess(into, constants.prime) === 0) return false;
    run.enter(into, into);
    return true;
  }

  /** upper·2^384 + lower, each 48 bytes big-endian, modulo p. */
  readWide(into: Address, lower: Uint8Array, upper: Uint8Array): void {
    const { run, constants } = this.#machine;
    this.#machine.writeNumber(this.#bytes, upper);
    run.readBytes(this.#scratch, this.#bytes);
    run.mul(this.#scratch, this.#scratch, constants.upper);
    this.#machine.writeNumber(this.#bytes, lower);
    run.readBytes(into, this.#bytes);
    run.enter(into, into);
    run.add7(into, into, this.#scratch);
    run.reduce(into, into);
  }

  /** 48 bytes big-endian. */
  writeCanonical(to: Uint8Array, from: Address): void {
    const { run } = this.#machine;
    run.leave(this.#scratch, from);
    run.writeBytes(this.#bytes, this.#scratch);
    const { bytes } = this.#machine;
    for (let i = 0; i < 48; i++) to[i] = bytes[this.#bytes + 47 - i]!;
  }

  /** Whether it is larger than its opposite. */
  isLarge(a: Address): boolean {
    const { run, constants } = this.#machine;
    run.leave(this.#scratch, a);
    return run.isLess(this.#scratch, constants.large) === 0;
  }

  areEqual(a: Address, b: Address): boolean {
    const { run } = this.#machine;
    run.sub7(this.#scratch, a, b);
    return run.isZero(this.#scratch) === 1;
  }

  /** The root a^((p + 1)/4). @param inverse gets the root's, or 0 for 0 @returns false when there is none */
  root(into: Address, a: Address, inverse: Address = this.#root): boolean {
    const { run } = this.#machine;
    run.power(inverse, a);
    run.mul(this.#square, inverse, a);
    run.sqr(this.#scratch, this.#square);
    run.sub7(this.#scratch, this.#scratch, a);
    const exists = run.isZero(this.#scratch) === 1;
    run.copy7(into, this.#square);
    return exists;
  }

  /**
   * A root of a pair, by the field's: with the norm's root n, (a0 ± n)/2 is the square of the root's first part for one
   * of the signs (complex method: ePrint 2012/685, algorithm 8).
   */
  rootOfPair(into: Address, a: Address): boolean {
    const { run, constants } = this.#machine;
    const [a0, a1, n, t] = [a, a + NUMBER_BYTES, this.#pair, this.#pair + NUMBER_BYTES];
    const x0 = into, x1 = into + NUMBER_BYTES;
    if (run.isZero(a1) === 1) {
      const isReal = this.root(n, a0);
      if (!isReal) {
        // −1 has no root in the field: what has none has one times u
        run.neg7(t, a0);
        this.root(n, t);
      }
      run.copy7(isReal ? x0 : x1, n);
      this.#machine.wipe(isReal ? x1 : x0, NUMBER_BYTES);
      return true;
    }
    run.sqr(n, a0);
    run.sqr(t, a1);
    run.add7(t, n, t);
    if (!this.root(n, t)) return false;
    run.add7(t, a0, n);
    run.mul(t, t, constants.half);
    if (!this.root(x0, t, this.#root)) {
      run.sub7(t, a0, n);
      run.mul(t, t, constants.half);
      // a product of the two is −a1²/4, which has no root: one of them has
      this.root(x0, t, this.#root);
    }
    run.mul(x1, a1, this.#root);
    run.mul(x1, x1, constants.half);
    return true;
  }
}
