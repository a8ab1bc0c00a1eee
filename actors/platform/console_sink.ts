/** Log records as lines on standard error: time, level, path, message, facts. */
import type { LogLevel, LogRecord, LogSink } from "../logger.ts";
import type { Clock } from "./platform.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * The lowest level that a filter text lets pass: a level alone, or the last directive with one (`fm=debug`); other directives are ignored.
 * `trace` is debug, `off` is error.
 */
export function levelOf(filter: string): LogLevel {
  let level: LogLevel = "info";
  for (const directive of filter.split(",")) {
    const name = directive.split("=").at(-1)!.trim().toLowerCase();
    if (name === "trace") level = "debug";
    else if (name === "off") level = "error";
    else level = LEVELS.find((known) => known === name) ?? level;
  }
  return level;
}

function line({ level, path, message, facts }: LogRecord, clock: Clock): string {
  const time = Temporal.Instant.fromEpochMilliseconds(Math.floor(clock.nowMs()));
  const details = Object.entries(facts).filter(([, value]) => value !== undefined).map(([name, value]) =>
    ` ${name}=${value}`
  ).join("");
  return `${time} ${level.toUpperCase().padEnd(5)} ${path}: ${message}${details}`;
}

/** @param options.filter as of RUST_LOG */
export function consoleSink(options: { readonly clock: Clock; readonly filter: string }): LogSink {
  const lowest = LEVELS.indexOf(levelOf(options.filter));
  return (record) => {
    if (LEVELS.indexOf(record.level) >= lowest) console.error(line(record, options.clock));
  };
}
