/** Calls to a table of methods, as they come over a connection. */
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import type { Method, Methods } from "../dispatch.ts";
import { answerMessage, parseMessage } from "../dispatch.ts";
import { messageText } from "../encoded.ts";

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
