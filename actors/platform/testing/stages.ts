/** Runs one test on the machine's own platform and in a simulated world: what the contract says must hold in both. */
import { testsNeeding } from "../../../core/testing/permissions.ts";
import type { Platform } from "../platform.ts";
import { realPlatform } from "../real.ts";
import { SimulatedWorld } from "../simulated/mod.ts";

export type Stage = {
  readonly server: Platform;
  readonly client: Platform;
  /** By which the client dials the server. */
  readonly host: string;
  /** An empty folder of the server. */
  readonly folder: string;
  /** What was reported: errors of handlers. */
  readonly reports: string[];
};

const SEED = 20;

const onMachine = testsNeeding("read", "write", "net");

/** The simulated form runs with several seeds, each with other delays and other pieces of what is written. */
export function onBoth(name: string, body: (stage: Stage) => Promise<void>): void {
  onMachine(`${name} (real)`, async () => {
    const reports: string[] = [];
    const platform = realPlatform((what) => reports.push(what));
    const folder = await Deno.makeTempDir({ prefix: "platform-" });
    try {
      await body({ server: platform, client: platform, host: "127.0.0.1", folder, reports });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
  Deno.test(`${name} (simulated)`, async () => {
    for (let seed = SEED; seed < SEED + 3; seed++) {
      const reports: string[] = [];
      const world = new SimulatedWorld(seed, { report: (what) => reports.push(what) });
      const [server, client] = [world.process("server").platform, world.process("client").platform];
      const done = (async () => {
        await server.files.makeDirectory("/data");
        await body({ server, client, host: "server", folder: "/data", reports });
      })();
      await world.finish(done, { untilMs: 600_000 });
    }
  });
}

/** Whatever `promise` rejects with, or the word that it did not. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => "no rejection", (thrown) => thrown);
}
