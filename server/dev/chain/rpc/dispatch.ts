/** From a method's name and parameters to its result. */
import { assert } from "../../../../core/assert.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import type { Devnode } from "../devnode.ts";
import { RPC, RpcError } from "../error.ts";
import { CHAIN_METHODS } from "./chain_methods.ts";
import { COIN_METHODS } from "./coin_methods.ts";
import { CONTROL_METHODS } from "./control_methods.ts";
import { MEMPOOL_METHODS } from "./mempool_methods.ts";
import type { Method } from "./method.ts";
import { usage } from "./method.ts";
import { PACKAGE_METHODS } from "./package_methods.ts";
import { Params } from "./params.ts";
import { TRANSACTION_METHODS } from "./transaction_methods.ts";
import { WALLET_METHODS } from "./wallet_methods.ts";

const SECTIONS: readonly (readonly [string, readonly Method[]])[] = [
  ["Blockchain", [...CHAIN_METHODS, ...COIN_METHODS, ...MEMPOOL_METHODS]],
  ["Control", [...CONTROL_METHODS, {
    name: "help",
    params: ["command?"],
    help: "This list, or one method.",
    call: help,
  }]],
  ["Rawtransactions", [...TRANSACTION_METHODS, ...PACKAGE_METHODS]],
  ["Wallet", WALLET_METHODS],
];

const METHODS: ReadonlyMap<string, Method> = new Map(
  SECTIONS.flatMap(([, methods]) => methods.map((method) => [method.name, method])),
);
assert(METHODS.size === SECTIONS.reduce((sum, [, methods]) => sum + methods.length, 0), "each method has its own name");

function help(_node: Devnode, params: Params): Json {
  if (!params.has(0)) {
    const lines = SECTIONS.flatMap(([title, methods]) => ["", `== ${title} ==`, ...methods.map(usage)]);
    return lines.slice(1).join("\n");
  }
  const method = METHODS.get(params.text(0));
  return method === undefined ? `help: unknown command: ${params.text(0)}` : `${usage(method)}\n\n${method.help}`;
}

/** @throws {RpcError} what the caller is told; anything else is a crash */
export async function dispatch(node: Devnode, name: string, given: Json): Promise<Json> {
  const method = METHODS.get(name);
  if (method === undefined) throw new RpcError(RPC.METHOD_NOT_FOUND, "Method not found");
  const names = method.params.map((param) => param.replace("?", ""));
  const params = new Params(given, names, `${usage(method)}\n\n${method.help}`);
  const required = method.params.filter((param) => !param.endsWith("?")).length;
  for (let i = 0; i < required; i++) {
    if (!params.has(i)) throw new RpcError(RPC.MISC, `${usage(method)}\n\n${method.help}`);
  }
  return await method.call(node, params);
}
