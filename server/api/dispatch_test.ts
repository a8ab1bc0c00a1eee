import { StoreError } from "../../actors/store/mod.ts";
import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, stringifyJson, u64Number, unit } from "../../core/encoding/mod.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import type { Method } from "./dispatch.ts";
import { answerMessage, parseMessage } from "./dispatch.ts";
import { ANSWER_BYTES_MAX, BATCH_MAX, LARGE_REQUESTS, REQUEST_CHARACTERS_MAX, REQUEST_VALUES_MAX } from "./limits.ts";
import { method } from "./method.ts";
import { exchange } from "./testing/calls.ts";

const PASSWORD = "pass";
const HUGE = "x".repeat(ANSWER_BYTES_MAX);

const methods: Record<string, Method> = {
  double: method({ params: u64Number, result: u64Number, handle: (n) => 2 * n }),
  nothing: method({ params: unit, result: unit, handle: () => null }),
  secret: method({ admin: { password: PASSWORD }, params: unit, result: unit, handle: () => null }),
  closed: method({ admin: { password: null }, params: unit, result: unit, handle: () => null }),
  refuse: () => Promise.reject(EndpointError.badRequest("no")),
  fail: () => Promise.reject(EndpointError.failed("broken")),
  undecodable: () => Promise.reject(new DecodeError("invalid", "not that")),
  huge: () => Promise.resolve(HUGE),
  large: () => Promise.resolve("x".repeat(ANSWER_BYTES_MAX / 4)),
};

function request(method: string, params: Json, id: Json = 1): Json {
  return { jsonrpc: "2.0", id, method, params };
}

function success(result: Json, id: Json = 1): Json {
  return { jsonrpc: "2.0", id, result };
}

function failure(code: number, message: string, options: { readonly id?: Json; readonly data?: string } = {}): Json {
  const { id = 1, data } = options;
  return { jsonrpc: "2.0", id, error: { code, message, ...(data !== undefined && { data }) } };
}

const invalidParams = (data: string): Json => failure(-32602, "Invalid params", { data });
const oversize = `Exceeded max limit of ${ANSWER_BYTES_MAX}`;

