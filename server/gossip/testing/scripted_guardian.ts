/** Another guardian, as its connection. */
import { child, defineActor, reply } from "../../../actors/mod.ts";
import type { RpcError, RpcMessage, RpcStatus } from "../../../actors/rpc/mod.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";

const SCRIPTED_STATUS: RpcStatus = { version: 0, state: "connected", sinceMs: 0, lastError: null };

/** A guardian's connection `guardian:{peer}` that answers calls as it is told; `params` without what is around them. */
export function scriptedGuardian(peer: PeerId, answer: (method: string, params: Json) => Result<Json, RpcError>) {
  return child(
    defineActor<RpcMessage, null, null>({
      name: `guardian:${peer}`,
      init: () => null,
      handle: {
        call: (state, { method, params }) => reply(state, answer(method, (params[0] as JsonObject).params!)),
        callUnread: (state, { method, params }) => {
          const answered = answer(method, (params[0] as JsonObject).params!);
          return reply(state, answered.ok ? ok({ value: answered.value }) : answered);
        },
        status: (state) => reply(state, SCRIPTED_STATUS),
        statusAfter: (state) => ({ do: "next", state }),
        reconnect: (state) => reply(state, null),
        opened: (state) => ({ do: "next", state }),
        received: (state) => ({ do: "next", state }),
        look: (state) => ({ do: "next", state }),
        connect: (state) => ({ do: "next", state }),
        timedOut: (state) => ({ do: "next", state }),
      },
    }),
    { args: null },
  );
}
