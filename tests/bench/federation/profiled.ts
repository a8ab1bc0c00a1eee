/** One of our guardians with V8's profiler, and what came of it. */
import { join } from "@std/path";
import type { GuardianProgram } from "../../../server/dev/federation/federation.ts";
import { ownProgram } from "../../../server/dev/federation/processes.ts";
import type { Suite } from "../../interop/suite.ts";
import { demand } from "../../interop/suite.ts";
import { tableLine } from "../table.ts";
import { threadSecondsOf } from "../usage.ts";
import type { CpuProfile, Share, Window } from "./profile.ts";
import { sharesOf } from "./profile.ts";

const PROFILED = 0;
/** The program's own arguments come after it. */
const RUN = "run";
/** V8's thread that takes the samples. */
const PROFILER = /^v8:Prof/;

/** What it did at that time, and the CPU of its threads, seconds by their names. */
type Watched = { readonly what: string; readonly window: Window; readonly threads: ReadonlyMap<string, number> };

export class ProfiledGuardian {
  readonly #dir: string;
  /** Windows are µs of the day's clock. */
  readonly #watched: Watched[] = [];

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async prepare(suite: Suite): Promise<ProfiledGuardian> {
    const dir = join(suite.dir, "profile");
    await Deno.mkdir(dir);
    return new ProfiledGuardian(dir);
  }

  program(peer: number): GuardianProgram | undefined {
    if (peer !== PROFILED) return undefined;
    const command = ownProgram("server/main.ts");
    command.splice(command.indexOf(RUN) + 1, 0, "--cpu-prof", `--cpu-prof-dir=${this.#dir}`);
    return { command, env: {} };
  }

  /** @param pid its process */
  async during<T>(what: string, pid: number, measured: () => Promise<T>): Promise<T> {
    const before = await threadSecondsOf(pid), fromUs = Date.now() * 1_000;
    const result = await measured();
    const window = { fromUs, toUs: Date.now() * 1_000 };
    const used = [...await threadSecondsOf(pid)].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]);
    this.#watched.push({ what, window, threads: new Map(used as [string, number][]) });
    return result;
  }

  /** When the guardian has ended. */
  async lines(): Promise<string[]> {
    const [file] = [...Deno.readDirSync(this.#dir)].map(({ name }) => name);
    const begunUs = Number(/^CPU\.([0-9]+)\./.exec(file ?? "")?.[1]) * 1_000;
    demand(file !== undefined && begunUs > 0, "the guardian wrote no profile");
    const profile = JSON.parse(await Deno.readTextFile(join(this.#dir, file))) as CpuProfile;
    return this.#watched.flatMap(({ what, window: { fromUs, toUs }, threads }) =>
      profileLines(what, sharesOf(profile, { fromUs: fromUs - begunUs, toUs: toUs - begunUs }), threads)
    );
  }
}

function profileLines(what: string, shares: readonly Share[], threads: ReadonlyMap<string, number>): string[] {
  const part = (value: number, sum: number): string => `${(value / sum * 100).toFixed(1)} %`;
  const sampledUs = shares.reduce((sum, { us }) => sum + us, 0);
  const own = [...threads].filter(([name, seconds]) => seconds > 0 && !PROFILER.test(name));
  const seconds = own.reduce((sum, [, each]) => sum + each, 0);
  return [
    "",
    tableLine(`one guardian's threads, ${what}`, [`${seconds.toFixed(1)} s`]),
    ...own.sort(([, a], [, b]) => b - a).map(([name, each]) => tableLine(name, [part(each, seconds)])),
    "",
    tableLine("its JavaScript thread, when it isn't idle", [`${(sampledUs / 1e6).toFixed(1)} s sampled`]),
    ...shares.map(({ subject, us }) => tableLine(subject, [part(us, sampledUs)])),
  ];
}
