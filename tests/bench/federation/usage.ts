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

export async function usageOf(pid: number): Promise<Usage> {
  const stat = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]!.split(" ");
  const memory = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / CLOCK_TICKS_PER_SECOND,
    residentBytes: bytesOf(memory, "Rss"),
    ownBytes: bytesOf(memory, "Private_Clean", "Private_Dirty"),
  };
}
