/**
 * The machine's own clock, dice, network and files. Only a program's `main.ts` and tests of real processes ask for it.
 */
import { LimitedRate } from "../limited_log.ts";
import type { Report } from "./http_handling.ts";
import type { Network, Platform } from "./platform.ts";
import { makeTlsIdentity } from "./real/certificate.ts";
import { realClock } from "./real/clock.ts";
import { realDice } from "./real/dice.ts";
import { realFiles } from "./real/files.ts";
import { openThread } from "./real/threads.ts";

export type { Report } from "./http_handling.ts";

/**
 * The platform of this machine.
 * @param report told what goes wrong where nobody awaits (a request handler that throws); default: standard error
 */
export function realPlatform(report: Report = limitedReport(toStandardError)): Platform {
  return {
    clock: realClock,
    dice: realDice,
    files: realFiles,
    threads: { cores: navigator.hardwareConcurrency, open: openThread },
    network: realNetwork(report),
  };
}

/** Each part is loaded when it is first used: the runtime's modules for networks take 40 ms of a start. */
function realNetwork(report: Report): Network {
  const client = () => import("./real/http_client.ts");
  const tls = () => import("./real/tls.ts");
  return {
    listenTls: async (options, onConnection) => await (await tls()).listenTls(report)(options, onConnection),
    dialTls: async (options) => await (await tls()).dialTls(options),
    makeTlsIdentity,
    serveHttp: async (options, handler) => {
      const { serveHttp } = await import("./real/http_server.ts");
      return await serveHttp(report)(options, handler);
    },
    openWebSocket: async (url, options) => await (await client()).openWebSocket(url, options),
    fetch: async (url, options) => await (await client()).fetchBounded(url, options),
    resolve: async (hostname) => await (await import("./real/resolve.ts")).resolve(hostname),
  };
}

/** Strangers can make requests fail as often as they like. */
function limitedReport(report: Report): Report {
  const rate = new LimitedRate(realClock.monotonicMs());
  return (what, error) => {
    const leftOut = rate.take(realClock.monotonicMs());
    if (leftOut !== null) report(leftOut === 0 ? what : `${what} (${leftOut} more were left out)`, error);
  };
}

function toStandardError(what: string, error: unknown): void {
  console.error(`platform: ${what}:`, error);
}
