/** Whether this process's WebAssembly has wide arithmetic: V8's flag `--experimental-wasm-wide-arithmetic`. */
import { get, I64, wasmModule } from "../../wasm_code.ts";
import { ADD_128, MUL_WIDE_S, MUL_WIDE_U, SUB_128 } from "./assembly.ts";

/** The flag, for `--v8-flags` and `DENO_V8_FLAGS`. */
export const WIDE_FLAG = "--experimental-wasm-wide-arithmetic";

export function hasWideArithmetic(): boolean {
  const numbers = [...get(0), ...get(1)];
  const body = [...numbers, ...MUL_WIDE_U, ...numbers, ...MUL_WIDE_S, ...ADD_128, ...numbers, ...SUB_128];
  const probe = { name: "probe", parameters: [I64, I64], results: [I64, I64], locals: [], body };
  return WebAssembly.validate(wasmModule([probe], 1));
}
