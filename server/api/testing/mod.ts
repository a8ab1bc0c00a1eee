/** What the tests of this folder share: a federation's config without modules, and calls to a table of methods. */
import { child, defineActor, reply } from "../../../actors/mod.ts";
import type { RpcError, RpcMessage, RpcStatus } from "../../../actors/rpc/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { CORE_CONSENSUS_VERSION } from "../../../core/types/version.ts";
import type { GuardianConfig } from "../../config/guardian_config.ts";
import type { Method, Methods } from "../dispatch.ts";
import { answerMessage, parseMessage } from "../dispatch.ts";
import { messageText } from "../encoded.ts";

export function secretKeyOf(peer: PeerId): Bytes {
  return new Uint8Array(32).fill(peer + 1);
}

export function configUrl(peer: PeerId): string {
  return `ws://g${peer}:8174/`;
}

/** Config of one of four guardians, without modules. */
export function testConfig(identity: PeerId = 0, total = 4): GuardianConfig {
  const peers = Array.from({ length: total }, (_, peer) => peer);
  const byPeer = <T>(value: (peer: PeerId) => T): Map<PeerId, T> => new Map(peers.map((peer) => [peer, value(peer)]));
  return {
    consensus: {
      codeVersion: "0.13",
      version: CORE_CONSENSUS_VERSION,
      broadcastPublicKeys: byPeer((peer) => publicKeyOf(secretKeyOf(peer))),
      broadcastRoundsPerSession: 200,
      apiEndpoints: byPeer((peer) => ({ url: configUrl(peer), name: `g${peer}` })),
      irohEndpoints: new Map(),
      tlsCerts: byPeer(() => "00"),
      modules: new Map(),
      meta: new Map([["federation_name", "test"]]),
    },
    local: {
      p2pEndpoints: byPeer((peer) => ({ url: `fedimint://g${peer}:8173`, name: `g${peer}` })),
      identity,
      maxConnections: 1_000,
      broadcastRoundDelayMs: 50,
    },
    private: {
      tlsKey: "00",
      irohApiSk: null,
      irohP2pSk: null,
      broadcastSecretKey: secretKeyOf(identity),
      modules: new Map(),
    },
  };
}

/** The answer to one message; undefined when there is none. Bugs of endpoints are thrown. */
export async function exchange(
  methods: Methods | Record<string, Method>,
  text: string,
  source: string | null = null,
): Promise<Json | undefined> {
  let bug: unknown = undefined;
  const answer = await answerMessage(parseMessage(text), {
    methods: typeof methods === "function"
      ? methods
      : (name) => Object.hasOwn(methods, name) ? methods[name] : undefined,
    signal: new AbortController().signal,
    source,
    onBug: (_method, thrown) => bug = thrown,
  });
  if (bug !== undefined) throw bug;
  return answer === null ? undefined : parseJson(messageText(answer));
}

/** `result` or `error` of the answer to a call. */
export async function call(
  methods: Methods | Record<string, Method>,
  method: string,
  params: Json,
  auth: string | null = null,
  source: string | null = null,
): Promise<Json> {
  const text = stringifyJson({ jsonrpc: "2.0", id: 1, method, params: [{ auth, params }] });
  const answer = await exchange(methods, text, source) as JsonObject;
  return answer.error ?? answer.result!;
}

export function badRequest(message: string): Json {
  return { code: 400, message };
}

const SCRIPTED_STATUS: RpcStatus = { version: 0, state: "connected", sinceMs: 0, lastError: null };

/** A guardian's connection `guardian:{peer}` that answers calls as it is told; `params` without what is around them. */
export function scriptedGuardian(peer: PeerId, answer: (method: string, params: Json) => Result<Json, RpcError>) {
  return child(
    defineActor<RpcMessage, null, null>({
      name: `guardian:${peer}`,
      init: () => null,
      handle: {
        call: (state, { method, params }) => reply(state, answer(method, (params[0] as JsonObject).params!)),
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
