/**
 * `deno test` as a newcomer types it, without any permission: what needs none passes, a simulated network of whole
 * guardians among it, and what is left out says why. A part of the files stands for all: of each kind that is special
 * one.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const FILES = [
  "actors/platform/files_conformance_test.ts",
  "actors/platform/process_test.ts",
  "actors/store/kv_file_conformance_test.ts",
  "actors/store/kv_remote_conformance_test.ts",
  "client/cli/dev_inside_test.ts",
  "client/cli/join_test.ts",
  "client/deno_test.ts",
  "client/federation/answers_test.ts",
  "core/bitcoin/vectors_test.ts",
  "core/crypto/secp_test.ts",
  "server/api/listener_test.ts",
  "server/api/methods/core_test.ts",
  "server/dev/chain/core_test.ts",
  "server/dev/federation/processes_test.ts",
  "server/peers/real_test.ts",
  "server/settings_test.ts",
  "tests/simulation/money_test.ts",
];

/** Four whole guardians and their clients. */
const SIMULATED = "a deposit, payments and a withdrawal come to their end while guardians and wallets are killed";

Deno.test("deno test without permissions passes, runs a simulated federation, and names what it leaves out and why", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", ...FILES], // types are `deno task check`'s
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const out = new TextDecoder().decode(stdout);
  assertEquals(code, 0, out + new TextDecoder().decode(stderr));
  const [, ignored] = /ok \| \d+ passed.* \| 0 failed \| (\d+) ignored/.exec(out) ?? [];
  assert(Number(ignored) > 50, out.slice(-500));
  const named = out.split("\n").filter((line) => / \.\.\. ignored/.test(line));
  assertEquals(named.length, Number(ignored));
  for (const line of named) assert(/left out: needs --allow-|real bitcoind: |Deno KV remote: skipped/.test(line), line);
  // what isn't left out has passed, or the exit code would say so
  assert(out.includes(SIMULATED) && !named.some((line) => line.includes(SIMULATED)), out);
});
