/** For tests: numbers modulo a prime, often where arithmetic by limbs goes wrong. */
import type { Bytes } from "../../bytes.ts";

export type FieldNumbers = {
  readonly byte: () => number;
  /** Often near a power of two or the prime, else of any size. */
  readonly number: () => bigint;
};

/** @param random as much as it is asked for */
export function fieldNumbers(random: (size: number) => Bytes, prime: bigint): FieldNumbers {
  const bits = prime.toString(2).length, size = Math.ceil(bits / 8);
  let dice: Uint8Array = new Uint8Array(0), used = 0;
  const byte = (): number => {
    if (used === dice.length) [dice, used] = [random(65_536), 0];
    return dice[used++]!;
  };
  const modulo = (value: bigint): bigint => (value % prime + prime) % prime;
  const number = (): bigint => {
    let value = 0n;
    for (let i = byte() % (size + 1); i > 0; i--) value = value << 8n | BigInt(byte());
    const kind = byte() % 8;
    if (kind === 0) return modulo(prime - (value & 0xffn));
    if (kind === 1) return modulo((1n << BigInt(byte() % (bits + 1))) - (value & 3n));
    return modulo(value);
  };
  return { byte, number };
}
