/**
 * Numbers modulo secp256k1's prime in a memory of their own, for batches of points: they are told by their addresses.
 * What is computed is in `field_wasm.ts`. Variable time.
 */
import type { FieldFunctions } from "./field_wasm.ts";
import { fieldModule, LIMB_BITS, LIMBS } from "./field_wasm.ts";

export const NUMBER_WORDS = LIMBS, NUMBER_BYTES = 4 * LIMBS;

const PAGE_BYTES = 65_536;
const P = (1n << 256n) - (1n << 32n) - 977n;
/** Below it, a last limb is that of a number below p. */
const LAST_LIMB_FULL = (1 << 256 - LIMB_BITS * (LIMBS - 1)) - 1;
const WORDS = 8;

/** How a word of 32 bits lies in the limbs: from this bit of this limb on. */
const WORD_PLACES = Array.from({ length: WORDS }, (_, word) => ({
  limb: Math.floor(32 * word / LIMB_BITS),
  bit: 32 * word % LIMB_BITS,
}));

let compiled: WebAssembly.Module | undefined;

export class Field {
  readonly mul: FieldFunctions["mul"];
  readonly diff: FieldFunctions["diff"];
  readonly sub: FieldFunctions["sub"];
  readonly subTwo: FieldFunctions["subTwo"];
  readonly zero: number;
  readonly #memory: WebAssembly.Memory;
  readonly #powers: readonly number[];
  /** The memory, in words: `limbs[address / 4]`. Another one after `room` was called. */
  limbs: Uint32Array;
  #end = 0;

  constructor() {
    compiled ??= new WebAssembly.Module(fieldModule(1));
    const { exports } = new WebAssembly.Instance(compiled);
    const { mul, diff, sub, subTwo } = exports as unknown as FieldFunctions;
    this.mul = mul;
    this.diff = diff;
    this.sub = sub;
    this.subTwo = subTwo;
    this.#memory = exports.memory as WebAssembly.Memory;
    this.limbs = new Uint32Array(this.#memory.buffer);
    this.zero = this.room(1);
    this.#powers = Array.from({ length: 8 }, () => this.room(1));
  }

  /** What `work` takes of the memory is free again behind it. */
  lending<T>(work: () => T): T {
    const end = this.#end;
    try {
      return work();
    } finally {
      this.#end = end;
    }
  }

  /** The address of so many numbers, one behind the other; whatever they are. */
  room(numbers: number): number {
    const start = this.#end;
    this.#end += numbers * NUMBER_BYTES;
    const missing = Math.ceil((this.#end - this.limbs.byteLength) / PAGE_BYTES);
    if (missing > 0) {
      this.#memory.grow(missing);
      this.limbs = new Uint32Array(this.#memory.buffer);
    }
    return start;
  }

  /** @param value 0 … p − 1 */
  set(into: number, value: bigint): void {
    for (let i = 0; i < LIMBS; i++) {
      this.limbs[into / 4 + i] = Number(BigInt.asUintN(LIMB_BITS, value >> BigInt(LIMB_BITS * i)));
    }
  }

  /** 0 … p − 1. @param a normal */
  value(a: number): bigint {
    let value = 0n;
    for (let i = LIMBS - 1; i >= 0; i--) value = (value << BigInt(LIMB_BITS)) + BigInt(this.limbs[a / 4 + i]!);
    return value % P;
  }

  /** Brings a normal number below p. */
  reduce(a: number): void {
    if (this.limbs[a / 4 + LIMBS - 1]! >= LAST_LIMB_FULL) this.set(a, this.value(a));
  }

  isOdd(a: number): boolean {
    return (this.limbs[a / 4]! & 1) === 1;
  }

  /** Writes a number below p: 32 bytes, big-endian. */
  write(a: number, view: DataView, offset: number): void {
    const limbs = this.limbs, from = a / 4;
    for (let word = 0; word < WORDS; word++) {
      const { limb, bit } = WORD_PLACES[word]!, at = from + limb;
      const two = limbs[at]! >>> bit | limbs[at + 1]! << LIMB_BITS - bit;
      const beyond = 2 * LIMB_BITS - bit;
      view.setInt32(offset + 4 * (WORDS - 1 - word), beyond < 32 ? two | limbs[at + 2]! << beyond : two);
    }
  }

  /** into = 1/a, a^(p−2), by the chain of libsecp256k1's `secp256k1_fe_inv`. */
  invert(a: number, into: number): void {
    const [x2, x22, x223] = this.#runsOfOnes(a);
    this.#append(x223, 23, x22, into);
    this.#append(into, 5, a, into);
    this.#append(into, 3, x2, into);
    this.#append(into, 2, a, into);
  }

  /** into = a^((p+1)/4): a root of a, when it has one. Chain of libsecp256k1's `secp256k1_fe_sqrt`. */
  root(a: number, into: number): void {
    const [x2, x22, x223] = this.#runsOfOnes(a);
    this.#append(x223, 23, x22, into);
    this.#append(into, 6, x2, into);
    this.#square(into, 2, into);
  }

  /** into = a^(2^count). */
  #square(a: number, count: number, into: number): void {
    for (let i = 0; i < count; i++) this.mul(i === 0 ? a : into, i === 0 ? a : into, into);
  }

  /** into = a^(2^count) · b: appends `count` bits of b's exponent to a's. `b` is not `into`. */
  #append(a: number, count: number, b: number, into: number): void {
    this.#square(a, count, into);
    this.mul(into, b, into);
  }

  /** a to the exponents whose bits are 1, twice, 22 times and 223 times: of such the powers above begin with. */
  #runsOfOnes(a: number): readonly [x2: number, x22: number, x223: number] {
    const [x2, x3, x6, x11, x22, x44, x88, x] = this.#powers as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    this.#append(a, 1, a, x2);
    this.#append(x2, 1, a, x3);
    this.#append(x3, 3, x3, x6);
    this.#append(x6, 3, x3, x11);
    this.#append(x11, 2, x2, x11);
    this.#append(x11, 11, x11, x22);
    this.#append(x22, 22, x22, x44);
    this.#append(x44, 44, x44, x88);
    this.#append(x88, 88, x88, x);
    this.#append(x, 44, x44, x);
    this.#append(x, 3, x3, x);
    return [x2, x22, x];
  }
}
