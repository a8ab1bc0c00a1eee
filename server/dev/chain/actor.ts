/**
 * The dev chain as an actor: one call at a time, so that nobody sees half of one. A crash costs nothing that was
 * acknowledged: it loads its store again.
 */
import { defineActor, next, reply } from "../../../actors/actor.ts";
import type { Cast, Request } from "../../../actors/protocol.ts";
import type { StoreView } from "../../../actors/store/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { Devnode } from "./devnode.ts";
import { RpcError } from "./error.ts";
import { WAITING_CALLS_MAX } from "./limits.ts";
import { dispatch } from "./rpc/dispatch.ts";

/** JSON as text: amounts keep their eight decimals wherever the message goes. */
export type CallOutcome = Result<string, { readonly rpcCode: number; readonly message: string }>;

export type DevchainMessage =
  | Request<"call", { readonly method: string; readonly paramsJson: string }, CallOutcome>
  | Cast<"mine", null>;

export type DevchainSettings = {
  readonly store: StoreView;
  /** A block of its own every so often; null for none. */
  readonly blockIntervalMs: number | null;
  /** Blocks mined to the wallet when the chain is new. With 101 the first coins can be spent. */
  readonly premineBlocks: number;
};

type State = { readonly node: Devnode; readonly blockIntervalMs: number | null };

export const devchain = defineActor<DevchainMessage, DevchainSettings, State>({
  name: "devchain",
  init: async (ctx, { store, blockIntervalMs, premineBlocks }): Promise<State> => {
    const node = await Devnode.open(store, ctx.platform, ctx.log);
    if (node.chain.height === 0) await node.generate(premineBlocks, node.wallet.scriptAt(0));
    if (blockIntervalMs !== null) ctx.after(blockIntervalMs, { type: "mine", args: null });
    return { node, blockIntervalMs };
  },
  handle: {
    call: async (state, { method, paramsJson }) => reply(state, await call(state.node, method, paramsJson)),
    mine: async (state, _args, ctx) => {
      await state.node.generate(1, state.node.wallet.scriptAt(0));
      if (state.blockIntervalMs !== null) ctx.after(state.blockIntervalMs, { type: "mine", args: null });
      return next(state);
    },
  },
  mailbox: { max: WAITING_CALLS_MAX, full: "refuse" },
  inspect: ({ node }) => ({ height: node.chain.height, mempool: node.mempool.size }),
});

async function call(node: Devnode, method: string, paramsJson: string): Promise<CallOutcome> {
  try {
    return ok(stringifyJson(await dispatch(node, method, parseJson(paramsJson))));
  } catch (thrown) {
    if (thrown instanceof RpcError) return err({ rpcCode: thrown.facts.rpcCode, message: thrown.message });
    throw thrown;
  }
}
