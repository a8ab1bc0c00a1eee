/** Answers whose results are read by whoever asked for them: only the head of a message is looked at. */
import { assertEquals } from "@std/assert";
import { unreadAnswer } from "./protocol.ts";

Deno.test("of an answer written as servers do only the head is read", () => {
  const message = '{"jsonrpc":"2.0","id":17,"result":[{"a":"}"},1]}';
  assertEquals(unreadAnswer(message), { id: 17, message, result: '[{"a":"}"},1]' });
  assertEquals(unreadAnswer('{"jsonrpc":"2.0","id":0,"result":null}')?.result, "null");
});

Deno.test("whatever begins or ends otherwise is left to be parsed", () => {
  for (
    const message of [
      "",
      "}",
      '{"jsonrpc":"2.0","id":17,"result":[]',
      '{"jsonrpc":"2.0","id":17,"result":[]} ',
      '{"jsonrpc":"2.0","id":17,"error":{"code":1,"message":""}}',
      '{"jsonrpc": "2.0","id":17,"result":[]}',
      '{"id":17,"jsonrpc":"2.0","result":[]}',
      '{"jsonrpc":"2.0","id":017,"result":[]}',
      '{"jsonrpc":"2.0","id":1.0,"result":[]}',
      '{"jsonrpc":"2.0","id":"17","result":[]}',
      `{"jsonrpc":"2.0","id":${"9".repeat(100)},"result":[]}`,
    ]
  ) assertEquals(unreadAnswer(message), null, message);
});
