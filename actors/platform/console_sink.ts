/**
 * Log records as lines on standard error: `2026-01-01T00:00:00.000Z  INFO guardian/consensus: session ended session=7`.
 * Which levels are shown is said as fedimintd's users know it, by `RUST_LOG` or `FM_LOG`.
 */
import type { LogFacts, LogLevel, LogSink } from "../logger.ts";
import type { Clock } from "./platform.ts";

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
/** `trace` shows what `debug` does: there is nothing below. */
const LEVELS: Record<string, LogLevel | "off"> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
  off: "off",
};
/** Targets that mean this whole program. Others are Rust's and unknown here. */
const OWN_TARGETS = ["fm", "fedimint"];

/**
 * Lowest level to show. Directives are separated by commas: `info`, `debug`, `fm=debug`; the last known one counts,
 * unknown ones are ignored, as a `RUST_LOG` made for the reference has many of them.
 */
export function levelFrom(directives: string | undefined, fallback: LogLevel = "info"): LogLevel | "off" {
  let level: LogLevel | "off" = fallback;
  for (const directive of (directives ?? "").split(",")) {
    const [first, second, ...more] = directive.trim().toLowerCase().split("=");
    const named = second === undefined ? first! : OWN_TARGETS.includes(first!) && more.length === 0 ? second : "";
    level = Object.hasOwn(LEVELS, named) ? LEVELS[named]! : level;
  }
  return level;
}

/** @param write takes a line with its end and must not throw, as `console.error` or a host's standard error */
export function consoleSink(clock: Clock, level: LogLevel | "off", write: (line: string) => void): LogSink {
  return (record) => {
    if (level === "off" || ORDER[record.level] < ORDER[level]) return;
    const time = new Date(clock.nowMs()).toISOString();
    const text = `${record.level.toUpperCase().padStart(5)} ${record.path}: ${oneLine(record.message)}`;
    write(`${time} ${text}${factsText(record.facts)}\n`);
  };
}

function factsText(facts: LogFacts): string {
  let text = "";
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    text += ` ${name}=${typeof value === "string" ? quoted(value) : String(value)}`;
  }
  return text;
}

/** As it is when it can't be misread, else as JSON. */
function quoted(value: string): string {
  return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : oneLine(JSON.stringify(value));
}

/** Text from outside may hold anything; a log line stays one, and sends the terminal no commands. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
