/**
 * A wallet restored from its words by a command line, the official one or ours, as a process whose memory is watched.
 */
import { parseJson } from "../../../core/encoding/mod.ts";
import type { JsonObject } from "../../../core/encoding/mod.ts";
import type { DevFederation } from "../../../server/dev/federation/federation.ts";
import { ownProgram } from "../../../server/dev/federation/processes.ts";
import { MINTV2_KIND } from "../../../modules/mintv2/common.ts";
import { demand } from "../../interop/suite.ts";
import type { Ran } from "../command.ts";
import { runCommand } from "../command.ts";

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

const RESTORE_MS = 1_200_000;

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
    const run = (...args: string[]): Promise<Ran> => runCommand([...command, "--data-dir", dir, ...args], RESTORE_MS);
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