/** name → [message, answer]; an answer of undefined is none. */
const table: Record<string, readonly [Json | { readonly text: string }, Json | undefined]> = {
  "a call is answered": [request("double", [{ auth: null, params: 21 }]), success(42)],
  "auth may be missing": [request("double", [{ params: 21 }]), success(42)],
  "auth is ignored where it isn't asked for": [request("double", [{ auth: "wrong", params: 21 }]), success(42)],
  "an id of text comes back": [request("nothing", [{ params: null }], "a"), success(null, "a")],
  "an id of null is a call": [request("nothing", [{ params: null }], null), success(null, null)],
  "a large id comes back exactly": [request("nothing", [{ params: null }], 2n ** 60n), success(null, 2n ** 60n)],
  "the right password opens": [request("secret", [{ auth: PASSWORD, params: null }]), success(null)],
  "no password": [request("secret", [{ auth: null, params: null }]), failure(401, "Invalid authorization")],
  "a wrong password": [request("secret", [{ auth: "pas", params: null }]), failure(401, "Invalid authorization")],
  "no password set": [request("closed", [{ auth: "", params: null }]), failure(401, "Invalid authorization")],
  "bad params win over a wrong password": [
    request("secret", [{ auth: "pas", params: 1 }]),
    failure(400, "Expected null"),
  ],
  "an object where nothing is expected": [request("nothing", [{ params: {} }]), failure(400, "Expected null")],
  "an array where nothing is expected": [request("nothing", [{ params: [] }]), failure(400, "Expected null")],
  "a float where an integer is expected": [
    { text: '{"jsonrpc":"2.0","id":1,"method":"double","params":[{"params":1.0}]}' },
    failure(400, "Expected an integer (u64)"),
  ],
  "missing params of the request": [request("nothing", [{ auth: null }]), failure(400, "missing field `params`")],
  "a request that is no object": [
    request("nothing", [7]),
    failure(400, "invalid type: expected an object with auth and params"),
  ],
  "auth that is no text": [
    request("nothing", [{ auth: 7, params: null }]),
    failure(400, "invalid type: expected a string for auth"),
  ],
  "params missing": [{ jsonrpc: "2.0", id: 1, method: "nothing" }, invalidParams("expected an array of one request")],
  "params an object": [request("nothing", { params: null }), invalidParams("expected an array of one request")],
  "params empty": [request("nothing", []), invalidParams("expected an array of one request, got 0 elements")],
  "two params": [
    request("nothing", [{ params: null }, { params: null }]),
    invalidParams("expected an array of one request, got 2 elements"),
  ],
  "an unknown method": [request("nope", []), failure(-32601, "Method not found")],
  "a name that every object has": [request("constructor", []), failure(-32601, "Method not found")],
  "a refusal": [request("refuse", [{ params: null }]), failure(400, "no")],
  "a failure": [request("fail", [{ params: null }]), failure(500, "broken")],
  "what does not decode": [request("undecodable", [{ params: null }]), failure(400, "not that")],
  "an answer that is too large": [
    request("huge", [{ params: null }]),
    failure(-32008, "Response is too big", { data: oversize }),
  ],
  "text that isn't JSON": [{ text: "{" }, failure(-32700, "Parse error", { id: null })],
  "no text": [{ text: "" }, failure(-32700, "Parse error", { id: null })],
  "JSON that is no object": [{ text: "7" }, failure(-32700, "Parse error", { id: null })],
  "an object with nothing of a request": [{ text: "{}" }, failure(-32700, "Parse error", { id: null })],
  "a request without version": [{ id: 1, method: "nothing" }, failure(-32600, "Invalid request")],
  "a request of another version": [
    { jsonrpc: "1.0", id: 1, method: "nothing" },
    failure(-32600, "Invalid request"),
  ],
  "a request without method": [{ jsonrpc: "2.0", id: 1 }, failure(-32600, "Invalid request")],
  "an id that is none makes a notification": [{ jsonrpc: "2.0", id: -1, method: "nothing" }, undefined],
  "a message that is too large": [
    { text: `"${"x".repeat(REQUEST_CHARACTERS_MAX)}"` },
    failure(-32007, "Request is too big", {
      id: null,
      data: `Exceeded max limit of ${REQUEST_CHARACTERS_MAX}`,
    }),
  ],
  "more values than a request may have": [
    { text: `[${"[],".repeat(REQUEST_VALUES_MAX)}[]]` },
    failure(-32700, "Parse error", { id: null }),
  ],
  "a notification": [{ jsonrpc: "2.0", method: "nothing", params: [{ params: null }] }, undefined],
  "a batch": [
    [request("double", [{ params: 1 }], 1), request("nope", [], 2)],
    [success(2, 1), failure(-32601, "Method not found", { id: 2 })],
  ],
  "a batch with a notification and a scalar": [
    [7, { jsonrpc: "2.0", method: "double" }, request("double", [{ params: 1 }])],
    [failure(-32600, "Invalid request", { id: null }), success(2)],
  ],
  "a batch of notifications": [[{ jsonrpc: "2.0", method: "double" }], undefined],
  "an empty batch": [[], failure(-32600, "Invalid request", { id: null })],
  "a batch that is too long": [
    Array.from({ length: BATCH_MAX + 1 }, (_, id) => request("nothing", [{ params: null }], id)),
    failure(-32010, "The batch request was too large", { id: null, data: `Exceeded max limit of ${BATCH_MAX}` }),
  ],
  "a batch whose answers are too large together": [
    Array.from({ length: 5 }, (_, id) => request("large", [{ params: null }], id)),
    failure(-32011, "The batch response was too large", { id: null, data: oversize }),
  ],
};

for (const [name, [message, expected]] of Object.entries(table)) {
  Deno.test(`JSON-RPC: ${name}`, async () => {
    const isText = typeof message === "object" && message !== null && "text" in message;
    const text = isText ? (message as { text: string }).text : stringifyJson(message as Json);
    assertEquals(await exchange(methods, text), expected);
  });
}

/** A request of so many characters. */
function padded(method: string, characters: number, head = '{"jsonrpc":"2.0","id":1,'): string {
  const frame = `${head}"method":"${method}","params":[{"params":null,"padding":""}]}`;
  return frame.replace('"padding":""', `"padding":"${"x".repeat(characters - frame.length)}"`);
}

