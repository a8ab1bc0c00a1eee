/**
 * What the command line says when guardians are away, silent, or refuse, and when it is given what is no code: always
 * an end, and a word.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { INVITE_BASE32_CHARACTERS_MAX } from "../../core/types/limits.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { toyFederation } from "../testing/federation.ts";
import type { ClientWorld } from "../testing/world.ts";
import { Refusal } from "../testing/world.ts";
import type { CliWorld, Ran } from "./testing/mod.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld, WALLET_DIR } from "./testing/mod.ts";

const modules = quietModules;
const DIR = ["--data-dir", WALLET_DIR];
const ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const ADMIN = ["--our-id", "0", "--password", "a bad guess"];
/** What needs a threshold of guardians. */
const ASKING_ALL = [
  ["dev", "api", "session_count"],
  ["dev", "session-count"],
  ["module", "meta", "get"],
  ["module", "meta", "get-rev"],
  ["module", "walletv2", "info", "block-count"],
  ["module", "walletv2", "info", "feerate"],
  ["module", "walletv2", "info", "total-value"],
];
/** What needs the own guardian. */
const ASKING_ONE = [
  ["admin", "status"],
  ["admin", "audit"],
  ["admin", "guardian-config-backup"],
  ["admin", "backup-statistics"],
  ["admin", "shutdown", "7"],
  ["module", "meta", "get-submissions"],
  ["module", "meta", "submit", "1"],
  ["dev", "peer-version", "--peer-id", "0"],
  ["dev", "api", "status", "--peer-id", "0"],
];

type Script = NonNullable<Parameters<typeof recordedFederation>[0]>;

/** A wallet that has joined; from then on guardians follow the script. */
async function joined(script: Script): Promise<ClientWorld> {
  let isJoined = false;
  const world = await recordedFederation((asked, recorded) => isJoined ? script(asked, recorded) : recorded(asked));
  const { exit, out } = await runInWorld(world, [...DIR, "join", recordedInvite()], { modules });
  assertEquals(exit, 0, out);
  isJoined = true;
  return world;
}

/** The wallet on a machine from which no guardian can be reached. */
function cutOff(world: ClientWorld): CliWorld {
  const { platform } = world.world.process("elsewhere");
  return { platform, openStore: (path) => world.openStore(path), finish: (promise) => world.finish(promise) };
}

/** Fails with exit code 1 and one JSON value. @returns the error's text */
function failure(args: readonly string[], { exit, out, err }: Ran): string {
  assertEquals([exit, err], [1, ""], args.join(" "));
  const json = parseJson(out) as JsonObject;
  assertEquals(Object.keys(json), ["error"], args.join(" "));
  return json.error as string;
}

async function inTime(world: ClientWorld, mostMs: number, run: () => Promise<void>): Promise<void> {
  const begunMs = world.world.nowMs;
  await run();
  assert(world.world.nowMs - begunMs < mostMs, `${world.world.nowMs - begunMs} ms`);
}

Deno.test("while no guardian can be reached every command that needs them fails at once and names them", async () => {
  const world = await joined((asked, recorded) => recorded(asked));
  const away = cutOff(world);
  for (const args of ASKING_ALL) {
    await inTime(world, 2_000, async () => {
      const text = failure(args, await runInWorld(away, [...DIR, ...args], { modules }));
      assertEquals(text.match(/[0-3] => Connection failed: /g)?.length, 2, text);
    });
  }
  for (const args of ASKING_ONE) {
    await inTime(world, 2_000, async () => {
      const text = failure(args, await runInWorld(away, [...DIR, ...ADMIN, ...args], { modules }));
      assertStringIncludes(text, "Connection failed: ");
      assert(!text.includes("a bad guess"), text);
    });
  }
  // the wallet itself needs nobody
  for (const args of [["info"], ["balance"], ["list-operations"], ["print-secret"], ["dev", "config"]]) {
    assertEquals((await runInWorld(away, [...DIR, ...args], { modules })).exit, 0, args.join(" "));
  }
});

