/**
 * Forwards that LND hands over (`HtlcInterceptor`), by a WebSocket that LND's REST interface makes of the stream.
 * fedimint-lightning `lnd.rs`.
 */
import { orAborted } from "../../../../core/abort.ts";
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import { isJsonObject, stringifyJson } from "../../../../core/encoding/mod.ts";
import type { RouteHint } from "../../../../core/lightning/route_hint.ts";
import type { ForwardAnswer, ForwardInterceptor, InterceptedForward } from "../node.ts";
import { NodeError } from "../node.ts";
import { base64, countIn, hashIn, hexIn, numberIn, objectIn, objectsIn, textIn } from "./answers.ts";
import type { LndContext } from "./context.ts";
import { FORWARDS_AT_ONCE } from "./limits.ts";
import { messageOf } from "./rest.ts";

const PATH = "/v2/router/htlcinterceptor?method=POST";

export function lndInterceptor(context: LndContext): ForwardInterceptor {
  return { run: (decide, signal) => run(context, decide, signal), routeHints: routeHints(context) };
}

async function run(
  { rest }: LndContext,
  decide: Parameters<ForwardInterceptor["run"]>[0],
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController(), end = AbortSignal.any([signal, ended.signal]);
  const socket = await rest.openWebSocket(PATH);
  let under = 0;
  let roomAgain = Promise.withResolvers<void>();
  const answer = async (forward: InterceptedForward): Promise<void> => {
    const decided = await decide(forward, end);
    if (!end.aborted) socket.send(stringifyJson(answerOf(forward, decided)));
    under--;
    roomAgain.resolve();
  };
  try {
    for (;;) {
      const message = await orAborted(socket.receive(), end);
      if (message === null) throw new NodeError("unreachable", "LND has ended the interceptor.");
      under++;
      answer(forwardOf(messageOf(message))).catch((thrown) => ended.abort(thrown));
      while (under >= FORWARDS_AT_ONCE) {
        await orAborted(roomAgain.promise, end);
        roomAgain = Promise.withResolvers();
      }
    }
  } finally {
    ended.abort(new NodeError("unreachable", "LND has ended the interceptor."));
    socket.close();
  }
}

/** @throws {NodeError} */
function forwardOf(message: JsonObject): InterceptedForward {
  const circuit = objectIn(message, "incoming_circuit_key");
  return {
    paymentHash: hashIn(message, "payment_hash") ?? noHash(),
    incomingAmountMsat: countIn(message, "incoming_amount_msat"),
    outgoingAmountMsat: countIn(message, "outgoing_amount_msat"),
    incomingExpiryHeight: numberIn(message, "incoming_expiry"),
    outgoingChannel: countIn(message, "outgoing_requested_chan_id"),
    circuit: { channel: countIn(circuit, "chan_id"), htlc: countIn(circuit, "htlc_id") },
  };
}

function noHash(): never {
  throw new NodeError("unreachable", "LND's answer isn't understood: a forward without a hash.");
}

function answerOf({ circuit }: InterceptedForward, answer: ForwardAnswer): JsonObject {
  const key = { chan_id: String(circuit.channel), htlc_id: String(circuit.htlc) };
  switch (answer.tag) {
    case "settle":
      return { incoming_circuit_key: key, action: "SETTLE", preimage: base64(answer.preimage) };
    case "fail":
      return { incoming_circuit_key: key, action: "FAIL", failure_code: "TEMPORARY_CHANNEL_FAILURE" };
    case "resume":
      return { incoming_circuit_key: key, action: "RESUME" };
  }
}

/** The policy of the other end, by which it forwards to us: `node1` and `node2` are in the order of their keys. */
function routeHints({ rest }: LndContext): ForwardInterceptor["routeHints"] {
  return async (atMost, signal) => {
    const { channels } = await channelsOf(rest, signal);
    const richest = channels.toSorted((a, b) => Number(countIn(b, "remote_balance") - countIn(a, "remote_balance")));
    const hints: RouteHint[] = [];
    for (const channel of richest.slice(0, atMost)) {
      const id = textIn(channel, "chan_id"), remote = textIn(channel, "remote_pubkey");
      const edge = await rest.get(`/v1/graph/edge/${id}`, { signal });
      const policy = edge[textIn(edge, "node1_pub") === remote ? "node1_policy" : "node2_policy"];
      if (!isJsonObject(policy)) continue;
      hints.push([{
        srcNodeId: hexIn(channel, "remote_pubkey", 33),
        shortChannelId: BigInt(id),
        baseMsat: numberIn(policy, "fee_base_msat"),
        proportionalMillionths: numberIn(policy, "fee_rate_milli_msat"),
        cltvExpiryDelta: numberIn(policy, "time_lock_delta"),
        htlcMinimumMsat: countIn(policy, "min_htlc"),
        htlcMaximumMsat: countIn(policy, "max_htlc_msat"),
      }]);
    }
    return hints;
  };
}

async function channelsOf(rest: LndContext["rest"], signal?: AbortSignal) {
  return { channels: objectsIn(await rest.get("/v1/channels?active_only=true", { signal }), "channels") };
}
