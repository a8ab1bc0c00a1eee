/** An instance of the module, and what of it is called. */
import type { Address } from "../../wasm/memory.ts";
import { Memory } from "../../wasm/memory.ts";
import type { Constants } from "./program.ts";
import { assemble } from "./program.ts";
import { NUMBER_BYTES } from "./limbs.ts";

/** Words of points: projective coordinates in Montgomery's form, as `limbs.ts` and `curve_code.ts` have them. */
export type { Address, Words } from "../../wasm/memory.ts";

type Unary = (into: Address, a: Address) => void;
type Binary = (into: Address, a: Address, b: Address) => void;
type Counted = (into: Address, a: Address, count: number) => void;
type CurveFunctions<G extends string> =
  & { readonly [name in `${G}${"Add" | "AddAffine"}`]: Binary }
  & { readonly [name in `${G}Double`]: Unary }
  & { readonly [name in `${G}DoubleTimes`]: Counted }
  & {
    readonly [
      /** The last argument is ignored. */
      name in `${G}Select`
    ]: (into: Address, table: Address, index: number, unused: number) => void;
  };

/** What the module exports, as far as it is called from here; the number is how many limbs go side by side. */
export type Functions =
  & { readonly memory: WebAssembly.Memory }
  & {
    readonly [
      name in "mul" | "add7" | "sub7" | "add14" | "sub14" | "mulPair" | "mul12" | "chord" | "jacobianAddAffine"
    ]: Binary;
  }
  & {
    readonly [
      name in
        | "sqr"
        | "neg7"
        | "neg14"
        | "copy7"
        | "copy14"
        | "copy21"
        | "copy42"
        | "reduce"
        | "normal"
        | "readBytes"
        | "writeBytes"
        | "enter"
        | "leave"
        | "power"
        | "invert"
        | "invertPair"
        | "sqrPair"
        | "byNonResidue"
        | "split"
        | "sqr12"
        | "conjugate12"
        | "frobenius12"
        | "invert12"
        | "tangent"
    ]: Unary;
  }
  & { readonly [name in "sqrTimes" | "jacobianDoubleTimes" | "cyclotomicSqrTimes"]: Counted }
  & CurveFunctions<"g1">
  & CurveFunctions<"g2">
  & {
    readonly isZero: (a: Address) => number;
    readonly isLess: (a: Address, b: Address) => number;
    readonly mulLine: (into: Address, a: Address, line: Address, point: Address) => void;
  };

/** A read of 48 bytes touches 50, a write 56. */
export const FIELD_SPACE = NUMBER_BYTES;

export class Machine extends Memory<Functions> {
  readonly constants: Constants;
  readonly #traces: { readonly from: number; readonly to: number };

  constructor() {
    const { assembly, constants, traces } = assemble();
    super(assembly);
    this.constants = constants;
    this.#traces = traces;
  }

  /** 48 bytes big-endian as the module reads them. */
  writeNumber(address: Address, bytes: Uint8Array): void {
    const { bytes: memory } = this;
    for (let i = 0; i < 48; i++) memory[address + i] = bytes[47 - i]!;
  }

  /** Wipes what multiplication left in the frames of the functions that add and double. */
  wipeTraces(): void {
    this.bytes.fill(0, this.#traces.from, this.#traces.to);
  }
}
