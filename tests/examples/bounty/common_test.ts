/** The vocabulary: what decodes, what doesn't, how things are called. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { DecodeError, decodeHex, encodeHex } from "../../../modules/contract/mod.ts";
import { answerKey, answerSecret } from "./answer.ts";
import {
  bounty,
  bountyIdText,
  bountyInput,
  bountyInputError,
  bountyItem,
  bountyOutput,
  bountyOutputError,
  inputErrorText,
  outputErrorText,
  parseBountyId,
} from "./common.ts";
import { QUESTION_BYTES_MAX } from "./limits.ts";
import { ANSWER, bountyOf, QUESTION } from "./testing.ts";

Deno.test("everything is decoded as it was encoded, bytes and JSON", () => {
  const id = { txid: "ab".repeat(32), outIdx: 300 };
  for (const value of [{ tag: "Claim", value: id }, { tag: "Refund", value: id }] as const) {
    assertEquals(decodeHex(bountyInput, encodeHex(bountyInput, value)), value);
    assertEquals(bountyInput.fromJson(bountyInput.toJson(value)), value);
  }
  const output = { tag: "V0", value: bountyOf() } as const;
  assertEquals(decodeHex(bountyOutput, encodeHex(bountyOutput, output)), output);
  assertEquals(bountyOutput.fromJson(bountyOutput.toJson(output)), output);
  assertEquals(encodeHex(bountyItem, { tag: "Time", value: 5n }), "000105");
});

Deno.test("a question that is too long, and keys that are none, don't decode", () => {
  const longest = "é".repeat(QUESTION_BYTES_MAX / 2);
  assertEquals(decodeHex(bounty, encodeHex(bounty, bountyOf({ question: longest }))).question, longest);
  const hex = encodeHex(bounty, bountyOf({ question: longest }));
  const longer = hex.replace("fd01f4", "fd01f5").replace("c3a9", "c3a961");
  assertThrows(() => decodeHex(bounty, longer), DecodeError, "a text of at most 500 bytes");
  const key = encodeHex(bounty, bountyOf()).replace(/0[23][0-9a-f]{64}/, "05" + "11".repeat(32));
  assertThrows(() => decodeHex(bounty, key), DecodeError);
});

Deno.test("a bounty's name is read as it is written, and nothing else is", () => {
  const id = { txid: "ab".repeat(32), outIdx: 12 };
  assertEquals(parseBountyId(bountyIdText(id)), id);
  for (
    const bad of [
      "",
      "ab:1",
      `${id.txid}`,
      `${id.txid}:`,
      `${id.txid}:-1`,
      `${id.txid}:1x`,
      `${id.txid.toUpperCase()}:1`,
    ]
  ) {
    assertEquals(parseBountyId(bad), undefined, bad);
  }
});

Deno.test("an answer is one key, however it is typed; another answer or question is another", () => {
  const key = answerKey(QUESTION, ANSWER);
  assertEquals(answerKey(QUESTION, `  ${ANSWER.toUpperCase()}\n`), key);
  assertEquals(answerKey(QUESTION, "e\u0301"), answerKey(QUESTION, "é"));
  assertNotEquals(answerKey(QUESTION, `${ANSWER}!`), key);
  assertNotEquals(answerKey(`${QUESTION} `, ANSWER), key);
  assertEquals(answerSecret(QUESTION, ANSWER).length, 32);
});

Deno.test("every error is told in words of its own", () => {
  const unit = ["NoSuchBounty", "TooLate", "TooEarly"] as const;
  const inputs = unit.map((tag) => inputErrorText({ tag, value: null }));
  inputs.push(inputErrorText(decodeHex(bountyInputError, "000101")));
  const tags = ["AmountTooSmall", "AmountTooLarge", "DeadlinePassed", "DeadlineTooFar"] as const;
  const outputs = tags.map((tag) => outputErrorText({ tag, value: null }));
  outputs.push(outputErrorText(decodeHex(bountyOutputError, "000101")));
  assertEquals([new Set(inputs).size, new Set(outputs).size], [4, 5]);
  assert([...inputs, ...outputs].every((text) => text.length > 10));
});
