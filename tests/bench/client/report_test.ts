import { assert, assertEquals } from "@std/assert";
import { clientLines, idleLines } from "./report.ts";
import { costOf } from "./steps.ts";

const MB = 2 ** 20;

Deno.test("commands one after the other cost their sum, and the largest one's memory", () => {
  const cost = costOf(
    { cpuSeconds: 0.5, tookMs: 700, peakBytes: 80 * MB },
    { cpuSeconds: 1.25, tookMs: 300, peakBytes: 60 * MB },
  );
  assertEquals(cost, { cpuSeconds: 1.75, wallMs: 1_000, peakBytes: 80 * MB });
});

const runs = (...seconds: readonly number[]) =>
  seconds.map((cpuSeconds) => new Map([["join", { cpuSeconds, wallMs: 2_000, peakBytes: 50 * MB }]]));

Deno.test("of several runs the median is shown and compared, with the least and the most", () => {
  const lines = clientLines("ours", { ours: runs(3, 1, 2), built: runs(1, 1, 2), official: runs(4, 4, 8) });
  const join = lines.filter((line) => line.startsWith("join")).map((line) => line.split(/\s{2,}/));
  assertEquals(join, [
    ["join", "2.00 s (1.00 s–3.00 s)", "1.00 s (1.00 s–2.00 s)", "4.00 s (4.00 s–8.00 s)", "×0.50", "×0.25"],
    ["join", "2.00 s (2.00 s–2.00 s)", "2.00 s (2.00 s–2.00 s)", "2.00 s (2.00 s–2.00 s)", "×1.00", "×1.00"],
    ["join", "50 MB (50 MB–50 MB)", "50 MB (50 MB–50 MB)", "50 MB (50 MB–50 MB)", "×1.00", "×1.00"],
  ]);
});

Deno.test("one run is shown alone, and without the official client there is no ratio", () => {
  const lines = clientLines("ours", { ours: runs(2), built: runs(1), official: null });
  assert(lines.some((line) => /^join +2\.00 s +1\.00 s +–$/.test(line)));
  const idle = { cpuSecondsAMinute: 0.5, ownBytes: 60 * MB, residentBytes: 110 * MB, sockets: 5 };
  const built = { ...idle, sockets: 4 },
    last = (official: typeof idle | null): string[] =>
      idleLines({ ours: idle, built, official }).at(-1)!.split(/\s{2,}/);
  assertEquals(last(null), ["open connections", "5", "4", "–"]);
  assertEquals(last({ ...idle, sockets: 8 }), ["open connections", "5", "4", "8", "×0.63", "×0.50"]);
});
