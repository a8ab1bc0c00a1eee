/**
 * Whole guardians are set up over their API in a simulated world: together, with one that is killed or stopped in the
 * midst, and again.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ActorError } from "../../actors/mod.ts";
import { metaServer } from "../../modules/meta/server.ts";
import { openMemoryStore } from "../../actors/store/mod.ts";
import { utf8 } from "../../core/bytes.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseInviteCode } from "../../core/types/invite_code.ts";
import { builtInModules } from "../../server/modules.ts";
import { readBackup, restoreGuardian } from "../../server/config/restore.ts";
import { DATA_DIR } from "./guardians.ts";
import { SetupError } from "../../server/config/error.ts";
import { PEERS, Setup, started, STOP_MAX_MS } from "./setup.ts";

/** Setup from its beginning to a config that all have. */
async function succeeds(setup: Setup): Promise<void> {
  await setup.startCeremony(PEERS);
  await setup.pass(60_000);
  for (const peer of PEERS) {
    assertEquals(await setup.files(peer), [
      "client.json",
      "consensus.json",
      "invite-code",
      "local.json",
      "private.json",
    ]);
  }
  const consensus = new Set<string>(), secrets = new Set<string>();
  for (const peer of PEERS) {
    consensus.add(await setup.text(peer, "consensus.json"));
    secrets.add(await setup.text(peer, "private.json"));
  }
  assertEquals([consensus.size, secrets.size], [1, PEERS.length]);
  for (const peer of PEERS) assertEquals(await setup.call(peer, "setup_status"), "ConsensusIsRunning");
}

Deno.test("four guardians are set up over their API and come to one federation", async () => {
  await succeeds(await started());
});

Deno.test("a guardian killed in the ceremony keeps the others waiting, by name; no config is written, and all begin it again", async () => {
  const setup = await started();
  await setup.startCeremony(PEERS.slice(0, 3));
  await setup.pass(90_000);
  for (const peer of [0, 1, 2]) {
    const [first] = setup.warnings(peer);
    assertStringIncludes(first!, "waits for a connection");
    assertStringIncludes(first!, "3 (g3)");
  }
  await setup.startCeremony([3]);
  setup.kill(3);
  await setup.pass(120_000);
  for (const peer of [0, 1, 2]) {
    assertStringIncludes(setup.warnings(peer).at(-1)!, "3 (g3)");
    const begunMs = setup.world.nowMs;
    await setup.finish(setup.guardians[peer]!.stop());
    assert(setup.world.nowMs - begunMs < STOP_MAX_MS, "a stop in the ceremony is quick");
    assertEquals(await setup.finish(setup.ended[peer]!), 0);
    assertEquals(await setup.files(peer), ["setup.json"]);
    setup.kill(peer);
  }
  const codes = setup.codes;
  for (const peer of PEERS) await setup.restart(peer);
  for (const peer of PEERS) assertEquals(await setup.call(peer, "setup_status"), "SharingConnectionCodes");
  await setup.exchangeCodes();
  assertEquals(setup.codes, codes, "they are the same guardians");
  await succeeds(setup);
});

Deno.test("a guardian that lacks a module of the leader's says which and doesn't start; with it, it takes its place", async () => {
  const modules = ["meta", "unknown"];
  const setup = await started((peer) => peer === 3 ? {} : { modules });
  await setup.startCeremony([0, 1, 2]);
  await assertRejects(
    () => setup.startCeremony([3]),
    Error,
    "The leader enabled a module that this guardian doesn't have: unknown: it has meta; others are loaded with --module",
  );
  setup.kill(3);
  await setup.restart(3, { modules });
  await setup.startCeremony([3]);
  await setup.pass(60_000);
  const kinds = new Set<string>();
  for (const peer of PEERS) {
    const consensus = JSON.parse(await setup.text(peer, "consensus.json")) as {
      modules: Record<number, { kind: string }>;
    };
    kinds.add(Object.values(consensus.modules).map(({ kind }) => kind).join(" "));
  }
  assertEquals([...kinds], ["meta unknown"]);
});

Deno.test("a guardian with another environment ends the ceremony of all, in words; no config is written, and all begin it again", async () => {
  const setup = await started((peer) => ({ testEnvironment: peer !== 3 }));
  await setup.startCeremony(PEERS);
  await setup.pass(60_000);
  for (const peer of PEERS) {
    const error = await assertRejects(() => setup.ended[peer]!, SetupError);
    assertStringIncludes(error.message, `has another config: compare versions, modules, environment and setup codes`);
    assertStringIncludes(error.message, peer === 3 ? "Guardian 0" : "Guardian 3");
    assertEquals(await setup.files(peer), ["setup.json"]);
    setup.kill(peer);
  }
  for (const peer of PEERS) await setup.restart(peer);
  await succeeds(setup);
});

Deno.test("a ceremony that crashes ends its guardian and leaves nothing, and no other comes to a config without it", async () => {
  const meta = {
    ...metaServer,
    distributedGen: () => {
      throw new Error("a bug");
    },
  };
  const setup = await started((peer) => peer === 0 ? { definitions: new Map([["meta", meta]]) } : {});
  await setup.startCeremony(PEERS);
  await setup.pass(60_000);
  await assertRejects(() => setup.ended[0]!, ActorError, "ceremony");
  for (const peer of PEERS) assertEquals(await setup.files(peer), ["setup.json"]);
  assertStringIncludes(setup.warnings(1).at(-1)!, "waits for messages of these guardians");
  assertStringIncludes(setup.warnings(1).at(-1)!, "0 (g0)");
});

