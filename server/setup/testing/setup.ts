/** For tests: setup as its API shows it, on a disk in memory. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { manualClock } from "../../../actors/testing/platform.ts";
import { child, createSystem, refTo, supervisor } from "../../../actors/mod.ts";
import type { SimulatedDisk } from "../../../actors/platform/simulated/disk.ts";
import type { BitcoinNetwork } from "../../../core/bitcoin/mod.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { formatSetupCode } from "../../../core/types/setup_code.ts";
import type { BitcoinStatus } from "../../../modules/contract/bitcoin.ts";
import type { Method } from "../../api/dispatch.ts";
import { call } from "../../api/testing/calls.ts";
import { DIR, emptyDisk, filesOn, fullAt } from "./disk.ts";
import type { CeremonyParams, SetupSettings } from "../setup.ts";
import type { SetupRef } from "../setup_actor.ts";
import { setup } from "../setup_actor.ts";
import { setupMethods } from "../setup_methods.ts";
import { peerCode, SETTINGS, setupPlatform } from "./ceremony.ts";

export const DENIED = { code: 401, message: "Invalid authorization" };
export const LEADER = {
  name: "g0",
  federation_name: "test",
  disable_base_fees: null,
  enabled_modules: null,
  federation_size: 4,
};
export const FOLLOWER = { ...LEADER, federation_name: null, federation_size: null };
/** Of guardians 1 to 3. */
export const CODES = [1, 2, 3].map((peer) => formatSetupCode(peerCode(peer)));

type Test = {
  readonly ask: (method: string, params?: Json, auth?: string | null) => Promise<Json>;
  readonly params: () => Promise<CeremonyParams>;
};

type Surroundings = {
  readonly settings?: SetupSettings;
  /** What is on it is kept from one setup to the next. */
  readonly disk?: SimulatedDisk;
  /** The Bitcoin node's network; null while it doesn't answer. */
  readonly nodeNetwork?: () => BitcoinNetwork | null;
  /** Whether the disk takes nothing. */
  readonly isFull?: () => boolean;
  /** Of the certificates that are made. */
  readonly seed?: number;
  /** Warnings that are meant to be. */
  readonly warns?: readonly string[];
};

export async function withSetup(body: (test: Test) => Promise<void>, surroundings: Surroundings = {}): Promise<void> {
  const { settings = SETTINGS, disk = emptyDisk(), nodeNetwork = () => null, isFull = () => false } = surroundings;
  const files = filesOn(disk, () => isFull() ? fullAt(0)(0) : undefined);
  const platform = { ...manualClock().platform, files, network: setupPlatform(surroundings.seed ?? 0).network };
  const status = (): Promise<BitcoinStatus | null> => {
    const network = nodeNetwork();
    const rest = { chainId: "", blockCount: 1, feerateSatPerKvb: null, syncProgress: null };
    return Promise.resolve(network && { network, ...rest });
  };
  const problems: string[] = [];
  const log = ({ level, message }: { level: string; message: string }): void => {
    if (level === "error" || level === "warn") problems.push(message);
  };
  const system = createSystem({ platform, log });
  await system.start(
    supervisor("root", { children: [child(setup, { args: { settings, dataDir: DIR, bitcoin: { status } } })] }),
  );
  const ref: SetupRef = refTo("root/setup");
  const methods = setupMethods(system, ref, "pass");
  const table = new Proxy({}, {
    get: (_, name) => methods(String(name)),
    getOwnPropertyDescriptor: (_, name) =>
      methods(String(name)) && { configurable: true, enumerable: true, value: methods(String(name)) },
  }) as Record<string, Method>;
  await body({
    ask: (method, params = null, auth = "pass") => call(table, method, params, auth),
    params: () => system.ask(ref, "params", null),
  });
  assertEquals(problems, surroundings.warns ?? [], "nothing crashed");
  void system.stop();
}

/** The request is refused with this code and a text like this. */
export async function refused(answer: Promise<Json>, code: number, text: RegExp): Promise<void> {
  const answered = await answer;
  assert(answered !== null && typeof answered === "object", `it was taken: ${Deno.inspect(answered)}`);
  const { code: got, message } = answered as JsonObject;
  assertMatch(String(message), text);
  assertEquals(got, code, String(message));
}
