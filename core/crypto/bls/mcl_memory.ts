/**
 * mcl's WebAssembly module and its memory, as far as this project calls it. The instance is our own: mcl keeps switches
 * (how points are serialized, whether decoding checks the group) in the module, and nobody else can turn ours.
 */
import createModule from "mcl-wasm/dist/mcl_c.js";
import type { Bytes } from "../../bytes.ts";
import { assert } from "../../assert.ts";

/** Address in the module's memory. */
export type Address = number;

/** Exported functions by mcl's C names; each gets its result's address first. */
export type MclModule = {
  readonly HEAP8: Int8Array;
  readonly HEAP32: Int32Array;
  _malloc(bytes: number): Address;
  _free(address: Address): void;
  _mclBn_init(curve: number, compiledTimeVar: number): number;
  _mclBn_setETHserialization(on: number): void;
  _mclBn_verifyOrderG1(on: number): void;
  _mclBn_verifyOrderG2(on: number): void;
  _mclBn_millerLoopVec(out: Address, g1: Address, g2: Address, count: number): void;
  _mclBn_finalExp(out: Address, gt: Address): void;
  _mclBnGT_isOne(gt: Address): number;
  _mclBnFr_setLittleEndianMod(out: Address, bytes: Address, size: number): number;
  _mclBnFp_setBigEndianMod(out: Address, bytes: Address, size: number): number;
  _mclBnFp_setInt32(out: Address, value: number): void;
  _mclBnFp_sqr(out: Address, a: Address): void;
  _mclBnFp_mul(out: Address, a: Address, b: Address): void;
  _mclBnFp_add(out: Address, a: Address, b: Address): void;
  _mclBnFp_sub(out: Address, a: Address, b: Address): void;
  _mclBnFp_neg(out: Address, a: Address): void;
  _mclBnFp_isZero(a: Address): number;
  _mclBnFp_isEqual(a: Address, b: Address): number;
  /** 1/a for a list; in and out may be the same. */
  _mclBnFp_invVec(out: Address, a: Address, count: number): void;
  /** Negative when there is no root. */
  _mclBnFp_squareRoot(out: Address, a: Address): number;
} & { readonly [F in `_mclBn${"G1" | "G2"}_${PointFunction}`]: (...args: number[]) => number };

type PointFunction =
  | "deserialize"
  | "serialize"
  | "isZero"
  | "isValidOrder"
  | "clear"
  | "add"
  | "dbl"
  | "neg"
  | "normalize"
  | "mulCT"
  | "mulVec";

/** BLS12_381 in mcl's list of curves. */
const CURVE = 5;
/** Size of field elements this build of mcl was compiled for: 6 words for Fp, 4 for Fr. */
const COMPILED_TIME_VAR = 46;

/** A fresh instance: points serialized as Ethereum does (zcash format), the group never checked unless asked. */
export async function instantiateMcl(): Promise<MclModule> {
  const module: MclModule = await createModule({});
  const failed = module._mclBn_init(CURVE, COMPILED_TIME_VAR);
  assert(failed === 0, "mcl is built with BLS12-381");
  module._mclBn_setETHserialization(1);
  module._mclBn_verifyOrderG1(0);
  module._mclBn_verifyOrderG2(0);
  return module;
}

export const FP_BYTES = 48;
export const FR_BYTES = 32;
export const GT_BYTES = 12 * FP_BYTES;

/** Copies in and out, and one area that grows for lists. */
export class MclMemory {
  readonly #module: MclModule;
  #list: Address = 0;
  #listBytes = 0;

  constructor(module: MclModule) {
    this.#module = module;
  }

  /** Space that is never given back: for the few fixed operands. */
  reserve(bytes: number): Address {
    const address = this.#module._malloc(bytes);
    assert(address !== 0, "mcl has memory for its operands");
    return address;
  }

  /** Space for a list, valid until the next call. */
  list(bytes: number): Address {
    if (bytes > this.#listBytes) {
      if (this.#list !== 0) this.#module._free(this.#list);
      this.#list = this.reserve(bytes);
      this.#listBytes = bytes;
    }
    return this.#list;
  }

  writeWords(address: Address, words: Uint32Array): void {
    this.#module.HEAP32.set(words, address >> 2);
  }

  /** A copy. */
  readWords(address: Address, bytes: number): Uint32Array {
    return new Uint32Array(this.#module.HEAP32.slice(address >> 2, (address + bytes) >> 2).buffer);
  }

  writeBytes(address: Address, bytes: Uint8Array): void {
    this.#module.HEAP8.set(bytes, address);
  }

  /** A copy. */
  readBytes(address: Address, size: number): Bytes {
    return new Uint8Array(this.#module.HEAP8.slice(address, address + size).buffer as ArrayBuffer);
  }
}