Deno.test("guardians that are killed after each step of setup come to one federation without a new code", async () => {
  const setup = new Setup();
  const restartAll = async (): Promise<void> => {
    for (const peer of PEERS) {
      setup.kill(peer);
      await setup.restart(peer);
    }
  };
  for (const peer of PEERS) await setup.start(peer);
  await setup.exchangeCodes();
  const { codes } = setup;
  await restartAll();
  for (const peer of PEERS) assertEquals(await setup.call(peer, "get_setup_code"), codes[peer]);
  await setup.startCeremony(PEERS.slice(0, 2));
  await setup.pass(1_000);
  await restartAll();
  await succeeds(setup);
  await restartAll();
  for (const peer of PEERS) assertEquals(await setup.call(peer, "setup_status"), "ConsensusIsRunning");
});

Deno.test("a guardian whose setup was lost with its disk takes its own place again in the others' codes", async () => {
  const setup = await started();
  setup.kill(2);
  setup.world.process("g2").disk.files.clear();
  await setup.restart(2);
  await setup.exchangeCodes();
  await succeeds(setup);
});

Deno.test("a guardian that has moved and lost its database still is where it moved to, for all and in its invite code", async () => {
  const setup = await started();
  await succeeds(setup);
  const { clock } = setup.world.process("admin").platform;
  const url = "ws://moved:8174/";
  const metadata = { api_urls: [url], pkarr_id_z32: "y", timestamp_secs: Math.floor(clock.nowMs() / 1_000) + 1 };
  await setup.call(2, "sign_guardian_metadata", metadata);
  await setup.call(2, "sign_api_announcement", url);
  await setup.pass(10_000);
  setup.kill(2);
  await setup.restart(2);
  await setup.pass(120_000);
  for (const peer of PEERS) {
    const described = await setup.call(peer, "guardian_metadata") as { 2: { content: string } };
    assertEquals(JSON.parse(described[2].content).api_urls, [url], `as guardian ${peer} knows it`);
    const announced = await setup.call(peer, "api_announcements") as { 2: { api_announcement: JsonObject } };
    assertEquals(announced[2].api_announcement, { api_url: url, nonce: 1 });
  }
  assertEquals(parseInviteCode(await setup.text(2, "invite-code")).url, url);
  assertEquals(await setup.call(2, "invite_code"), await setup.text(2, "invite-code"));
});

Deno.test("a P2P address that can't be reached is named by those who dial it, before any keys are made", async () => {
  const setup = await started((peer) => peer === 2 ? { p2pUrl: "fedimint://nowhere:8173" } : {});
  await setup.startCeremony(PEERS);
  await setup.pass(20_000);
  const told = (peer: number) =>
    setup.logs.get(peer)!.filter(({ path, level }) => path.endsWith("/reach") && level === "warn").map(({ facts }) =>
      facts
    );
  for (const peer of [0, 1]) {
    const [first, ...more] = told(peer);
    assertEquals([first!.guardian, first!.address], ["2 (g2)", "nowhere:8173"]);
    assert(String(first!.reason).includes("nowhere"), String(first!.reason));
    assert(more.length <= 2 && more.every(({ guardian }) => guardian === "2 (g2)"), "nobody else is named, nor often");
  }
  const [zero, one] = told(2);
  assertEquals([zero!.guardian, zero!.ourAddress], ["0 (g0)", "nowhere:8173"]);
  assertEquals(one!.guardian, "1 (g1)");
  assertEquals(told(3), [], "it is dialled by all, and where it is");
  for (const peer of PEERS) assertEquals(await setup.files(peer), ["setup.json"]);
});

Deno.test("while all addresses are right none is complained of", async () => {
  const setup = await started();
  await setup.startCeremony(PEERS);
  await setup.pass(60_000);
  for (const peer of PEERS) assertEquals(setup.logs.get(peer)!.filter(({ path }) => path.endsWith("/reach")), []);
});

Deno.test("a guardian whose disk is lost comes back from the backup of its config alone", async () => {
  const setup = await started();
  await succeeds(setup);
  const names = ["consensus.json", "local.json", "private.json", "invite-code", "client.json"];
  const texts = async (): Promise<string[]> => {
    const all: string[] = [];
    for (const name of names) all.push(await setup.text(2, name));
    return all;
  };
  const before = await texts();
  const backup = await setup.call(2, "download_guardian_backup");
  setup.kill(2);
  const { disk } = setup.world.process("g2");
  disk.files.clear();
  disk.write("/backup.json", { bytes: utf8(JSON.stringify(backup)), secret: true }, false);
  setup.world.process("g2").restart();
  const { clock, files } = setup.world.process("g2").platform;
  const store = await setup.finish(openMemoryStore({ clock }));
  const read = await setup.finish(readBackup(files, "/backup.json", builtInModules));
  await setup.finish(restoreGuardian(read, { files, dir: DATA_DIR, store, apiSecret: null }));
  assertEquals(await texts(), before);
  await setup.start(2);
  await setup.pass(20_000);
  for (const peer of [0, 1, 3]) {
    const links = await setup.call(peer, "p2p_connection_status") as JsonObject;
    assert(links["2"] !== null && links["2"] !== undefined, `guardian ${peer} has it as a peer again`);
  }
  assertEquals(await setup.call(2, "setup_status"), "ConsensusIsRunning");
});
