/** What a method of the dev chain is. */
import type { Json } from "../../../../core/encoding/mod.ts";
import type { Devnode } from "../devnode.ts";
import type { Params } from "./params.ts";

export type Method = {
  readonly name: string;
  /**
   * In order, `a|b` for a parameter with two names; an optional one ends with `?`, and none but optional ones follow.
   */
  readonly params: readonly string[];
  /** One sentence for `help`. */
  readonly help: string;
  /** @throws {RpcError} what the caller is told */
  readonly call: (node: Devnode, params: Params) => Json | Promise<Json>;
};

export function usage({ name, params }: Pick<Method, "name" | "params">): string {
  const words = params.map((param) => {
    const first = param.split("|")[0]!.replace("?", "");
    return param.endsWith("?") ? `( ${first} )` : `"${first}"`;
  });
  return [name, ...words].join(" ");
}
