/**
 * The machine's own clock, dice, network and files. Only a program's `main.ts` and tests of real processes ask for it.
 */
import { LimitedRate } from "../limited_log.ts";
import type { Report } from "./http_handling.ts";
import type { Platform } from "./platform.ts";
import { makeTlsIdentity } from "./real/certificate.ts";
import { realClock } from "./real/clock.ts";
import { realDice } from "./real/dice.ts";
import { realFiles } from "./real/files.ts";
import { fetchBounded, openWebSocket } from "./real/http_client.ts";
import { serveHttp } from "./real/http_server.ts";
import { resolve } from "./real/resolve.ts";
import { openThread } from "./real/threads.ts";
import { dialTls, listenTls } from "./real/tls.ts";

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
    network: {
      listenTls: listenTls(report),
      dialTls,
      makeTlsIdentity,
      serveHttp: serveHttp(report),
      openWebSocket,
      fetch: fetchBounded,
      resolve,
    },
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
