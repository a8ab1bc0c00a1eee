/** Whole guardians are set up over their API in a simulated world: together, with one that is killed or stopped in the midst, and again. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { LogRecord } from "../../actors/logger.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import { callGuardian } from "../../server/devfed/rpc.ts";
import { Guardian } from "../../server/guardian.ts";
import { builtInModules } from "../../server/modules.ts";
import { SetupError } from "../../server/setup/error.ts";

const PEERS = [0, 1, 2, 3];
const DATA_DIR = "/data";
const PASSWORD = "pass";
const STOP_MAX_MS = 5_000;

class Setup {
  readonly world = new SimulatedWorld(5, { link: { delayMs: [5, 60] } });
  readonly logs = new Map<number, LogRecord[]>();
  readonly guardians: Guardian[] = [];
  readonly ended: Promise<number>[] = [];

  async finish<T>(promise: Promise<T>, forMs = 600_000): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => settled = true);
    watched.catch(() => undefined);
    await this.world.run({ until: () => settled, forMs });
    return await watched;
  }

  pass(ms: number): Promise<void> {
    return this.finish(sleep(this.world.process("clock").platform.clock, ms));
  }

  async start(peer: number, testEnvironment = true): Promise<void> {
    const { platform } = this.world.process(`g${peer}`);
    const { clock } = platform;
    const log: LogRecord[] = [];
    this.logs.set(peer, log);
    const store = await this.finish(openMemoryStore({ clock, backend: new MemoryBackend({ clock }) }));
    const guardian = await this.finish(Guardian.start({
      platform,
      store,
      log: (record) => log.push(record),
      definitions: builtInModules,
      dataDir: DATA_DIR,
      bindP2p: { hostname: "0.0.0.0", port: 8173 },
      bindApi: { hostname: "0.0.0.0", port: 8174 },
      bitcoin: {
        backend: {
          kind: "bitcoind",
          bitcoind: { url: "http://bitcoin:18443", username: "user", password: "password" },
        },
        pollMs: 1_000,
      },
      setup: {
        apiUrl: `ws://g${peer}:8174/`,
        p2pUrl: `fedimint://g${peer}:8173`,
        network: "regtest",
        defaultModules: ["meta"],
        availableModules: ["meta"],
        disableBaseFees: false,
      },
      apiPassword: PASSWORD,
      apiSecrets: [],
      sessionTimeoutMs: 600_000,
      testEnvironment,
    }));
    this.guardians[peer] = guardian;
    this.ended[peer] = guardian.run();
    this.ended[peer].catch(() => undefined);
  }

  call(peer: number, method: string, params: Json = null): Promise<Json> {
    const { platform } = this.world.process("admin");
    return this.finish(callGuardian(platform, `ws://g${peer}:8174/`, method, params, PASSWORD));
  }

  /** All but the last step of setup. */
  async exchangeCodes(): Promise<void> {
    const codes: Json[] = [];
    for (const peer of PEERS) {
      const leader = peer === 0;
      const params = { name: `g${peer}`, federation_name: leader ? "Test" : null, federation_size: leader ? 4 : null };
      codes.push(await this.call(peer, "set_local_params", params));
    }
    for (const peer of PEERS) {
      for (const code of codes) if (code !== codes[peer]) await this.call(peer, "add_peer_setup_code", code);
    }
  }

  async startCeremony(peers: readonly number[]): Promise<void> {
    for (const peer of peers) await this.call(peer, "start_dkg");
  }

  /** What a guardian's data directory holds. */
  async files(peer: number): Promise<string[]> {
    return await this.finish(this.world.process(`g${peer}`).platform.files.list(DATA_DIR)) ?? [];
  }

  async text(peer: number, name: string): Promise<string> {
    const { files } = this.world.process(`g${peer}`).platform;
    return fromUtf8((await this.finish(files.read(`${DATA_DIR}/${name}`, 1_000_000)))!);
  }

  kill(peer: number): void {
    this.world.process(`g${peer}`).kill();
  }

  async restart(peer: number): Promise<void> {
    this.world.process(`g${peer}`).restart();
    await this.start(peer);
  }

  warnings(peer: number): string[] {
    return this.logs.get(peer)!.filter(({ level, path }) => level === "warn" && path.endsWith("/ceremony"))
      .map(({ message, facts }) => `${message}: ${facts.guardians}`);
  }
}

/** Up to the last step of setup. @param others guardians that are configured for production, the rest for tests */
async function started(others: readonly number[] = []): Promise<Setup> {
  const setup = new Setup();
  for (const peer of PEERS) await setup.start(peer, !others.includes(peer));
  await setup.exchangeCodes();
  return setup;
}

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

Deno.test("a guardian killed in the ceremony keeps the others waiting, by name; nothing is written, and all set up anew", async () => {
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
    assertEquals(await setup.files(peer), []);
    setup.kill(peer);
  }
  for (const peer of PEERS) await setup.restart(peer);
  for (const peer of PEERS) assertEquals(await setup.call(peer, "setup_status"), "AwaitingLocalParams");
  await setup.exchangeCodes();
  await succeeds(setup);
});

Deno.test("a guardian with another environment ends the ceremony of all, in words; nothing is written", async () => {
  const setup = await started([3]);
  await setup.startCeremony(PEERS);
  await setup.pass(60_000);
  for (const peer of PEERS) {
    const error = await assertRejects(() => setup.ended[peer]!, SetupError);
    assertStringIncludes(error.message, `has another config: compare versions, environment and setup codes`);
    assertStringIncludes(error.message, peer === 3 ? "Guardian 0" : "Guardian 3");
    assertEquals(await setup.files(peer), []);
  }
});
