/** What processes use, from their /proc files (Linux). */

const CLOCK_TICKS_PER_SECOND = 100;

export type Usage = {
  readonly cpuSeconds: number;
  /** Resident, the program's pages that all its processes share among them. */
  readonly residentBytes: number;
  /** Resident and nobody else's. */
  readonly ownBytes: number;
};

/** Sum of the lines with these names, which are in kB. */
function bytesOf(text: string, ...names: readonly string[]): number {
  const found = names.map((name) => Number(new RegExp(`^${name}:\\s+([0-9]+) kB$`, "m").exec(text)![1]));
  return found.reduce((sum, kilobytes) => sum + kilobytes * 1024, 0);
}

/** Of a process or thread, by its `stat`: the name in it may have any characters. Seconds. */
export function cpuOfStat(stat: string): { readonly own: number; readonly reaped: number } {
  const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  const seconds = (user: number, system: number) =>
    (Number(fields[user]) + Number(fields[system])) / CLOCK_TICKS_PER_SECOND;
  return { own: seconds(11, 12), reaped: seconds(13, 14) };
}

/** What processes took that this one started and that have ended. */
export async function reapedCpuSeconds(): Promise<number> {
  return cpuOfStat(await Deno.readTextFile("/proc/self/stat")).reaped;
}

export async function usageOf(pid: number): Promise<Usage> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const memory = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return {
    cpuSeconds: cpuOfStat(stat).own,
    residentBytes: bytesOf(memory, "Rss"),
    ownBytes: bytesOf(memory, "Private_Clean", "Private_Dirty"),
  };
}

/** CPU of a process's threads, seconds, by their names: threads of one name together. */
export async function threadSecondsOf(pid: number): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for await (const { name: thread } of Deno.readDir(`/proc/${pid}/task`)) {
    // one may end meanwhile
    const stat = await Deno.readTextFile(`/proc/${pid}/task/${thread}/stat`).catch(() => null);
    if (stat === null) continue;
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    sums.set(name, (sums.get(name) ?? 0) + cpuOfStat(stat).own);
  }
  return sums;
}

/** What a process has read since its start, from files and sockets, bytes. */
export async function readBytesOf(pid: number): Promise<number> {
  return Number(/^rchar: ([0-9]+)$/m.exec(await Deno.readTextFile(`/proc/${pid}/io`))![1]);
}

/** CPU that processes used between two looks at them, seconds. @param after of the same processes, in the same order */
export function cpuSecondsBetween(before: readonly Usage[], after: readonly Usage[]): number {
  if (before.length !== after.length) throw new RangeError("There must be a look before and after at each process");
  return after.reduce((sum, { cpuSeconds }, i) => sum + cpuSeconds - before[i]!.cpuSeconds, 0);
}

/** Open connections of a process, and sockets on which it listens. */
export async function socketsOf(pid: number): Promise<number> {
  let sockets = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    // one may be closed meanwhile
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
    if (target.startsWith("socket:")) sockets++;
  }
  return sockets;
}
