/** The command line as real processes, with real sockets and a real disk: what a simulated machine can't show. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Listener, Platform } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { toyFederation } from "../testing/federation.ts";
import { HONEST, serveGuardian } from "../testing/world.ts";
import type { Script } from "../testing/world.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

const MAIN = new URL("../main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const GUARDIANS = [0, 1, 2, 3];

function start(args: readonly string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", CONFIG, MAIN, ...args],
    env: { RUST_LOG: "off", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function ended(child: Deno.ChildProcess): Promise<{ exit: number; out: string; err: string }> {
  const { code, stdout, stderr } = await child.output();
  return { exit: code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

function run(...args: string[]): Promise<{ exit: number; out: string; err: string }> {
  return ended(start(args));
}

type Federation = { readonly invite: InviteCode; readonly close: () => Promise<void> };

/** Guardians of this process at free ports. @param admits whom they let connect */
async function federation(platform: Platform, admits: (headers: Headers) => boolean = () => true): Promise<Federation> {
  const behaviour = { ...HONEST, admits };
  let script: Script = () => null;
  const listeners: Listener[] = [];
  for (const peer of GUARDIANS) {
    const at = { hostname: "127.0.0.1", port: 0 };
    listeners.push(await serveGuardian(platform, at, peer, (asked) => script(asked), behaviour));
  }
  const urlOf = (peer: number): string => `ws://127.0.0.1:${listeners[peer]!.address.port}/`;
  const { honest, invite } = toyFederation({ urlOf, modules: new Map([[0, "toy"]]) });
  script = honest;
  return {
    invite,
    close: async () => {
      for (const listener of listeners) await listener.close();
    },
  };
}

onMachine("results are on standard output, and exit codes say how it ended", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const version = await run("-V");
    assertEquals(version, { exit: 0, out: "fedimint-cli 0.13.0\n", err: "" });
    assertEquals((await run("version-hash")).out, `${"0".repeat(40)}\n`);
    const usage = await run("nonsense");
    assertEquals([usage.exit, usage.out], [2, ""]);
    const failed = await run("--data-dir", dir, "info");
    assertEquals([failed.exit, parseJson(failed.out)], [1, { error: "Encoded client secret not present in DB" }]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

onMachine("a text that is longer than an argument may be is read from standard input", async () => {
  const { url, federationId } = toyFederation().invite;
  const invite = formatInviteCode(newInviteCode({ url, peer: 0, federationId, apiSecret: null }));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", CONFIG, MAIN, "dev", "decode", "invite-code", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const halves = [invite.slice(0, 40), invite.slice(40)].map((half) => new TextEncoder().encode(half));
  await writer.write(halves[0]!);
  await writer.write(new TextEncoder().encode("\r\n ".repeat(60_000)));
  await writer.write(halves[1]!);
  await writer.close();
  const { exit, out, err } = await ended(child);
  assertEquals([exit, err, parseJson(out)], [0, "", { url, federation_id: federationId }]);
});

onMachine("a reader that goes away ends nothing with an error", async () => {
  const child = start(["--help"]);
  await child.stdout.cancel();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals([code, err], [0, ""]);
});

onMachine({
  name: "a wallet joins, is locked against a second process, survives Ctrl-C, and its files are its owner's alone",
  ignore: Deno.build.os === "windows",
  // the guardians' sockets close on their own time
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const platform = realPlatform();
    const { invite: code, close } = await federation(platform), invite = formatInviteCode(code);
    const parent = await Deno.makeTempDir();
    const dir = `${parent}/wallet`;
    try {
      assertEquals(parseJson((await run("--data-dir", dir, "join", invite)).out), { joined: invite });
      for await (const { name } of Deno.readDir(dir)) {
        assertEquals((await Deno.stat(`${dir}/${name}`)).mode! & 0o077, 0, name);
      }
      assertEquals((await Deno.stat(dir)).mode! & 0o077, 0);

      const waiting = start(["--data-dir", dir, "dev", "wait"]);
      await until(async () => (await Deno.readTextFile(`${dir}/client.kv.lock`)).trim() === String(waiting.pid));
      const second = ended(start(["--data-dir", dir, "info"], { FM_OUR_ID: "" }));
      // it is waiting for the first one by now, or will find the directory free
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      waiting.kill("SIGINT");
      const interrupted = await ended(waiting);
      assertEquals([interrupted.exit, interrupted.out], [130, ""]);
      const info = await second;
      assertEquals(info.exit, 1);
      assertStringIncludes((parseJson(info.out) as JsonObject).error as string, "No wallet module found");

      const modules = parseJson((await run("--data-dir", dir, "module")).out);
      assertEquals(modules, { list: [{ kind: "toy", id: 0, status: "UnsupportedByClient" }] });
      const words = (parseJson((await run("--data-dir", dir, "print-secret")).out) as JsonObject).secret as string;
      assertEquals(words.split(" ").length, 12);
    } finally {
      await close();
      await Deno.remove(parent, { recursive: true });
    }
  },
});

onMachine({
  name: "guardians that answer 401 to a wallet's old secret take it again when it has joined with the new one",
  // the guardians' sockets close on their own time
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    let secret = "old";
    const platform = realPlatform();
    const admits = (headers: Headers): boolean =>
      headers.get("authorization") === `Basic ${btoa(`fedimint:${secret}`)}`;
    const { invite: { url, peer, federationId }, close } = await federation(platform, admits);
    const dir = await Deno.makeTempDir();
    const codeWith = (apiSecret: string): string =>
      formatInviteCode(newInviteCode({ url, peer, federationId, apiSecret }));
    const count = () => run("--data-dir", dir, "dev", "session-count");
    try {
      assertEquals((await run("--data-dir", dir, "join", codeWith("old"))).exit, 0);
      secret = "new";
      const shutOut = await count();
      assertEquals(shutOut.exit, 1);
      assertStringIncludes(shutOut.out, "It wants the federation's API secret");
      assertStringIncludes(shutOut.out, "answered 401 and no WebSocket");
      const { exit, out } = await run("--data-dir", dir, "join", codeWith("new"));
      const renewed = { api_secret: "replaced", moved: {} };
      assertEquals([exit, parseJson(out)], [0, { joined: codeWith("new"), renewed }]);
      assertEquals(parseJson((await count()).out), { count: 5 });
    } finally {
      await close();
      await Deno.remove(dir, { recursive: true });
    }
  },
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert(false, "it did not come to that in 10 s");
}
