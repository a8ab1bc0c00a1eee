/**
 * LDK's bindings, loaded once a process. What must be known of them stands in `docs/protocol/08-lightning-nodes.md` §B:
 * results and options are objects, integers are bigint, booleans come as numbers, hashes are in their internal order.
 */
import { fromFileUrl } from "@std/path";
import * as ldk from "lightningdevkit";
import type { Files } from "../../../../../actors/platform/platform.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../../core/bytes.ts";
import type { BitcoinNetwork } from "../../../../../core/bitcoin/network.ts";
import { WASM_BYTES_MAX } from "../limits.ts";

export { ldk };

let loading: Promise<void> | null = null;

/**
 * Before anything else of LDK's is used. JavaScript and WebAssembly are of one copy, and loaded once: objects of
 * another instance would be freed in this one's memory.
 */
export function loadLdk(files: Files): Promise<void> {
  return loading ??= load(files);
}

async function load(files: Files): Promise<void> {
  const path = fromFileUrl(import.meta.resolve("lightningdevkit/liblightningjs.wasm"));
  const wasm = await files.read(path, WASM_BYTES_MAX);
  if (wasm === undefined) throw new Error(`The package lightningdevkit is incomplete: there is no ${path}.`);
  await ldk.initializeWasmFromBinary(wasm);
}

// deno-lint-ignore no-explicit-any -- each of LDK's results is a class of its own
type LdkResult = { is_ok(): boolean; res?: any; err?: any };

/** What LDK says of a refusal. */
export function refusalText({ err }: LdkResult): string {
  if (typeof err === "number") return String(err);
  const text = typeof err?.err === "string" ? err.err : typeof err?.to_str === "function" ? err.to_str() : "";
  const name = String(err?.constructor?.name ?? err).replace(/^.*_/, "");
  return text === "" ? name : `${name}: ${text}`;
}

/** @throws {Error} what must not be refused was */
// deno-lint-ignore no-explicit-any -- the type of `res` is that of the result's class
export function unwrap(result: LdkResult, what: string): any {
  if (!result.is_ok()) throw new Error(`LDK refuses: ${what}: ${refusalText(result)}`);
  return result.res;
}

/** Of one of LDK's options. */
// deno-lint-ignore no-explicit-any -- the type of `some` is that of the option's class
export function some(option: any): any {
  return option !== null && typeof option === "object" && "some" in option ? option.some : null;
}

/** A null of Rust comes to callbacks as an object without a pointer. */
export function isNull(object: unknown): boolean {
  const { ptr } = object as { readonly ptr: bigint | number };
  return ptr === 0n || ptr === 0;
}

/** Hash of a transaction or a block as people write it, from LDK's order and back. */
export function hashText(internal: Uint8Array): string {
  return toHex(internal.slice().reverse());
}

export function hashBytes(text: string): Bytes {
  return fromHex(text).reverse();
}

/** `txid:output` as people write it. */
export function outPointText(outPoint: ldk.OutPoint): string {
  return `${hashText(outPoint.get_txid())}:${outPoint.get_index()}`;
}

/**
 * LDK's objects keep whatever they were given in a call, so that it isn't freed while they read it: for ever, and so
 * for as long as the node lives. None of it is read after the call, but for objects with callbacks, which whoever made
 * them keeps.
 * @returns lets go what these were given since now
 */
export function forgetterOf(holders: readonly object[]): () => void {
  const marked = holders.map((holder) => {
    const { ptrs_to: given } = holder as { readonly ptrs_to: unknown[] };
    return { given, length: given.length };
  });
  return () => {
    for (const { given, length } of marked) given.length = length;
  };
}

/** LDK knows no testnet4. */
export function ldkNetwork(network: Exclude<BitcoinNetwork, "testnet4">): ldk.Network {
  switch (network) {
    case "bitcoin":
      return ldk.Network.LDKNetwork_Bitcoin;
    case "testnet":
      return ldk.Network.LDKNetwork_Testnet;
    case "signet":
      return ldk.Network.LDKNetwork_Signet;
    case "regtest":
      return ldk.Network.LDKNetwork_Regtest;
  }
}
