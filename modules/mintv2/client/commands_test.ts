import { assertEquals, assertRejects } from "@std/assert";
import { DecodeError } from "../../../core/encoding/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { CommandError } from "../../contract/command_error.ts";
import { mintCommands } from "./commands.ts";

const OPERATION = "ab".repeat(32) as OperationId;

/** The commands over a wallet that writes down what it is asked. */
function commands(verdict: Result<null, string> = ok(null)) {
  const asked: unknown[] = [];
  const all = mintCommands({
    counts: () => {
      asked.push(["counts"]);
      return Promise.resolve(new Map([[10, 3]]));
    },
    send: (amountMsat, options) => {
      asked.push(["send", amountMsat, options]);
      return Promise.resolve({
        operationId: OPERATION,
        texts: amountMsat < 100_000n ? ["fedimint1"] : ["fedimint1", "fedimint2"],
      });
    },
    receive: (text) => {
      asked.push(["receive", text]);
      return text === "fedimint1"
        ? Promise.resolve(OPERATION)
        : Promise.reject(new DecodeError("invalid", "Text is not base32"));
    },
    awaitReceive: (operationId) => {
      asked.push(["awaitReceive", operationId]);
      return Promise.resolve(verdict);
    },
    awaitNotes: (operationId) => {
      asked.push(["awaitNotes", operationId]);
      return Promise.resolve();
    },
  });
  return {
    asked,
    run: async (name: string, ...args: string[]) => await all[name]!.run(args, new AbortController().signal),
  };
}

Deno.test("the commands hand on what they are given", async () => {
  const { asked, run } = commands();
  assertEquals(await run("count"), { "10": 3 });
  assertEquals(await run("send", "10 sat"), "fedimint1");
  assertEquals(await run("send", "--include-invite", "512"), "fedimint1");
  assertEquals(
    await run("send", "100 sat"),
    ["fedimint1", "fedimint2"],
    "a list, where official programs know one text",
  );
  assertEquals(await run("receive", "fedimint1"), "Success");
  assertEquals(asked, [
    ["counts"],
    ["send", 10_000n, { includeInvite: false }],
    ["send", 512n, { includeInvite: true }],
    ["send", 100_000n, { includeInvite: false }],
    ["receive", "fedimint1"],
    ["awaitReceive", OPERATION],
    ["awaitNotes", OPERATION],
  ]);
});

Deno.test("what was rejected is told at once: no notes are waited for", async () => {
  const { asked, run } = commands(err("spent before"));
  assertEquals(await run("receive", "fedimint1"), "Rejected");
  assertEquals(asked, [["receive", "fedimint1"], ["awaitReceive", OPERATION]]);
});

Deno.test("arguments that fedimint-cli's parser refuses are an error of usage, and nothing is done", async () => {
  const { asked, run } = commands();
  const wrong: [string, ...string[]][] = [
    ["count", "now"],
    ["send"],
    ["send", "abc"],
    ["send", "-5"],
    ["send", "1.5"],
    ["send", "10 zats"],
    ["send", "18446744073709551616"],
    ["send", "22000000 btc"],
    ["send", "10", "sat"],
    ["send", "10", "--no-invite"],
    ["receive"],
    ["receive", "--fast"],
    ["receive", "fedimint1", "fedimint1"],
  ];
  for (const [name, ...args] of wrong) {
    const error = await assertRejects(() => run(name, ...args), CommandError);
    assertEquals(error.code, "usage", [name, ...args].join(" "));
  }
  assertEquals(asked, []);
});

Deno.test("a text that is no e-cash was a good argument: reading it fails, as with fedimint-cli", async () => {
  await assertRejects(() => commands().run("receive", "abc"), DecodeError);
});
