/** `guardian devfed`: a whole federation on this machine until Ctrl-C. */
import { Command } from "commander";
import { realPlatform } from "../../../actors/platform/real.ts";
import { realProcessHost } from "../../../actors/platform/process.ts";
import { errorText } from "../../../core/result.ts";
import { DevFederation } from "./federation.ts";
import { DevLightning } from "./lightning.ts";
import type { LndPrograms } from "./lnd.ts";
import { findLnd } from "./lnd.ts";
import { steer, STEERING_HELP } from "./steering.ts";

type Flags = {
  readonly peers: string;
  readonly dir: string;
  readonly bitcoind?: string;
  readonly gateway?: boolean;
  readonly lnd?: boolean;
  /** The guardian's own flag. */
  readonly module?: readonly string[];
};

/** As shells have it for SIGINT. */
const INTERRUPTED_EXIT = 130;

async function run(flags: Flags): Promise<number> {
  const platform = realPlatform();
  const lnd = flags.lnd === true ? await lndOrExplain() : undefined;
  const stop = new AbortController();
  realProcessHost.onSignal(() => stop.abort());
  const federation = await DevFederation.start({
    platform,
    dir: flags.dir,
    peers: Number(flags.peers),
    progress: (text) => console.error(text),
    signal: stop.signal,
    modules: flags.module ?? [],
    ...(flags.bitcoind !== undefined && { bitcoindDir: flags.bitcoind }),
  }).catch((thrown) => {
    if (!stop.signal.aborted) throw thrown;
    return null;
  });
  if (!federation) return INTERRUPTED_EXIT;
  const lightning = flags.gateway === true || lnd !== undefined
    ? await startLightning(federation, flags.dir, stop.signal, lnd)
    : null;
  if (stop.signal.aborted) {
    await federation.stop();
    return INTERRUPTED_EXIT;
  }
  const interrupted = new Promise<void>((resolve) => {
    if (stop.signal.aborted) resolve();
    else stop.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const { username, password, url } = federation.node;
  console.log(federation.invite);
  console.error(
    `\nThe federation runs; its invite code is above. Bitcoin node: ${url} (user ${username}, password ${password}).`,
  );
  console.error(
    `API password of the guardians: ${federation.apiPassword}. Logs: ${flags.dir}/g*/guardian.log.`,
  );
  if (lightning) {
    console.error(`Gateway: ${lightning.gatewayUrl} (the same password). Logs: ${lightning.logFiles.join(", ")}.`);
  }
  console.error(`\n${nextSteps(flags.dir, federation.invite, lightning)}`);
  const steering = followInput(federation, stop.signal);
  await interrupted;
  await lightning?.stop();
  await federation.stop();
  await steering;
  return 0;
}

/** @throws {Error} saying what is missing, before anything is started */
async function lndOrExplain(): Promise<LndPrograms> {
  const found = await findLnd(realProcessHost.env);
  if (!found.ok) throw new Error(`--lnd needs LND: ${found.error}`);
  return found.value;
}

/** @returns null when it was interrupted @throws {Error} with nothing left running */
async function startLightning(
  federation: DevFederation,
  dir: string,
  signal: AbortSignal,
  lnd: LndPrograms | undefined,
): Promise<DevLightning | null> {
  try {
    const progress = (text: string): void => console.error(text);
    return await DevLightning.start(federation, { dir, signal, progress, ...(lnd && { lnd }) });
  } catch (thrown) {
    if (signal.aborted) return null;
    await federation.stop();
    throw thrown;
  }
}

/** Lines to copy, each of them whole. */
function nextSteps(dir: string, invite: string, lightning: DevLightning | null): string {
  const wallet = `deno task client --data-dir ${dir}/wallet`, chain = `deno task devchain --dir ${dir}/bitcoin`;
  return `Next, in another terminal:
  ${wallet} join ${invite}
  ${wallet} deposit --no-wait
  ${chain} pay ADDRESS "0.1 btc"
  ${wallet} balance
  ${wallet} spend "1000 sat"
  ${chain} mine 10${lightning ? lightningSteps(wallet, lightning.outsideLines) : ""}
Here, a line each; Ctrl-C ends everything:
${STEERING_HELP.split("\n").map((line) => `  ${line}`).join("\n")}`;
}

function lightningSteps(wallet: string, { invoice, pay }: DevLightning["outsideLines"]): string {
  return `
  ${invoice}
  ${wallet} pay INVOICE
  ${wallet} invoice "1000 sat"
  ${pay} INVOICE`;
}

/** Lines of the person in front of it, one after the other; where there is no input, nobody steers. */
async function followInput(federation: DevFederation, signal: AbortSignal): Promise<void> {
  const lines = realProcessHost.stdin()[Symbol.asyncIterator]();
  const end = new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null), { once: true }));
  for (;;) {
    const next = signal.aborted ? null : await Promise.race([lines.next(), end]);
    if (next === null || next.done) return;
    const told = await Promise.race([steer(federation, next.value), end]);
    if (told !== null && told !== "") console.error(told);
  }
}

export function devfedCommand(): Command {
  return new Command("devfed")
    .description(
      "Starts a chain and guardians on this machine, does the ceremony, prints the invite code, and runs until Ctrl-C",
    )
    .addHelpText("after", `\nWhile it runs it takes lines from standard input:\n${STEERING_HELP}`)
    .option("--peers <number>", "guardians: 1, or 4 and more", "4")
    .option("--dir <folder>", "where everything is kept; must be new or empty", "./devfed")
    .option("--bitcoind <folder>", "use the bitcoind in this folder instead of the embedded chain")
    .option("--gateway", "with a Lightning gateway, and a node of the outside world, with a channel each way")
    .option("--lnd", "the same with real LNDs, from INTEROP_DIR or the path")
    .action(async (_flags: Flags, command: Command) => {
      try {
        Deno.exit(await run(command.optsWithGlobals<Flags>()));
      } catch (thrown) {
        console.error(`error: ${errorText(thrown)}`);
        Deno.exit(1);
      }
    });
}
