/**
 * What leads into Montgomery's form and out of it, compares, and raises to the one exponent that roots and inverses
 * need.
 */
import type { Assembly, Body, Ref } from "../../wasm/assembly.ts";
import { get, int, load, long, OP, set, store } from "../../wasm/assembly.ts";
import { INDICES } from "./field_code.ts";
import { LIMB_BITS, LIMB_MASK, LIMBS, modP, NUMBER_BYTES, P, R, toLimbs } from "./limbs.ts";

/** Bytes of a limb; those of a number that isn't negative, little-endian, in memory. */
const LIMB_BYTES = LIMB_BITS / 8;
const PRIME = toLimbs(P);
/** Bits of the exponent that are taken at once. */
const WINDOW = 5;

export function defineConversions(assembly: Assembly): void {
  const square = assembly.constant(toLimbs(modP(R * R))), one = assembly.constant(toLimbs(1n));
  // 48 bytes little-endian as they are: below 2^384, not in Montgomery's form
  assembly.define("readBytes", 2, (body) => {
    for (const i of INDICES) {
      // the last read takes two bytes of what follows
      const mask = i === LIMBS - 1 ? (1n << 48n) - 1n : LIMB_MASK;
      body.emit(store(body.parameter(0), 8 * i, [...load(body.parameter(1), LIMB_BYTES * i), ...long(mask), OP.AND]));
    }
  });
  // of a number as `leave` gives it; eight bytes beyond the 48 are overwritten in part
  assembly.define("writeBytes", 2, (body) => {
    for (const i of INDICES) body.emit(store(body.parameter(0), LIMB_BYTES * i, load(body.parameter(1), 8 * i)));
  });
  // from 0 to p − 1, limbs of 56 bits: p is added to what is negative after `reduce`
  assembly.define("normal", 2, (body) => {
    const frame = body.frame(NUMBER_BYTES), [mask, carry] = body.longs(2) as [number, number];
    body.call("reduce", frame, body.parameter(1));
    body.emit(load(frame, 8 * (LIMBS - 1)), long(63n), [OP.SHR_S], set(mask), long(0n), set(carry));
    for (const i of INDICES) {
      body.emit(load(frame, 8 * i), get(mask), long(PRIME[i]!), [OP.AND, OP.ADD], get(carry), [OP.ADD], set(carry));
      body.emit(store(body.parameter(0), 8 * i, [...get(carry), ...long(LIMB_MASK), OP.AND]));
      body.emit(get(carry), long(BigInt(LIMB_BITS)), [OP.SHR_S], set(carry));
    }
  });
  // into Montgomery's form
  assembly.define("enter", 2, (body) => body.call("mul", body.parameter(0), body.parameter(1), square));
  // the number itself, from 0 to p − 1
  assembly.define("leave", 2, (body) => {
    const frame = body.frame(NUMBER_BYTES);
    body.call("mul", frame, body.parameter(1), one);
    body.call("normal", body.parameter(0), frame);
  });
  // whether it is a multiple of p
  assembly.define("isZero", 1, (body) => {
    const frame = body.frame(NUMBER_BYTES);
    body.call("normal", frame, body.parameter(0));
    body.emit(long(0n), INDICES.flatMap((i) => [...load(frame, 8 * i), OP.OR]), [OP.EQZ]);
  }, true);
  // whether a < b, both with limbs of 56 bits
  assembly.define("isLess", 2, (body) => {
    const [borrow] = body.longs(1) as [number];
    for (const i of INDICES) {
      body.emit(load(body.parameter(0), 8 * i), load(body.parameter(1), 8 * i), [OP.SUB]);
      body.emit(i > 0 ? [...get(borrow), OP.ADD] : [], long(BigInt(LIMB_BITS)), [OP.SHR_S], set(borrow));
    }
    body.emit(get(borrow), long(63n), [OP.SHR_U, OP.WRAP]);
  }, true);
  definePowers(assembly);
}

function definePowers(assembly: Assembly): void {
  // a^((p − 3)/4): times a it is a's root where there is one, and its inverse that root's
  assembly.define("power", 2, (body) => {
    const frame = body.frame(NUMBER_BYTES);
    powered(body, frame, body.parameter(1), (P - 3n) / 4n);
    body.call(`copy${LIMBS}`, body.parameter(0), frame);
  });
  // a^(p − 2), which is a^((p − 3)/4·4 + 1): 0 for 0
  assembly.define("invert", 2, (body) => {
    const frame = body.frame(NUMBER_BYTES);
    body.call("power", frame, body.parameter(1));
    body.call("sqrTimes", frame, frame, int(2));
    body.call("mul", body.parameter(0), frame, body.parameter(1));
  });
}

/** By windows that begin and end with a one: odd powers are made first. The exponent is public. */
function powered(body: Body, into: Ref, base: Ref, exponent: bigint): void {
  const odd = Array.from({ length: 1 << (WINDOW - 1) }, () => body.frame(NUMBER_BYTES)),
    square = body.frame(NUMBER_BYTES);
  body.call(`copy${LIMBS}`, odd[0]!, base);
  body.call("sqr", square, base);
  for (let i = 1; i < odd.length; i++) body.call("mul", odd[i]!, odd[i - 1]!, square);
  let begun = false, squarings = 0;
  const bits = exponent.toString(2);
  const settle = () => {
    if (squarings > 0) body.call("sqrTimes", into, into, int(squarings));
    squarings = 0;
  };
  for (let i = 0; i < bits.length;) {
    if (bits[i] === "0") {
      squarings++;
      i++;
      continue;
    }
    const window = bits.slice(i, i + WINDOW).replace(/0+$/, "");
    const power = odd[(parseInt(window, 2) - 1) / 2]!;
    squarings += window.length;
    if (begun) {
      settle();
      body.call("mul", into, into, power);
    } else {
      body.call(`copy${LIMBS}`, into, power);
      squarings = 0;
    }
    begun = true;
    i += window.length;
  }
  settle();
}
