/**
 * Which points of a table make up t·G. With H = G/2, and B = t + (2^n − 1)/2 modulo the group's order, t·G is the sum
 * of ±2^i·H over n bits, plus where B's bit is set and minus where it isn't. So each window of bits stands for an odd
 * multiple of 2^(first bit)·H, of either sign: the table has the positive ones, and no window is nothing. A sum of the
 * lower windows is less than the next window's point: the two are neither equal nor opposite, but in the last window
 * for one scalar in 2^240.
 */
import type { Assembly } from "../../wasm/assembly.ts";
import { get, int, load, long, moved, OP, set, store } from "../../wasm/assembly.ts";
import { splitLimbs } from "../../wasm/limbs.ts";
import type { FieldForm } from "../wide/form.ts";
import { ORDER } from "../wide/limbs.ts";

/** A table of 24,576 points, of 80 bytes each in the wide form. Each bit more saves some 5 % and doubles it. */
export const WINDOW_BITS = 11;
export const WINDOWS = 24;
const BITS = WINDOWS * WINDOW_BITS;
/** In a table, of one window: P, 3P, 5P, … */
export const MULTIPLES = 1 << (WINDOW_BITS - 1);

/** A scalar is 32 bytes, little-endian; in memory, as it is prepared, so many. */
export const SCALAR_BYTES = 32, PREPARED_BYTES = 40;
const WORDS = SCALAR_BYTES / 8;

/** Half of a number modulo the order. */
const half = (value: bigint): bigint => ((value & 1n) === 0n ? value : value + ORDER) / 2n;
const OFFSET = half(((1n << BigInt(BITS)) - 1n) % ORDER);

export function defineMultiples(assembly: Assembly, { numberBytes }: FieldForm): void {
  const offset = splitLimbs(OFFSET, WORDS, 64);
  // makes B of scalars, in their place
  assembly.define("prepare", 2, (body) => {
    const SCALARS = 0, COUNT = 1, [sum, carry] = body.longs(2) as [number, number], scalar = body.parameter(SCALARS);
    body.repeat(COUNT, () => {
      body.emit(long(0n), set(carry));
      for (let i = 0; i < WORDS; i++) {
        // with the carry a word may be passed as well, but not both times
        body.emit(load(scalar, 8 * i), get(carry), [OP.ADD], set(sum));
        body.emit(get(sum), get(carry), [OP.LESS_U, OP.EXTEND_U], set(carry));
        body.emit(get(sum), long(offset[i]!), [OP.ADD], set(sum));
        body.emit(get(sum), long(offset[i]!), [OP.LESS_U, OP.EXTEND_U], get(carry), [OP.ADD], set(carry));
        body.emit(store(scalar, 8 * i, get(sum)));
      }
      body.emit(store(scalar, SCALAR_BYTES, get(carry)), moved(SCALARS, PREPARED_BYTES));
    });
  });
  // copies the points of a window whose table is given. A window begins with a bit of the scalars' first byte: the
  // address is moved by whole bytes. The last parameter is the function's own
  assembly.define("choose", 6, (body) => {
    const INTO = 0, SCALARS = 1, TABLE = 2, COUNT = 3, BIT = 4, CHOSEN = 5;
    const [bits, sign] = body.longs(2) as [number, number], into = body.parameter(INTO);
    const chosen = body.parameter(CHOSEN);
    body.repeat(COUNT, () => {
      body.emit(load(body.parameter(SCALARS), 0), get(BIT), [OP.EXTEND_U, OP.SHR_U], set(bits));
      // all ones where the window's highest bit isn't set: the point is negated, and the others count downwards
      body.emit(
        get(bits),
        long(BigInt(WINDOW_BITS - 1)),
        [OP.SHR_U],
        long(1n),
        [OP.AND],
        long(1n),
        [OP.SUB],
        set(sign),
      );
      body.emit(get(bits), get(sign), [OP.XOR], long(BigInt(MULTIPLES - 1)), [OP.AND, OP.WRAP]);
      body.emit(int(2 * numberBytes), [OP.I32_MUL], get(TABLE), [OP.I32_ADD], set(CHOSEN));
      for (let byte = 0; byte < numberBytes; byte += 8) {
        const y = [...load(chosen, numberBytes + byte), ...get(sign), OP.XOR, ...get(sign), OP.SUB];
        body.emit(store(into, byte, load(chosen, byte)), store(into, numberBytes + byte, y));
      }
      body.emit(moved(INTO, 2 * numberBytes), moved(SCALARS, PREPARED_BYTES));
    });
  });
}
