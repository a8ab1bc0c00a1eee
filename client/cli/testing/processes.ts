/** For tests: the command line as real processes, and guardians for them in the test's own process. */
import type { Listener, Platform } from "../../../actors/platform/platform.ts";
import type { InviteCode } from "../../../core/types/invite_code.ts";
import { toyFederation } from "../../testing/federation.ts";
import type { Script } from "../../testing/world.ts";
import { HONEST, serveGuardian } from "../../testing/world.ts";

export const MAIN = new URL("../../main.ts", import.meta.url).pathname;
export const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;
const GUARDIANS = [0, 1, 2, 3];

export function start(
  args: readonly string[],
  env: Record<string, string> = {},
  stdin: "null" | "piped" = "null",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", CONFIG, MAIN, ...args],
    env: { RUST_LOG: "off", ...env },
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

export async function ended(child: Deno.ChildProcess): Promise<{ exit: number; out: string; err: string }> {
  const { code, stdout, stderr } = await child.output();
  return { exit: code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

export function run(...args: string[]): Promise<{ exit: number; out: string; err: string }> {
  return ended(start(args));
}

export type Federation = { readonly invite: InviteCode; readonly close: () => Promise<void> };

/**
 * Guardians of this process at free ports.
 * @param admits whom they let connect
 * @param scripted what they answer, from what honest ones do
 */
export async function federation(
  platform: Platform,
  admits: (headers: Headers) => boolean = () => true,
  scripted: (honest: Script) => Script = (honest) => honest,
): Promise<Federation> {
  const behaviour = { ...HONEST, admits };
  let script: Script = () => null;
  const listeners: Listener[] = [];
  for (const peer of GUARDIANS) {
    const at = { hostname: "127.0.0.1", port: 0 };
    listeners.push(await serveGuardian(platform, at, peer, (asked) => script(asked), behaviour));
  }
  const urlOf = (peer: number): string => `ws://127.0.0.1:${listeners[peer]!.address.port}/`;
  const { honest, invite } = toyFederation({ urlOf, modules: new Map([[0, "toy"]]) });
  script = scripted(honest);
  return {
    invite,
    close: async () => {
      for (const listener of listeners) await listener.close();
    },
  };
}

/** Looks again and again, for 10 s at the most. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 4_000; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not come to that in three minutes");
}