Deno.test("guardians that take the call and never answer are waited for a minute, then named", async () => {
  const world = await joined(() => new Promise(() => {}));
  for (const args of ASKING_ALL) {
    await inTime(world, 61_000, async () => {
      const text = failure(args, await runInWorld(world, [...DIR, ...args], { modules }));
      assertEquals(text.match(/[0-3] => Transport error: No answer in time/g)?.length, 2, text);
    });
  }
  for (const args of ASKING_ONE) {
    await inTime(world, 61_000, async () => {
      const text = failure(args, await runInWorld(world, [...DIR, ...ADMIN, ...args], { modules }));
      assertStringIncludes(text, "Transport error: No answer in time");
    });
  }
});

Deno.test("one guardian that is away is no reason to fail, but for the commands to itself", async () => {
  const world = await joined((asked, recorded) => asked.peer === 0 ? new Promise(() => {}) : recorded(asked));
  for (const args of [["dev", "session-count"], ["module", "meta", "get"]]) {
    assertEquals((await runInWorld(world, [...DIR, ...args], { modules })).exit, 0, args.join(" "));
  }
  const own = ["admin", "audit"];
  failure(own, await runInWorld(world, [...DIR, ...ADMIN, ...own], { modules }));
});

Deno.test("a wrong password is told by the guardian, and is repeated nowhere", async () => {
  const world = await joined((asked, recorded) => recorded(asked));
  const guarded = ASKING_ONE.filter(([group, name]) => group !== "dev" && name !== "status" && name !== "shutdown");
  for (const args of guarded.filter((args) => !args.includes("submit"))) {
    const text = failure(args, await runInWorld(world, [...DIR, ...ADMIN, ...args], { modules }));
    assertStringIncludes(text, "Invalid authorization");
    assert(!text.includes("a bad guess"), text);
  }
});

Deno.test("a guardian's reason is printed for people without what could fool a terminal, and not without end", async () => {
  const evil = `\u001b[2J\u009b31m\u202e${"all is lost! ".repeat(1_000)}`;
  const world = await joined(() => {
    throw new Refusal(500, evil);
  });
  const { exit, out, err } = await runInWorld(world, [...DIR, "withdraw", ADDRESS, "20000 sat"], { modules });
  assertEquals([exit, out], [1, ""]);
  assertStringIncludes(err, "all is lost!");
  // deno-lint-ignore no-control-regex -- these are what must not be there
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(err), JSON.stringify(err));
  assert(err.length < 2_500, `${err.length} characters`);
});

Deno.test("what is no invite code is told as such, and nothing is made of it", async () => {
  const world = await recordedFederation(), invite = recordedInvite();
  const bad = [
    "",
    " ",
    "hello",
    invite.slice(0, -1),
    invite.slice(0, 20),
    `${invite}q`,
    invite.replace("fed1", "bc1"),
    `lnbc${invite}`,
    invite.repeat(20),
    "fedimint",
    "fedimint!",
    `fedimint${"q".repeat(INVITE_BASE32_CHARACTERS_MAX)}`,
  ];
  for (const code of bad) {
    const args = ["join", code];
    assertStringIncludes(
      failure(args, await runInWorld(world, [...DIR, ...args], { modules })),
      "invalid invite code: ",
    );
  }
  assertEquals((await runInWorld(world, [...DIR, "join", ` ${invite}\n`], { modules })).exit, 0);
});

Deno.test("a wallet of one federation joins no other", async () => {
  const world = await joined((asked, recorded) => recorded(asked));
  for (const code of [recordedInvite(), formatInviteCode(toyFederation().invite)]) {
    const args = ["join", code];
    const { exit, out } = await runInWorld(world, [...DIR, ...args], { modules });
    assertEquals([exit, parseJson(out)], [1, { error: "The client database is already initialized" }]);
  }
  assertEquals((await runInWorld(world, [...DIR, "info"], { modules })).exit, 0);
});

Deno.test("what is no e-cash is told as such, in both manners", async () => {
  const world = await joined((asked, recorded) => recorded(asked));
  for (const text of ["", "hello", "fedimint", "fedimintq", "FEDIMINT!", recordedInvite()]) {
    const official = ["module", "mintv2", "receive", text];
    assert(failure(official, await runInWorld(world, [...DIR, ...official], { modules })).length > 10);
    const { exit, out, err } = await runInWorld(world, [...DIR, "receive", text], { modules });
    assertEquals([exit, out, err.startsWith("error: ")], [1, "", true], text);
  }
});
