import { assert, assertEquals } from "@std/assert";
import { unit } from "../../core/encoding/mod.ts";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import type { Methods } from "./dispatch.ts";
import { answerMessage, parseMessage } from "./dispatch.ts";
import { EncodedJson, messageSize, messageText, RecentAnswers } from "./encoded.ts";
import { ANSWER_BYTES_MAX } from "./limits.ts";
import { method } from "./method.ts";

const CALL = '{"jsonrpc":"2.0","id":"é","method":"get","params":[{"params":null}]}';

function context(methods: Methods, signal = new AbortController().signal) {
  return { methods, signal, onBug: (_method: string, thrown: unknown) => Promise.reject(thrown) };
}

Deno.test("what is encoded already is answered from its own bytes, in a batch as text", async () => {
  const shared = EncodedJson.of({ value: "ü" });
  const methods: Methods = () => () => Promise.resolve(shared);
  const answer = await answerMessage(parseMessage(CALL), context(methods));
  assertEquals(messageText(answer!), '{"jsonrpc":"2.0","id":"é","result":{"value":"ü"}}');
  assert(typeof answer !== "string" && answer!.includes(shared.bytes));
  assertEquals(messageSize(answer!), utf8(messageText(answer!)).length);
  const batch = await answerMessage(parseMessage(`[${CALL},${CALL}]`), context(methods));
  assertEquals(batch, `[${messageText(answer!)},${messageText(answer!)}]`);
});

Deno.test("an encoded answer that is too large is told so", async () => {
  const large = new EncodedJson(utf8(`"${"x".repeat(ANSWER_BYTES_MAX - 2)}"`));
  const answer = await answerMessage(parseMessage(CALL), context(() => () => Promise.resolve(large)));
  assertEquals((JSON.parse(messageText(answer!)) as { error: { code: number } }).error.code, -32008);
});

Deno.test("for a caller who has gone nothing is encoded", async () => {
  const gone = new AbortController();
  let encoded = 0;
  const result = {
    toJson: () => {
      encoded++;
      return null;
    },
  };
  const handle = () => {
    gone.abort();
    return null;
  };
  const get = method({ params: unit, result, handle });
  await answerMessage(parseMessage(CALL), context(() => get, gone.signal));
  assertEquals(encoded, 0);
});

Deno.test("recent answers are kept up to their bytes, the longest unused go first", () => {
  const answer = (bytes: number): EncodedJson => new EncodedJson(new Uint8Array(bytes));
  const recent = new RecentAnswers(100);
  recent.set("a", answer(40));
  recent.set("b", answer(40));
  assert(recent.get("a"));
  recent.set("c", answer(40));
  assertEquals(["a", "b", "c"].map((key) => recent.get(key) !== undefined), [true, false, true]);
  recent.set("huge", answer(101));
  assertEquals([recent.get("huge"), recent.get("a") !== undefined], [undefined, true]);
  recent.set("all", answer(100));
  assertEquals(["a", "c", "all"].map((key) => recent.get(key) !== undefined), [false, false, true]);
  assertEquals(fromUtf8(EncodedJson.of([1n]).bytes), "[1]");
});
