/** The log on standard error, a line a record. */
import type { Clock } from "../../actors/platform/platform.ts";
import type { LogLevel, LogSink } from "../../actors/logger.ts";

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** @param least the lowest level that is shown; null shows nothing */
export function logTo(err: (text: string) => void, clock: Clock, least: LogLevel | null): LogSink {
  return ({ level, path, message, facts }) => {
    if (least === null || RANK[level] < RANK[least]) return;
    const time = Temporal.Instant.fromEpochMilliseconds(Math.floor(clock.nowMs()));
    const details = Object.entries(facts).map(([name, value]) => ` ${name}=${value}`).join("");
    err(`${time} ${level.toUpperCase().padStart(5)} ${path}: ${message}${details}\n`);
  };
}

/**
 * `RUST_LOG` says more than this program can do; its first word for everything (`warn`, `debug`, `off`) is taken.
 * @returns undefined when it has none
 */
export function levelOf(rustLog: string | undefined): LogLevel | null | undefined {
  const word = rustLog?.split(",").find((part) => !part.includes("="))?.trim().toLowerCase();
  if (word === "off") return null;
  if (word === "trace") return "debug";
  return word === "debug" || word === "info" || word === "warn" || word === "error" ? word : undefined;
}
