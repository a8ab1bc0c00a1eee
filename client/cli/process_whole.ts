/** The command line as real processes, with real sockets and a real disk: what a simulated machine can't show. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { realPlatform } from "../../actors/platform/real.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { toyFederation } from "../testing/federation.ts";
import { CONFIG, ended, federation, MAIN, run, start, until } from "./testing/processes.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

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
