/** What goes limb by limb, without carries: adding, subtracting, negating, copying, small multiples. */
import type { Code } from "../../wasm_code.ts";
import type { Assembly, Body } from "./assembly.ts";
import { load, long, OP, store } from "./assembly.ts";

/**
 * Names end with how many limbs go side by side.
 * @param widths limbs of what is computed with
 * @param copied of what is copied as well
 * @param factors of small multiples
 */
export function defineByLimbs(
  assembly: Assembly,
  { widths, copied, factors }: { widths: readonly number[]; copied: readonly number[]; factors: readonly number[] },
): void {
  const each = (name: string, operands: number, value: (body: Body, byte: number) => Code, some = widths) => {
    for (const width of some) {
      assembly.define(`${name}${width}`, 1 + operands, (body) => {
        for (let i = 0; i < width; i++) body.emit(store(body.parameter(0), 8 * i, value(body, 8 * i)));
      });
    }
  };
  each("add", 2, (body, byte) => load(body.parameter(1), byte).concat(load(body.parameter(2), byte), OP.ADD));
  each("sub", 2, (body, byte) => load(body.parameter(1), byte).concat(load(body.parameter(2), byte), OP.SUB));
  each("neg", 1, (body, byte) => long(0n).concat(load(body.parameter(1), byte), OP.SUB));
  each("copy", 1, (body, byte) => load(body.parameter(1), byte), [...widths, ...copied]);
  for (const factor of factors) {
    each(`times${factor}of`, 1, (body, byte) => load(body.parameter(1), byte).concat(long(BigInt(factor)), OP.MUL));
  }
}
