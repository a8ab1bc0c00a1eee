/** Flags before every command, and their variables. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Command } from "commander";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { parseInviteCode } from "../../core/types/invite_code.ts";
import { ClientWorld } from "../testing/world.ts";
import type { Globals } from "./globals.ts";
import { addGlobals, FLAGS, readGlobals } from "./globals.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld } from "./testing/mod.ts";

function read(env: Readonly<Record<string, string>>, ...args: readonly string[]): Globals {
  const program = new Command();
  addGlobals(program);
  program.parse(args, { from: "user" });
  return readGlobals(program, (name) => env[name]);
}

/** A value of each variable that makes a difference. */
const GIVEN: Readonly<Record<string, string>> = {
  FM_CLIENT_DIR: "/wallet",
  FM_OUR_ID: "3",
  FM_PASSWORD_API: "secret",
  FM_FEDERATION_SECRET_HEX: "ab",
  FM_USE_TOR: "true",
};
/** They change nothing. */
const WITHOUT_EFFECT = ["FM_IROH_ENABLE_DHT", "FM_DB_BACKEND"];

Deno.test("an empty variable is one that isn't given, and so is an empty flag: each of them", () => {
  assertEquals(FLAGS.map(({ env }) => env!).sort(), [...Object.keys(GIVEN), ...WITHOUT_EFFECT].sort());
  for (const { env, flags, parse, isSwitch } of FLAGS) {
    const { [env!]: _, ...without } = GIVEN;
    assertEquals(read({ ...without, [env!]: "" }), read(without), env);
    if (env! in GIVEN) {
      assert(JSON.stringify(read(GIVEN)) !== JSON.stringify(read(without)), `${env} makes a difference`);
    }
    if (parse || isSwitch) continue;
    assertEquals(read(without, flags.split(" ")[0]!, ""), read(without), flags);
    assertEquals(read(GIVEN, flags.split(" ")[0]!, ""), read(GIVEN), flags);
  }
  assertEquals(read(GIVEN), {
    dataDir: "/wallet",
    ourId: 3,
    password: "secret",
    federationSecretHex: "ab",
    useTor: true,
    verbose: false,
    modules: [],
  });
});

Deno.test("modules are named by flags, each of them, else by a variable with commas", () => {
  const variable = { FM_CLIENT_MODULES: "./a.ts, npm:b,," };
  assertEquals(read({}).modules, []);
  assertEquals(read({ FM_CLIENT_MODULES: "" }).modules, []);
  assertEquals(read(variable).modules, ["./a.ts", "npm:b"]);
  assertEquals(read(variable, "--module", "./a,b.ts", "--module=./c.ts").modules, ["./a,b.ts", "./c.ts"]);
});

Deno.test("an empty password is none, and an empty folder is not the current one", async () => {
  const options = { modules: quietModules, env: { FM_PASSWORD_API: "", FM_CLIENT_DIR: "" } };
  const run = (...args: readonly string[]) => runInWorld(new ClientWorld(1), args, options);
  for (const args of [["info"], ["--data-dir", "", "info"], ["balance"], ["join", "fed11"]]) {
    const { exit, out, err } = await run(...args);
    assertEquals(exit, 1, args.join(" "));
    if (args[0] !== "join") assert(/--data-dir/.test(out + err), out + err);
  }
  const auth = await run("--data-dir", "/wallet", "admin", "auth", "--peer-id", "0", "--password", "");
  assertEquals(auth.exit, 2);
  assertStringIncludes(auth.err, "--password <PASSWORD>");
  const setup = await run("admin", "setup", "ws://127.0.0.1:1/", "status");
  assertStringIncludes(setup.out, "CLI needs password set");
});

Deno.test("an empty API secret makes an invite code without one", async () => {
  const args = [
    "dev",
    "encode",
    "invite-code",
    "--url",
    "ws://a:1/",
    "--federation_id",
    "ab".repeat(32),
    "--peer",
    "0",
  ];
  for (
    const [given, variable, expected] of [["", "", null], ["", "b", "b"], ["a", "b", "a"], [null, "", null]] as const
  ) {
    const options = { modules: [], env: { FM_API_SECRET: variable } };
    const { out } = await runInWorld(new ClientWorld(1), [...args, ...(given === null ? [] : [given])], options);
    assertEquals(parseInviteCode((parseJson(out) as JsonObject).invite_code as string).apiSecret, expected);
  }
});

Deno.test("a federation's secret stands in the place of words, never beside them, and none is repeated", async () => {
  const world = await recordedFederation(),
    run = (...args: string[]) => runInWorld(world, args, { modules: quietModules });
  const dir = ["--data-dir", "/wallet"], secret = "00" + "5e".repeat(64);
  assertEquals((await run(...dir, "join", recordedInvite())).exit, 0);
  const cases: [string[], string][] = [
    [["--federation-secret-hex", secret, ...dir, "info"], "requires a client DB without any stored secret"],
    [["--federation-secret-hex", secret, "--data-dir", "/other", "info"], "Client database not initialized"],
    [["--federation-secret-hex", secret.slice(2), "--data-dir", "/other", "info"], "invalid federation secret hex"],
    [["--federation-secret-hex", secret, ...dir, "join", recordedInvite()], "cannot be used with join"],
  ];
  for (const [args, said] of cases) {
    const { exit, out, err } = await run(...args);
    assertEquals(exit, 1);
    assertStringIncludes(out, said);
    assert(!`${out}${err}`.includes(secret.slice(10, 40)));
  }
});
