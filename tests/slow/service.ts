/**
 * The service files: a guardian that is run as the unit runs it stops in order, goes on after a kill, and takes the
 * settings that are shown.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import { findProgram, foldersOf } from "../../actors/platform/testing/programs.ts";
import { freePorts } from "../../server/dev/federation/processes.ts";
import { callGuardian, pollGuardian } from "../../server/dev/federation/rpc.ts";
import { SETTINGS } from "../../server/settings.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const FILES = join(ROOT, "docs/service");
const PLATFORM = realPlatform();
const START_MS = 200_000;
/** As the unit says it. */
const DENO = "/usr/local/bin/deno";

const VARIABLES: readonly string[] = Object.values(SETTINGS).map(({ variable }) => variable);

const unit = await Deno.readTextFile(join(FILES, "fedimint-guardian.service"));

function settingOf(name: string): string {
  const [, value] = new RegExp(`^${name}=(.*)$`, "m").exec(unit) ?? [];
  assert(value !== undefined, `the unit has ${name}`);
  return value;
}

function exampleVariables(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => line.split(/=(.*)/s) as [string, string]));
}

Deno.test("a guardian that runs as the unit says stops in order at SIGTERM, and goes on after SIGKILL", async () => {
  const [program, ...args] = settingOf("ExecStart").split(" ");
  assertEquals(program, DENO);
  const dir = await Deno.makeTempDir();
  const [p2p, api] = freePorts(2), url = `ws://127.0.0.1:${api}/`;
  const example = exampleVariables(await Deno.readTextFile(join(FILES, "guardian.env.example")));
  const env = {
    ...Object.fromEntries(example),
    FM_DATA_DIR: dir,
    FM_BITCOIN_NETWORK: "regtest",
    FM_BITCOIND_URL: "http://127.0.0.1:1",
    FM_BIND_P2P: `127.0.0.1:${p2p}`,
    FM_BIND_API: `127.0.0.1:${api}`,
  };
  const start = async (): Promise<Deno.ChildProcess> => {
    const child = new Deno.Command(Deno.execPath(), { args, env, cwd: ROOT, stdout: "null", stderr: "null" }).spawn();
    let isRunning = true;
    void child.status.then(() => isRunning = false);
    await pollGuardian(PLATFORM, { url, method: "setup_status" }, () => true, START_MS, () => isRunning);
    return child;
  };
  const end = async (child: Deno.ChildProcess, signal: Deno.Signal): Promise<number> => {
    child.kill(signal);
    return (await child.status).code;
  };
  try {
    const password = example.get("FM_PASSWORD_API")!;
    assertEquals(settingOf("KillSignal"), "SIGTERM");
    assertEquals(await end(await start(), "SIGTERM"), 0);

    const killed = await start();
    const params = { name: "g0", federation_name: null, federation_size: null };
    const code = await callGuardian(PLATFORM, url, "set_local_params", params, password);
    // a failure for systemd, which starts it again
    assertEquals([settingOf("Restart"), await end(killed, "SIGKILL")], ["on-failure", 137]);
    const again = await start();
    assertEquals(await callGuardian(PLATFORM, url, "setup_status", null), "SharingConnectionCodes");
    assert(typeof code === "string");
    assertEquals(await end(again, "SIGTERM"), 0);

    // wrong settings end it with the code for which systemd doesn't
    const wrong = await new Deno.Command(Deno.execPath(), { args, env: { ...env, FM_BIND_API: "nowhere" }, cwd: ROOT })
      .output();
    assertEquals(String(wrong.code), settingOf("RestartPreventExitStatus"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the settings that are shown are the program's, and the container starts it as the unit does", async () => {
  const example = exampleVariables(await Deno.readTextFile(join(FILES, "guardian.env.example")));
  for (const name of example.keys()) assert(VARIABLES.includes(name), name);
  const container = await Deno.readTextFile(join(FILES, "Containerfile"));
  const [, entry] = /^ENTRYPOINT (\[.*\])$/m.exec(container)!;
  assertEquals((JSON.parse(entry!) as string[]).slice(1), settingOf("ExecStart").split(" ").slice(1));
  for (const [, name] of container.matchAll(/\b(FM_[A-Z0-9_]+)=/g)) assert(VARIABLES.includes(name!), name);
  assertEquals(/^STOPSIGNAL (.*)$/m.exec(container)![1], settingOf("KillSignal"));
});

const analyze = await findProgram("systemd-analyze", foldersOf("PATH"));

Deno.test({
  name: "systemd finds nothing wrong with the unit",
  ignore: analyze === undefined,
  fn: async () => {
    const dir = await Deno.makeTempDir();
    try {
      const path = join(dir, "fedimint-guardian.service");
      await Deno.writeTextFile(path, unit.replace(DENO, Deno.execPath()));
      const { code, stderr } = await new Deno.Command(analyze!, { args: ["verify", path] }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
