/** For tests of setup: whole guardians in a simulated world that are set up over their API. */
import type { LogRecord } from "../../actors/logger.ts";
import type { Files } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { callGuardian } from "../../server/dev/federation/rpc.ts";
import type { GuardianOptions } from "../../server/guardian.ts";
import { Guardian } from "../../server/guardian.ts";
import { API_PASSWORD, DATA_DIR, guardianOptions } from "./guardians.ts";

export const PEERS = [0, 1, 2, 3];
/** A clean stop is as quick, whatever a guardian does. */
export const STOP_MAX_MS = 5_000;

/** What is other than with the rest. */
export type GuardianChanges = Partial<Pick<GuardianOptions, "testEnvironment" | "definitions">> & {
  readonly p2pUrl?: string;
  /** Kinds that its program has, all of them on. */
  readonly modules?: readonly string[];
  /** The guardian's disk as it finds it. */
  readonly files?: (files: Files) => Files;
};

export class Setup {
  readonly world = new SimulatedWorld(5, { link: { delayMs: [5, 60] } });
  readonly logs = new Map<number, LogRecord[]>();
  readonly guardians: Guardian[] = [];
  readonly ended: Promise<number>[] = [];
  /** As they were last exchanged. */
  codes: Json[] = [];

  finish<T>(promise: Promise<T>, forMs = 600_000): Promise<T> {
    return this.world.finish(promise, { forMs });
  }

  pass(ms: number): Promise<void> {
    return this.finish(sleep(this.world.process("clock").platform.clock, ms));
  }

  async start(peer: number, changes: GuardianChanges = {}): Promise<void> {
    const { p2pUrl = `fedimint://g${peer}:8173`, modules = ["meta"], files, ...options } = changes;
    const real = this.world.process(`g${peer}`).platform;
    const platform = files ? { ...real, files: files(real.files) } : real;
    const { clock } = platform;
    const log: LogRecord[] = [];
    this.logs.set(peer, log);
    const store = await this.finish(openMemoryStore({ clock, backend: new MemoryBackend({ clock }) }));
    const guardian = await this.finish(Guardian.start(guardianOptions({
      platform,
      store,
      log: (record) => log.push(record),
      setup: {
        apiUrl: `ws://g${peer}:8174/`,
        p2pUrl,
        network: "regtest",
        defaultModules: modules,
        availableModules: modules,
        disableBaseFees: false,
      },
      ...options,
    })));
    this.guardians[peer] = guardian;
    this.ended[peer] = guardian.run();
    this.ended[peer].catch(() => undefined);
  }

  call(peer: number, method: string, params: Json = null): Promise<Json> {
    const { platform } = this.world.process("admin");
    return this.finish(callGuardian(platform, `ws://g${peer}:8174/`, method, params, API_PASSWORD));
  }

  /** All but the last step of setup. */
  async exchangeCodes(): Promise<void> {
    const codes: Json[] = [];
    for (const peer of PEERS) {
      const leader = peer === 0;
      const params = { name: `g${peer}`, federation_name: leader ? "Test" : null, federation_size: leader ? 4 : null };
      codes.push(await this.call(peer, "set_local_params", params));
    }
    this.codes = codes;
    for (const peer of PEERS) {
      for (const code of codes) if (code !== codes[peer]) await this.call(peer, "add_peer_setup_code", code);
    }
  }

  async startCeremony(peers: readonly number[]): Promise<void> {
    for (const peer of peers) await this.call(peer, "start_dkg");
  }

  /** What a guardian's data directory holds at this very moment. */
  filesNow(peer: number): string[] {
    return this.world.process(`g${peer}`).disk.list(DATA_DIR) ?? [];
  }

  /** The same once all that it had begun is done. */
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

  async restart(peer: number, changes: GuardianChanges = {}): Promise<void> {
    this.world.process(`g${peer}`).restart();
    await this.start(peer, changes);
  }

  warnings(peer: number): string[] {
    return this.logs.get(peer)!.filter(({ level, path }) => level === "warn" && path.endsWith("/ceremony"))
      .map(({ message, facts }) => `${message}: ${facts.guardians}`);
  }
}

/** Up to the last step of setup. */
export async function started(optionsOf: (peer: number) => GuardianChanges = () => ({})): Promise<Setup> {
  const setup = new Setup();
  for (const peer of PEERS) await setup.start(peer, optionsOf(peer));
  await setup.exchangeCodes();
  return setup;
}