Deno.test("a message of exactly the largest size is read, and one that is a character longer is not looked at", async () => {
  const { parse } = JSON;
  let parsed = 0;
  JSON.parse = (...args: Parameters<typeof parse>) => {
    parsed++;
    return parse(...args);
  };
  try {
    assertEquals(parseMessage(padded("nothing", REQUEST_CHARACTERS_MAX)).calls[0]!.kind, "call");
    assertEquals(parsed, 1);
    for (const text of [padded("nothing", REQUEST_CHARACTERS_MAX + 1), `[${"0,".repeat(500_000)}0]`]) {
      assertEquals(parseMessage(text).calls[0]!.kind, "malformed");
    }
    assertEquals(parsed, 1);
  } finally {
    JSON.parse = parse;
  }
  assertEquals(await exchange(methods, padded("nothing", REQUEST_CHARACTERS_MAX)), success(null));
});

Deno.test("a request that is too large is refused by its id where that stands before the method, as clients write it", () => {
  const idOf = (head: string): unknown => {
    const call = parseMessage(padded("nothing", REQUEST_CHARACTERS_MAX + 1, head)).calls[0]!;
    assert(call.kind === "malformed");
    const { id, error } = call.response as unknown as { id: unknown; error: { code: number } };
    assertEquals(error.code, -32007);
    return id;
  };
  assertEquals(idOf('{"jsonrpc":"2.0","id":7,'), 7);
  assertEquals(idOf(' {"id" : "a-b", '), "a-b");
  assertEquals(idOf('{"jsonrpc":"2.0","id":18446744073709551615,'), 18446744073709551615n);
  for (const unread of ['{"jsonrpc":"2.0",', '{"id":7,"jsonrpc":"2.0",', '{"id":-7,', '{"id":{},', '{"id":"a\\"b",']) {
    assertEquals(idOf(unread), null, unread);
  }
});

Deno.test("a method of large requests takes them when it is named before the params, up to a bound of its own", () => {
  const kindOf = (text: string): string => parseMessage(text).calls[0]!.kind;
  for (const [name, max] of LARGE_REQUESTS) {
    assertEquals(kindOf(padded(name, max)), "call");
    assertEquals(kindOf(padded(name, max + 1)), "malformed");
    assertEquals(kindOf(padded(name, max, '{ "id" : "a1" , "jsonrpc":"2.0",\n')), "call");
    const late = JSON.stringify({ jsonrpc: "2.0", id: 1, params: ["x".repeat(REQUEST_CHARACTERS_MAX)], method: name });
    assertEquals(kindOf(late), "malformed");
    assertEquals(kindOf(`[${padded(name, max - 2)}]`), "malformed", "not in a batch");
    assertEquals(kindOf(padded(`${name}x`, max)), "malformed");
  }
});

Deno.test("a bug of an endpoint is told as a panic, without its text, and reported", async () => {
  const bugs: unknown[] = [];
  const bug = new TypeError("secret inside");
  const answer = await answerMessage(parseMessage(stringifyJson(request("bug", [{ params: null }]))), {
    methods: () => () => Promise.reject(bug),
    signal: new AbortController().signal,
    onBug: (method, thrown) => bugs.push(method, thrown),
  });
  assertEquals(answer, stringifyJson(failure(500, "API handler panicked")));
  assertEquals(bugs, ["bug", bug]);
});

Deno.test("a call for which the store has no room is told to try again, and is no bug", async () => {
  const answer = await answerMessage(parseMessage(stringifyJson(request("wait", [{ params: null }]))), {
    methods: () => () => Promise.reject(new StoreError({ code: "busy", waiting: 9, waitingMax: 9 }, "inside")),
    signal: new AbortController().signal,
    onBug: (_method, thrown) => {
      throw thrown;
    },
  });
  assertEquals(answer, stringifyJson(failure(500, "The guardian is overloaded: try again later")));
});

Deno.test("an endpoint that never ends is cut by the signal, and what follows in its batch too", async () => {
  const timeout = new AbortController();
  let called = 0;
  const batch = [request("wait", [{ params: null }], 1), request("wait", [{ params: null }], 2)];
  const answered = answerMessage(parseMessage(stringifyJson(batch)), {
    methods: () => () => {
      called++;
      return new Promise(() => {});
    },
    signal: timeout.signal,
    onBug: (_method, thrown) => {
      throw thrown;
    },
  });
  timeout.abort();
  const cut = (id: number) => failure(-32000, "Request timeout", { id });
  assertEquals(await answered, stringifyJson([cut(1), cut(2)]));
  assertEquals(called, 1);
});
