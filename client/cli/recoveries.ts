/** Recoveries of a wallet, for people: how they go on, what they brought, and that figures are too small until then. */
import { sleep } from "../../actors/platform/platform.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { Derivation } from "../../modules/contract/recovery.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import type { Client } from "../core/client.ts";
import type { RecoveryStatus } from "../recovery/status.ts";
import type { CliIo } from "./io.ts";
import { moneyText } from "./money.ts";
import { printable } from "./printable.ts";
import { RecoveryProgress } from "./progress.ts";
import { durationText } from "./time.ts";

/** Between two lines: one that is redrawn where somebody sees it, else a new one. */
const REDRAW_MS = 250;
const LINE_MS = 10_000;
/** So long nothing may move before it is said. */
const STILL_MS = 30_000;
const STILL_POLL_MS = 1_000;

/**
 * Does `work`, and shows meanwhile how far it is. On the terminal one line that is redrawn, else one now and then when
 * it is another.
 */
async function showing<T>(
  { platform: { clock }, terminal, err, signal }: CliIo,
  line: Line,
  work: Promise<T>,
): Promise<T> {
  const done = new AbortController(), until = AbortSignal.any([done.signal, signal]);
  const show = async (): Promise<void> => {
    for (let told = "";;) {
      // ends early when all is done
      await sleep(clock, terminal ? REDRAW_MS : LINE_MS, until).catch(() => {});
      if (until.aborted) return;
      const text = await line(clock.monotonicMs());
      // a line that wraps couldn't be redrawn; some terminals don't say how wide they are
      if (terminal) err(`\r\x1b[K${terminal.columns > 1 ? text.slice(0, terminal.columns - 1) : text}\r`);
      else if (text !== told) err(`${text}\n`);
      told = text;
    }
  };
  const shown = show();
  try {
    return await work;
  } finally {
    done.abort();
    await shown;
    if (terminal) err("\r\x1b[K");
  }
}

type Line = (nowMs: number) => string | Promise<string>;

/** Follows all recoveries until none runs any more, and shows how far they are. */
export async function showRecoveries(io: CliIo, client: Client): Promise<RecoveryStatus[]> {
  const { clock } = io.platform, progress = new RecoveryProgress();
  let newest = await client.recoveries();
  progress.add(clock.monotonicMs(), newest);
  const line = (nowMs: number): string => {
    progress.add(nowMs, newest);
    return lineOf(progress, nowMs);
  };
  const follow = async (): Promise<void> => {
    for await (const statuses of client.recoveryProgress(io.signal)) newest = statuses;
  };
  await showing(io, line, follow());
  return newest;
}

/**
 * Waits for what recoveries found and guardians must still hand out, and shows what has come. What nobody hands out for
 * some time is waited for no longer: it comes when the wallet is open.
 */
export async function showComing(io: CliIo, client: Client, statuses: readonly RecoveryStatus[]): Promise<void> {
  const { clock } = io.platform, enough = new AbortController();
  const until = AbortSignal.any([io.signal, enough.signal]);
  const text = async (): Promise<string> => {
    const { incomingMsat } = await client.pending();
    return `${moneyText(await client.balanceMsat())} is here, ${moneyText(incomingMsat)} on its way`;
  };
  const stillness = async (): Promise<void> => {
    for (let last = await text(), sinceMs = clock.monotonicMs();;) {
      await sleep(clock, STILL_POLL_MS, until).catch(() => {});
      if (until.aborted) return;
      const now = await text();
      if (now !== last) sinceMs = clock.monotonicMs();
      if (clock.monotonicMs() - sinceMs >= STILL_MS) return;
      last = now;
    }
  };
  const all = Promise.all(statuses.map(({ operationId }) => awaitOperation(client, operationId, until)));
  await showing(io, text, Promise.race([all, stillness()])).finally(() => enough.abort());
}

async function awaitOperation(client: Client, operationId: OperationId, signal: AbortSignal): Promise<void> {
  try {
    await client.awaitOperation(operationId, signal);
  } catch (thrown) {
    // nothing had to be done for what it found, or it isn't waited for any more
    if (!(thrown instanceof WaitError)) throw thrown;
  }
}

function lineOf(progress: RecoveryProgress, nowMs: number): string {
  const stillMs = progress.stillMs(nowMs);
  if (stillMs < STILL_MS) return progress.line();
  return `${progress.line()}; nothing has come for ${durationText(stillMs)}: guardians that are away are waited for`;
}

const SOURCES: Readonly<Record<string, string>> = { mintv2: "E-cash", walletv2: "Bitcoin deposits" };
const DERIVATIONS: Readonly<Record<Derivation, string>> = {
  standard: "the keys of fedimint-cli and this client",
  sdk: "the keys of the JavaScript SDK",
};

/** What recoveries brought, by source; a line each. */
export function recoveredLines(statuses: readonly RecoveryStatus[]): string[] {
  return statuses.flatMap((status) => {
    if (status.status !== "done" || status.amountMsat === null) return [];
    const { kind, amountMsat, otherMsat } = status;
    return [
      `${SOURCES[kind] ?? printable(kind)}: ${moneyText(amountMsat)}`,
      ...otherMsat.filter(({ amountMsat }) => amountMsat > 0n).map(({ derivation, amountMsat }) =>
        `  of it under ${DERIVATIONS[derivation]}: ${moneyText(amountMsat)}`
      ),
    ];
  });
}

/** For `info`; nothing of it is mentioned when there is none, as fedimint-cli knows no such figures. */
export async function recoveriesJson(client: Client): Promise<JsonObject> {
  const left = (await client.recoveries()).filter(({ status }) => status !== "done");
  if (left.length === 0) return {};
  return {
    recovering: left.map(({ instance, kind, complete, total }) => ({ module_id: instance, kind, complete, total })),
  };
}

/** Said with every command while there is something left to recover. */
export async function tellRecovering(io: CliIo, client: Client): Promise<void> {
  const statuses = await client.recoveries();
  if (statuses.every(({ status }) => status === "done")) return;
  const progress = new RecoveryProgress();
  progress.add(0, statuses);
  io.err(
    `What belongs to this wallet's words is still being looked for (${progress.line()}): until it is found, there is ` +
      "more than is shown. It goes on while the wallet is open; `restore` waits for it.\n",
  );
}

/** At the end of a command: what failed meanwhile. */
export async function tellFailed(io: CliIo, client: Client): Promise<void> {
  for (const status of await client.recoveries()) {
    if (status.status !== "failed") continue;
    io.err(
      `The recovery of module ${status.instance} (${printable(status.kind)}) failed: ${printable(status.error)}. ` +
        "Nothing is lost: the next command tries it again.\n",
    );
  }
}
