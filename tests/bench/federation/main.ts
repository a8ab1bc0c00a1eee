/**
 * `deno task bench:federation`: four guardian processes under loads of e-cash transactions of 1, 10 and 30 notes in and
 * as many out; beside the same loads on official guardians where `fedimintd` is found. Each load is for ours and the
 * official ones in turn, and whoever hasn't the turn is still.
 */
import { Command } from "commander";
import { errorText } from "../../../core/result.ts";
import { findPrograms } from "../../interop/programs.ts";
import type { Suite } from "../../interop/suite.ts";
import { inFolder } from "../../interop/suite.ts";
import { wholeNumber, wholeNumbers } from "../options.ts";
import type { Guardians } from "./guardians.ts";
import type { LoadFigures, RestFigures } from "./measure.ts";
import { measureLoad, measureRest } from "./measure.ts";
import type { Both } from "./pair.ts";
import { byTurns, startPair } from "./pair.ts";
import { tellingProgram } from "./heap.ts";
import { ProfiledGuardian } from "./profiled.ts";
import { heading, loadLines, restLines } from "./report.ts";
import { soak } from "./soak.ts";

type Options = {
  readonly seconds: number;
  readonly rest: number;
  readonly lanes: number;
  readonly notes: readonly number[];
  readonly down?: true;
  readonly oursOnly?: true;
  readonly profile?: true;
  readonly soak?: number;
  readonly json?: string;
};

/** Of ten notes; the last guardian is the one that is started again. */
async function soakOurs(suite: Suite, { lanes, soak: seconds = 0 }: Options): Promise<void> {
  const { ours } = await startPair(suite, { fedimintd: null, down: false, program: tellingProgram });
  ours.resume();
  console.log(`\n${lanes} transactions of ten notes at a time; each guardian's own memory (JavaScript alive/its heap)`);
  await soak(ours, { notes: 10, lanes, seconds, restarted: ours.pids.length - 1 });
}

type Figures = {
  readonly rest: Both<RestFigures>;
  readonly loads: readonly Both<LoadFigures>[];
  readonly load: number;
};

async function bench(suite: Suite, fedimintd: string | null, options: Options): Promise<Figures> {
  const { lanes, seconds, down = false } = options;
  const profiled = options.profile ? await ProfiledGuardian.prepare(suite) : null;
  const program = (peer: number) => profiled?.program(peer);
  const pair = await startPair(suite, { fedimintd, down, program }), { ours } = pair;
  const watched = <T>(what: string, guardians: Guardians, measured: () => Promise<T>): Promise<T> =>
    guardians === ours && profiled ? profiled.during(what, ours.pids[0]!, measured) : measured();
  const rest = await byTurns(
    pair,
    (guardians) => watched("at rest", guardians, () => measureRest(guardians, options.rest * 1_000)),
  );
  const stopped = down ? ", one of four guardians stopped" : "";
  console.log(`\n${heading(`${lanes} transactions at a time${stopped}`)}`);
  for (const line of restLines(rest)) console.log(line);
  const loads: Both<LoadFigures>[] = [];
  for (const notes of options.notes) {
    console.error(`${notes} notes, ${seconds} seconds each`);
    const figures = await byTurns(pair, (guardians) =>
      measureLoad(guardians, {
        notes,
        lanes,
        seconds,
        rest: guardians === ours ? rest.ours : rest.official!,
        watched: (measured) => watched(`${notes} notes`, guardians, measured),
      }));
    const size = `${notes} in, ${notes} out, ${figures.ours.transactionBytes} bytes`;
    console.log(`\n${heading(`${size}, machine's load ${Deno.loadavg()[0]!.toFixed(1)}`)}`);
    for (const line of loadLines(figures)) console.log(line);
    loads.push(figures);
  }
  if (profiled) {
    ours.resume();
    await ours.stop();
    for (const line of await profiled.lines()) console.log(line);
  }
  return { rest, loads, load: Deno.loadavg()[0]! };
}

if (import.meta.main) {
  const options = new Command("bench:federation")
    .option("--seconds <number>", "how long each load is measured", wholeNumber, 10)
    .option("--rest <seconds>", "how long guardians are looked at before", wholeNumber, 5)
    .option("--lanes <number>", "transactions at the same time", wholeNumber, 8)
    .option("--notes <numbers>", "notes in a transaction, commas between", wholeNumbers, [1, 10, 30])
    .option("--down", "with one guardian stopped")
    .option("--ours-only", "without official guardians")
    .option("--profile", "also where the time of one of our guardians goes; its own CPU is higher then")
    .option("--soak <seconds>", "instead of all that: ours for so long, one of them started again", wholeNumber)
    .option("--json <file>", "writes all figures there too")
    .parse(["deno", "bench", ...Deno.args]).opts<Options>();
  try {
    const programs = options.oursOnly || options.soak !== undefined ? null : await findPrograms("fedimintd");
    if (programs && !programs.ok) console.log(`no official guardians to compare with: ${programs.error}`);
    const fedimintd = programs?.ok ? programs.value.fedimintd : null;
    await inFolder("fedimint-bench-", async (suite) => {
      if (options.soak !== undefined) return await soakOurs(suite, options);
      const figures = await bench(suite, fedimintd, options);
      if (options.json) await Deno.writeTextFile(options.json, JSON.stringify({ options, ...figures }, null, 2));
    });
    Deno.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    Deno.exit(1);
  }
}
