/** A guardian of its own as a process: for cases that look at a whole program. */
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import type { Store } from "../../../actors/store/store.ts";
import { openDatabase } from "../../../server/database.ts";
import { DevFederation } from "../../../server/dev/federation/federation.ts";
import type { Usage } from "../usage.ts";
import { readBytesOf, usageOf } from "../usage.ts";
import { withFolder } from "./consensus.ts";

const platform = realPlatform();

export class OneGuardian {
  readonly federation: DevFederation;

  private constructor(federation: DevFederation) {
    this.federation = federation;
  }

  /** A federation of one, stopped when `body` is done. */
  static with<T>(body: (guardian: OneGuardian) => Promise<T>): Promise<T> {
    return withFolder(async (folder) => {
      const federation = await DevFederation.start({
        platform,
        dir: join(folder, "federation"),
        peers: 1,
        progress: (text) => console.error(`  ${text}`),
        env: { FM_DISABLE_BASE_FEES: "1", FM_ENABLE_MODULE_LNV2: "0" },
      });
      try {
        return await body(new OneGuardian(federation));
      } finally {
        await federation.stop();
      }
    });
  }

  get #guardian() {
    return this.federation.guardians[0]!;
  }

  get apiUrl(): string {
    return this.#guardian.apiUrl;
  }

  get dir(): string {
    return this.#guardian.dir;
  }

  usage(): Promise<Usage> {
    return usageOf(this.#guardian.process.pid);
  }

  readBytes(): Promise<number> {
    return readBytesOf(this.#guardian.process.pid);
  }

  /** Stops it, does something to its folder, starts it again; resolves when its API answers. */
  async whileStopped(work: () => Promise<void>): Promise<void> {
    await this.federation.halt(0);
    await work();
    await this.federation.restart(0);
  }

  /** Opens its database: only while it is stopped. */
  async database(): Promise<Store> {
    return await openDatabase(platform, this.dir);
  }

  /** What it takes to wait so long. */
  async rest(ms: number): Promise<{ readonly cpuMs: number; readonly usage: Usage }> {
    const before = await this.usage();
    await new Promise((resolve) => setTimeout(resolve, ms));
    const usage = await this.usage();
    return { cpuMs: (usage.cpuSeconds - before.cpuSeconds) * 1_000, usage };
  }
}
