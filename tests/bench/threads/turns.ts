/**
 * Turns of a guardian's event loop, for `--preload`: a timer looks how much CPU the main thread took since the last
 * time, which is what one turn took, or a few short ones. Time wouldn't tell: on a busy machine a thread waits for its
 * core. The most within each second is a line of a file, behind the second.
 */

/** Names the file. */
export const TURNS_FILE = "BENCH_TURNS_FILE";

const LOOK_MS = 5;

export type Turn = { readonly atMs: number; readonly cpuMs: number };

/** CPU of the thread that the process began with, as Linux tells it. */
function mainThreadMs(): number {
  const [ns] = Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/schedstat`).split(" ");
  return Number(ns) / 1_000_000;
}

function watch(file: string): void {
  let lastMs = mainThreadMs(), second = 0, most = 0;
  const timer = setInterval(() => {
    const nowMs = mainThreadMs(), now = Math.floor(Date.now() / 1_000);
    if (now !== second) {
      Deno.writeTextFileSync(file, `${second} ${most.toFixed(1)}\n`, { append: true });
      [second, most] = [now, 0];
    }
    most = Math.max(most, nowMs - lastMs);
    lastMs = nowMs;
  }, LOOK_MS);
  // the guardian ends without waiting for it
  Deno.unrefTimer(timer);
}

/** What such a file tells. */
export function turnsOf(text: string): Turn[] {
  return text.trimEnd().split("\n").map((line) => {
    const [second, cpuMs] = line.split(" ");
    return { atMs: Number(second) * 1_000, cpuMs: Number(cpuMs) };
  });
}

const file = Deno.env.get(TURNS_FILE);
if (file !== undefined) watch(file);
