/** What processes use, from their /proc files (Linux). */

const CLOCK_TICKS_PER_SECOND = 100;

export type Usage = { readonly cpuSeconds: number; readonly residentBytes: number };

export async function usageOf(pid: number): Promise<Usage> {
  const stat = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]!.split(" ");
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kilobytes = Number(/VmRSS:\s+([0-9]+)/.exec(status)![1]);
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / CLOCK_TICKS_PER_SECOND,
    residentBytes: kilobytes * 1024,
  };
}
