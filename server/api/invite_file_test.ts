import { assert, assertEquals } from "@std/assert";
import { settle } from "../../actors/testing/manual_clock.ts";
import { manualClock } from "../../actors/testing/platform.ts";
import { child, createSystem, supervisor } from "../../actors/mod.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import { parseInviteCode } from "../../core/types/invite_code.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import { DIR, emptyDisk, filesOn, fullAt } from "../setup/testing/disk.ts";
import { inviteFile } from "./invite_file.ts";
import { announce, describeSelf } from "../gossip/statements.ts";
import { configUrl, testConfig } from "../config/testing/config.ts";

const PATH = `${DIR}/invite-code`;
const CLOCK = { nowMs: () => 1_000_000, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };

async function rig(
  before: string | null,
  body: (test: {
    readonly url: () => Promise<string>;
    readonly secret: () => string | null;
    readonly announce: (url: string) => Promise<unknown>;
    readonly describe: (url: string) => Promise<unknown>;
    readonly writes: () => number;
  }) => Promise<void>,
  isFull = false,
): Promise<void> {
  const config = testConfig(0);
  const store = await openMemoryStore({ clock: CLOCK });
  const platform = { clock: CLOCK, dice: seededDice(1) };
  const disk = emptyDisk();
  if (before !== null) disk.write(PATH, { bytes: utf8(before), secret: false }, true);
  let writes = 0;
  const files = filesOn(disk, isFull ? fullAt(0) : () => void writes++);
  const args = { store, config, federationId: "11".repeat(32), apiSecret: "s3", path: PATH };
  const read = () => parseInviteCode(fromUtf8(disk.read(PATH, 100_000)!));
  const problems: string[] = [];
  const log = ({ level, message }: { level: string; message: string }): void => {
    if (level === "error") problems.push(message);
  };
  const system = createSystem({ platform: { ...manualClock().platform, files }, log });
  await system.start(supervisor("root", { children: [child(inviteFile, { args })] }));
  await settle();
  await body({
    url: async () => {
      await settle();
      return read().url;
    },
    secret: () => read().apiSecret,
    announce: async (url) => await (await store.transact((tx) => announce(tx, config, platform, url))).durable,
    describe: async (url) => {
      const metadata = { apiUrls: [url], pkarrIdZ32: "y", timestampSecs: 5, irohNextEndpoint: null };
      await (await store.transact((tx) => describeSelf(tx, config, platform, metadata))).durable;
    },
    writes: () => writes,
  });
  if (!isFull) assert(disk.files.get(PATH)!.secret, "it holds the API secret");
  assertEquals(problems, [], "nothing crashed");
  void system.stop();
}

Deno.test("the invite code's file follows the guardian's address, by metadata before an announcement", async () => {
  await rig("fed1 of before", async ({ url, secret, announce, describe }) => {
    assertEquals(await url(), configUrl(0));
    assertEquals(secret(), "s3");
    await announce("ws://announced/");
    assertEquals(await url(), "ws://announced/");
    await describe("ws://described/");
    assertEquals(await url(), "ws://described/");
    await announce("ws://outranked/");
    assertEquals(await url(), "ws://described/");
    await Promise.all([describe("ws://a/"), describe("ws://b/"), describe("ws://c/")]);
    assertEquals(await url(), "ws://c/");
  });
});

Deno.test("a file that is right already isn't written", async () => {
  await rig(null, async ({ url, writes, announce }) => {
    await url();
    assertEquals(writes(), 1);
    await announce(configUrl(0));
    await url();
    assertEquals(writes(), 1);
  });
});

Deno.test("a disk that takes nothing is no reason to stop", async () => {
  await rig("old", async ({ announce, writes }) => {
    await announce("ws://moved/");
    await settle();
    assertEquals(writes(), 0);
  }, true);
});
