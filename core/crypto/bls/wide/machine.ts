/** An instance of the module with its memory: fixed places for single operands, and one area that grows for lists. */
import type { Constants } from "./program.ts";
import { assemble } from "./program.ts";
import { NUMBER_BYTES } from "./limbs.ts";

/** Address in the module's memory. */
export type Address = number;
/** Points: projective coordinates in Montgomery's form, as `limbs.ts` and `curve_code.ts` have them. */
export type Words = BigInt64Array<ArrayBuffer>;

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

const PAGE_BYTES = 65_536;
/** A read of 48 bytes touches 50, a write 56. */
export const FIELD_SPACE = NUMBER_BYTES;

export class Machine {
  readonly run: Functions;
  readonly constants: Constants;
  readonly #traces: { readonly from: number; readonly to: number };
  bytes!: Uint8Array<ArrayBuffer>;
  words!: BigInt64Array<ArrayBuffer>;
  #fixedEnd: Address;

  constructor() {
    const { assembly, constants, traces } = assemble();
    this.run = new WebAssembly.Instance(new WebAssembly.Module(assembly.code())).exports as unknown as Functions;
    this.constants = constants;
    this.#traces = traces;
    this.#fixedEnd = assembly.bytes;
    assembly.fill(this.run.memory);
    this.#look();
  }

  /** Views of memory end when it grows. */
  #look(): void {
    this.bytes = new Uint8Array(this.run.memory.buffer as ArrayBuffer);
    this.words = new BigInt64Array(this.run.memory.buffer as ArrayBuffer);
  }

  #need(bytes: number): void {
    const missing = bytes - this.bytes.length;
    if (missing <= 0) return;
    this.run.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#look();
  }

  /** Space that is never given back, before the first list. */
  reserve(bytes: number): Address {
    const address = this.#fixedEnd;
    this.#fixedEnd += bytes + 7 & ~7;
    this.#need(this.#fixedEnd);
    return address;
  }

  /** Space for a list, valid until the next call. */
  list(bytes: number): Address {
    this.#need(this.#fixedEnd + bytes);
    return this.#fixedEnd;
  }

  write(address: Address, words: Words): void {
    this.words.set(words, address / 8);
  }

  /** A copy. */
  read(address: Address, bytes: number): Words {
    return this.words.slice(address / 8, (address + bytes) / 8);
  }

  /** 48 bytes big-endian as the module reads them. */
  writeNumber(address: Address, bytes: Uint8Array): void {
    const { bytes: memory } = this;
    for (let i = 0; i < 48; i++) memory[address + i] = bytes[47 - i]!;
  }

  wipe(address: Address, bytes: number): void {
    this.bytes.fill(0, address, address + bytes);
  }

  /** Wipes what multiplication left in the frames of the functions that add and double. */
  wipeTraces(): void {
    this.bytes.fill(0, this.#traces.from, this.#traces.to);
  }
}
