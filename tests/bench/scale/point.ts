/** One measurement of `bench:scale`: a case at a size, in a process of its own, so that no other's memory is in it. */
import { cpuUsage } from "node:process";

/** What a case took at a size. */
export type Point = {
  readonly size: number;
  /** By how many all that follows is divided. */
  readonly items: number;
  readonly cpuMs: number;
  /** Memory that is held afterwards, beyond what was before; null where it says nothing. */
  readonly bytes: number | null;
  /** Further sums that show why: reads, messages, bytes. */
  readonly counts: Readonly<Record<string, number>>;
};

export type ScaleCase = {
  /** What is measured, for people. */
  readonly title: string;
  /** What the size counts. */
  readonly sizeOf: string;
  /** What an item is. */
  readonly item: string;
  readonly sizes: readonly number[];
  /** How much an item may cost at a size, relative to another; by default the same. */
  readonly expected?: (size: number) => number;
  readonly measure: (size: number) => Promise<Point>;
};

/** CPU of this process with all its threads, ms. */
function cpuMsNow(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

/** Bytes that are held, after what nobody holds was collected: the process needs V8's flag `--expose-gc`. */
function heldBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error("Run with --v8-flags=--expose-gc: memory can't be measured without");
  for (let i = 0; i < 3; i++) gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** What a piece of work takes of this process. */
export async function spent<T>(
  work: () => Promise<T>,
): Promise<{ readonly cpuMs: number; readonly bytes: number; readonly value: T }> {
  const heldBefore = heldBytes(), cpuBefore = cpuMsNow();
  const value = await work();
  const cpuMs = cpuMsNow() - cpuBefore;
  return { cpuMs, bytes: heldBytes() - heldBefore, value };
}

/** How often a database of this process was asked for something from now on: what its cache knows isn't counted. */
export function countReads(): { readonly reads: number } {
  const counts = { reads: 0 };
  const kv = Deno.Kv.prototype;
  const { get, getMany, list } = kv;
  kv.get = function (this: Deno.Kv, ...args: Parameters<typeof get>) {
    counts.reads++;
    return get.apply(this, args);
  } as typeof get;
  kv.getMany = function (this: Deno.Kv, ...args: Parameters<typeof getMany>) {
    counts.reads++;
    return getMany.apply(this, args);
  } as typeof getMany;
  kv.list = function (this: Deno.Kv, ...args: Parameters<typeof list>) {
    counts.reads++;
    return list.apply(this, args);
  } as typeof list;
  return counts;
}
