import { assertEquals, assertRejects } from "@std/assert";
import { toHex, utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import { loggerFor } from "../../actors/logger.ts";
import type { ClientModuleEnv } from "../contract/client_env.ts";
import { CommandError } from "../contract/command_error.ts";
import { EndpointError } from "../contract/error.ts";
import { GUARDIAN_PASSWORD, TestGuardians } from "../contract/testing/mod.ts";
import { metaClient } from "./client.ts";
import { MetaError } from "./client/api.ts";
import { META_VALUE_BYTES_MAX } from "./limits.ts";
import { metaServer } from "./server.ts";

const signal = new AbortController().signal;

/** Guardians of the meta module; `agree` orders what they propose. */
function testFederation(total = 4) {
  return TestGuardians.start(metaServer, { total });
}

type Federation = Awaited<ReturnType<typeof testFederation>>;

/** A client with the credentials of a guardian, or of none. */
async function clientOf({ api }: Federation, peer: number | null, password = GUARDIAN_PASSWORD) {
  const env = { api, admin: peer === null ? null : { peer, password }, log: loggerFor("test", () => {}) };
  const module = await metaClient.start(env as unknown as ClientModuleEnv<null, null>);
  const run = (name: string, ...args: string[]): Promise<Json> => module.commands[name]!.run(args, signal);
  return { api: module.api, run };
}

async function vote(federation: Federation, peers: readonly number[], value: string, ...options: string[]) {
  for (const peer of peers) {
    assertEquals(await (await clientOf(federation, peer)).run("submit", value, ...options), true);
  }
  await federation.agree();
}

Deno.test("a value that a threshold submits is what everybody gets, with its revision", async () => {
  const federation = await testFederation();
  const { run, api } = await clientOf(federation, null);
  assertEquals([await run("get"), await run("get-rev")], [null, null]);
  assertEquals([await api.get(0), await api.revision(0)], [null, null]);
  await vote(federation, [0, 1], '{"federation_name": "x"}');
  assertEquals(await run("get"), null);
  await vote(federation, [3], '{"federation_name": "x"}');
  assertEquals(await run("get"), { revision: 0, value: { federation_name: "x" } });
  assertEquals(await run("get-rev"), { revision: 0 });
  // bytes as they were typed, blank included
  assertEquals(await run("get", "--hex"), { revision: 0, value: toHex(utf8('{"federation_name": "x"}')) });
  await vote(federation, [1, 2, 3], "[1]");
  assertEquals(await run("get"), { revision: 1, value: [1] });
  assertEquals(await api.revision(0), 1n);
});

Deno.test("keys are kept apart, wherever their option stands", async () => {
  const federation = await testFederation(1);
  const { run } = await clientOf(federation, 0);
  assertEquals(await run("submit", "--key", "255", "7"), true);
  assertEquals(await run("submit", "8", "--key=1"), true);
  await federation.agree();
  assertEquals(await run("get", "--key", "255"), { revision: 0, value: 7 });
  assertEquals(await run("get", "--key=1"), { revision: 0, value: 8 });
  assertEquals(await run("get-rev", "--key", "2"), null);
});

Deno.test("an admin sees the votes of others, by guardian", async () => {
  const federation = await testFederation();
  await vote(federation, [0], '"a"');
  await vote(federation, [2], "ff", "--hex");
  const { run, api } = await clientOf(federation, 1);
  assertEquals(await run("get-submissions", "--hex"), { "0": toHex(utf8('"a"')), "2": "ff" });
  assertEquals(await api.submissions(0), new Map([[0, utf8('"a"')], [2, Uint8Array.of(0xff)]]));
  const error = await assertRejects(() => run("get-submissions"), CommandError);
  assertEquals(errorText(error).startsWith("deserializing submission value: "), true);
  assertEquals(await run("get-submissions", "--key", "9"), {});
});

Deno.test("a value that is not UTF-8 is shown as well as it can be, one that is no JSON is not", async () => {
  const federation = await testFederation(1);
  const { run } = await clientOf(federation, 0);
  await run("submit", "22ff22", "--hex");
  await federation.agree();
  assertEquals(await run("get"), { revision: 0, value: "\ufffd" });
  await run("submit", "--hex", "7b");
  await federation.agree();
  const error = await assertRejects(() => run("get"), CommandError);
  assertEquals(errorText(error).startsWith("deserializing consensus value as json: "), true);
});

Deno.test("without credentials an admin's commands are refused here, with wrong ones by the guardian", async () => {
  const federation = await testFederation();
  const nobody = await clientOf(federation, null);
  for (const args of [["submit", "1"], ["get-submissions"]] as [string, ...string[]][]) {
    const error = await assertRejects(async () => await nobody.run(...args), MetaError, "Admin auth not set");
    assertEquals(error.code, "no_admin");
  }
  const stranger = await clientOf(federation, 0, "a guess");
  await assertRejects(() => stranger.run("submit", "1"), EndpointError);
  await federation.agree();
  assertEquals(await nobody.run("get"), null);
});

Deno.test("a value that is no JSON, no hex, or too large is not submitted", async () => {
  const federation = await testFederation(1);
  const { run, api } = await clientOf(federation, 0);
  const failure = async (...args: [string, ...string[]]) =>
    errorText(await assertRejects(async () => await run(...args), CommandError)).split(":")[0];
  assertEquals(await failure("submit", "{"), "value not a valid json string");
  assertEquals(await failure("submit", "name"), "value not a valid json string");
  assertEquals(await failure("submit", "--hex", "0"), "value not a valid hex string");
  assertEquals(await failure("submit", "--hex", "0x00"), "value not a valid hex string");
  await api.submit(0, new Uint8Array(META_VALUE_BYTES_MAX));
  const error = await assertRejects(() => api.submit(0, new Uint8Array(META_VALUE_BYTES_MAX + 1)), MetaError);
  assertEquals(error.facts, { code: "too_large", bytes: META_VALUE_BYTES_MAX + 1, bytesMax: META_VALUE_BYTES_MAX });
});

Deno.test("arguments that are wrong are told as such", async () => {
  const { run } = await clientOf(await testFederation(1), 0);
  const wrong: [string, ...string[]][] = [
    ["get", "7"],
    ["get", "--key"],
    ["get", "--key", "256"],
    ["get", "--key", "-1"],
    ["get", "--key=one"],
    ["get", "--json"],
    ["get-rev", "--hex"],
    ["get-rev", "7"],
    ["get-submissions", "7"],
    ["submit"],
    ["submit", "1", "2"],
    ["submit", "-5"],
    ["submit", "--", "1", "2"],
  ];
  for (const args of wrong) {
    const error = await assertRejects(async () => await run(...args), CommandError);
    assertEquals(error.code, "usage", args.join(" "));
  }
  assertEquals(await run("submit", "--", "-5"), true);
});
