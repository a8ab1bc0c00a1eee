/** Numbers as limbs of so many bits, lowest first, each in a word of its own. */

/** Of a number that isn't negative and fits; what doesn't fit is cut off. */
export function splitLimbs(value: bigint, count: number, bits: number): bigint[] {
  const mask = (1n << BigInt(bits)) - 1n;
  return Array.from({ length: count }, (_, i) => (value >> BigInt(bits * i)) & mask);
}

/** The number that signed limbs stand for. */
export function joinLimbs(limbs: ArrayLike<bigint>, count: number, bits: number): bigint {
  let value = 0n;
  for (let i = count - 1; i >= 0; i--) value = (value << BigInt(bits)) + limbs[i]!;
  return value;
}
