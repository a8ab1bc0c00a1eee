/** A command as a process of its own: what it said, and what it took. */
import { outputText, startCommand } from "../recovery/command.ts";
import { reapedCpuSeconds } from "./usage.ts";

const SAMPLE_MS = 20;

export type Ran = {
  readonly out: string;
  readonly tookMs: number;
  /** With all processes that it started and waited for. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
};

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

/** One at a time: CPU is what processes that ended meanwhile took. @throws {Error} when it doesn't end well */
export async function runCommand(command: readonly string[], withinMs: number): Promise<Ran> {
  const beforeSeconds = await reapedCpuSeconds(), begunMs = performance.now();
  const child = startCommand(command, withinMs);
  const [output, peakBytes] = await Promise.all([child.output(), watchMemory(child.pid, child.status)]);
  const tookMs = performance.now() - begunMs, cpuSeconds = await reapedCpuSeconds() - beforeSeconds;
  const err = outputText(output.stderr), out = outputText(output.stdout);
  if (!output.success) {
    throw new Error(`${command.slice(-2).join(" ")}: exit ${output.code}: ${err.slice(-2_000)}${out}`);
  }
  return { out, tookMs, cpuSeconds, peakBytes };
}
