/**
 * `deno task hostile [NAME…]`: real guardians on real sockets, one of four evil, strangers and clients on top; what
 * honest people notice of each attack. `--short` is CI's form: a few seconds each, with bounds that no noise reaches.
 */
import { Command } from "commander";
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { errorText } from "../../core/result.ts";
import { orEnded } from "../../modules/contract/waiting.ts";
import type { Attack } from "./attacks.ts";
import { attacks, attacksNamed, begin } from "./attacks.ts";
import type { Row } from "./table.ts";
import { broken, HEADER, isHalted, line } from "./table.ts";
import { World } from "./world.ts";

const platform = realPlatform();

type Flags = { readonly before: string; readonly during: string; readonly short?: boolean; readonly list?: boolean };

/** An attack begins before it is measured: a process has to start, a control file to be read. */
const BEGIN_MS = 1_000;
const SETTLE_MS = 1_000;
/** A machine that others use may stand still for seconds: consensus has halted when it goes on halting. */
const HALTED_MS = 30_000;
const SHORT = { before: "1", during: "4" };

async function suffer(world: World, attack: Attack, flags: Flags): Promise<Row> {
  const { meter, federation, control } = world;
  const restarts = await meter.restarts();
  const before = await meter.measure(Number(flags.before) * 1_000);
  const running = await begin(attack, federation, control);
  try {
    await sleep(platform.clock, BEGIN_MS);
    const measure = async (ms: number): Promise<Row> => {
      const during = await meter.measure(ms), memoryMb = await meter.memoryMb();
      return { name: attack.name, before, during, memoryMb, restarts: await meter.restarts() - restarts };
    };
    const row = await measure(Number(flags.during) * 1_000);
    return isHalted(row) ? await measure(HALTED_MS) : row;
  } finally {
    await running.stop();
    await sleep(platform.clock, SETTLE_MS);
  }
}

async function run(names: readonly string[], flags: Flags, signal: AbortSignal): Promise<boolean> {
  const chosen = names.length === 0 ? attacks : attacksNamed(names);
  const dir = await Deno.makeTempDir({ prefix: "fedimint-hostile-" });
  const world = await World.start(dir, (text) => console.error(text), signal);
  const failures: string[] = [];
  let failed = 0;
  try {
    console.log(HEADER);
    for (const attack of chosen) {
      const row = await orEnded(signal, () => suffer(world, attack, flags));
      console.log(line(row));
      const reasons = broken(row);
      if (reasons.length > 0) failed++;
      for (const reason of reasons) failures.push(`${attack.name}: ${reason}`);
    }
  } finally {
    await world.close();
    await Deno.remove(dir, { recursive: true });
  }
  for (const failure of failures) console.log(`FAILED ${failure}`);
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

if (import.meta.main) {
  const command = new Command("hostile")
    .argument("[name...]", "attacks; all when none is named")
    .option("--before <seconds>", "how long is measured before an attack", "5")
    .option("--during <seconds>", "how long an attack goes on", "12")
    .option("--short", "CI's form: a few seconds each")
    .option("--list", "names the attacks")
    .parse(["deno", "hostile", ...Deno.args]);
  const given = command.opts<Flags>();
  if (given.list) {
    for (const { name, what, by } of attacks) console.log(`${name.padEnd(18)} ${by.padEnd(9)} ${what}`);
    Deno.exit(0);
  }
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interrupted.abort(new Error("Interrupted")));
  }
  try {
    const ok = await run(command.args, given.short ? { ...given, ...SHORT } : given, interrupted.signal);
    Deno.exit(ok ? 0 : 1);
  } catch (thrown) {
    console.log(`FAILED attacks: ${errorText(thrown)}\n0 passed, 1 failed`);
    Deno.exit(1);
  }
}
