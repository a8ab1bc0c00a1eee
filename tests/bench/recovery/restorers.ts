/**
 * A wallet restored from its words by a command line, the official one or ours, as a process whose memory is watched.
 */
import { parseJson } from "../../../core/encoding/mod.ts";
import type { JsonObject } from "../../../core/encoding/mod.ts";
import type { DevFederation } from "../../../server/dev/federation/federation.ts";
import { ownProgram } from "../../../server/dev/federation/processes.ts";
import { MINTV2_KIND } from "../../../modules/mintv2/common.ts";
import { demand } from "../../interop/suite.ts";
import { outputText, startCommand } from "../../recovery/command.ts";

export type Wanted = {
  /** Secret. */
  readonly words: string;
  /** What the wallet must have in the end. */
  readonly msat: bigint;
  readonly items: number;
  readonly dir: string;
  readonly federation: DevFederation;
};

export type Restored = {
  /** From the recovery's first event to its last. */
  readonly itemsPerSecond: number;
  /** From the start of the command until all money is in the balance. */
  readonly tookMs: number;
  readonly peakBytes: number;
  /** The same of the program when it does nothing. */
  readonly idleBytes: number;
};

export type Restorer = (wanted: Wanted) => Promise<Restored>;

const SAMPLE_MS = 100;
const RESTORE_MS = 1_200_000;

/** Peak of a process's memory until it ends. */
async function watchMemory(pid: number, ended: Promise<unknown>): Promise<number> {
  let peakBytes = 0, over = false;
  void ended.then(() => over = true);
  while (!over) {
    try {
      const status = await Deno.readTextFile(`/proc/${pid}/status`);
      const peak = /^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1];
      if (peak !== undefined) peakBytes = Math.max(peakBytes, Number(peak) * 1_024);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))]);
  }
  return peakBytes;
}

type Ran = { readonly out: string; readonly peakBytes: number; readonly tookMs: number };

async function runCommand(command: readonly string[]): Promise<Ran> {
  const begunMs = performance.now();
  const child = startCommand(command, RESTORE_MS);
  const [output, peakBytes] = await Promise.all([child.output(), watchMemory(child.pid, child.status)]);
  const err = outputText(output.stderr), out = outputText(output.stdout);
  demand(output.success, `${command.at(1)}: exit ${output.code}: ${err.slice(-2_000)}${out}`);
  return { out, peakBytes, tookMs: performance.now() - begunMs };
}

type Event = { readonly kind: string; readonly ts: number; readonly payload: { readonly module_id: number } };

/** How long the mint's recovery took, by the event log: microseconds. */
function recoveryUs(events: readonly Event[]): number {
  const ended = events.find(({ kind, payload }) =>
    kind === "module-recovery-completed" && (payload as unknown as { kind: string }).kind === MINTV2_KIND
  );
  const begun = events.find(({ kind, payload }) =>
    kind === "module-recovery-started" && payload.module_id === ended?.payload.module_id
  );
  demand(ended !== undefined && begun !== undefined, "the event log doesn't have the recovery");
  return ended.ts - begun.ts;
}

/** Both command lines take the same words. */
function restorer(command: readonly string[]): Restorer {
  return async ({ words, msat, items, dir, federation }) => {
    const run = (...args: string[]): Promise<Ran> => runCommand([...command, "--data-dir", dir, ...args]);
    const idle = await run("restore", "--help");
    const restored = await run("restore", "--mnemonic", words, "--invite-code", federation.invite);
    const rest = await run("dev", "wait-complete");
    const { total_amount_msat: found } = parseJson((await run("info")).out) as JsonObject;
    demand(BigInt(found as number | bigint) === msat, `${found} of ${msat} msat came back`);
    const events = JSON.parse((await run("dev", "show-event-log", "--limit", "1000")).out) as readonly Event[];
    return {
      itemsPerSecond: items / recoveryUs(events) * 1e6,
      tookMs: restored.tookMs + rest.tookMs,
      peakBytes: Math.max(restored.peakBytes, rest.peakBytes),
      idleBytes: idle.peakBytes,
    };
  };
}

export function officialRestorer(fedimintCli: string): Restorer {
  return restorer([fedimintCli]);
}

export const ourRestorer: Restorer = restorer(ownProgram("client/main.ts"));
