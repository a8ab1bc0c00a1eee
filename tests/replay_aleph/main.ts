/**
 * `deno task replay-aleph [FILE…]`: recorded runs of the reference against our broadcast. Without files, those of
 * `tests/vectors/aleph`. A line a file; ends with `N passed, N failed`, exit code 1 when one failed.
 */
import { SeededDice } from "../../server/broadcast/dice.ts";
import { checkMachines } from "./machine.ts";
import { checkBackup, checkHeader, checkOrders, SHUFFLES, verticesOf } from "./order.ts";
import type { Recording } from "./recording.ts";
import { readRecording } from "./recording.ts";
import { checkMessages, checkUnits, Signatures } from "./wire.ts";

const FOLDER = new URL("../vectors/aleph/", import.meta.url).pathname;
/** For the shuffles. */
const SEED = 1;
const FAULTS_SHOWN_MAX = 5;

type Report = { readonly faults: readonly string[]; readonly figures: string };

function check(recording: Recording): Report {
  const signatures = new Signatures(recording);
  const dice = new SeededDice(new Uint8Array(16).fill(SEED));
  const vertices = verticesOf(recording);
  const machines = checkMachines(recording);
  const faults = [
    ...checkMessages(recording, signatures),
    ...checkUnits(recording, signatures),
    ...recording.lives.flatMap((life) => [
      ...checkOrders(life, vertices, recording.meta.threshold, dice),
      ...checkBackup(recording, life),
      ...checkHeader(recording, life),
    ]),
    ...machines.faults,
  ];
  const figures =
    `${recording.messages.length} messages, ${signatures.count} signatures, ${recording.units.length} units, ` +
    `${recording.lives.length} × ${SHUFFLES + 1} orders, ${machines.figures}`;
  return { faults, figures };
}

async function filesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (/\.json(\.gz)?$/.test(name)) names.push(folder + name);
  return names.sort();
}

const files = Deno.args.length > 0 ? Deno.args : await filesIn(FOLDER);
console.log(`shuffles from seed ${SEED}`);
let failed = files.length === 0 ? 1 : 0;
for (const file of files) {
  const started = performance.now();
  let report: Report;
  try {
    report = check(await readRecording(file));
  } catch (thrown) {
    report = {
      faults: [thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown)],
      figures: "not replayed",
    };
  }
  const { faults, figures } = report;
  if (faults.length > 0) failed++;
  const name = file.split("/").at(-1)!;
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${faults.length === 0 ? "ok    " : "FAILED"} ${name.padEnd(24)} ${figures}, ${seconds} s`);
  for (const fault of faults.slice(0, FAULTS_SHOWN_MAX)) console.log(`       ${fault}`);
  if (faults.length > FAULTS_SHOWN_MAX) console.log(`       and ${faults.length - FAULTS_SHOWN_MAX} more`);
}
console.log(`${files.length - failed} passed, ${failed} failed`);
if (failed > 0) Deno.exit(1);
