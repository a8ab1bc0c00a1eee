/** Times as fedimint-cli prints them. */

/** `2025-01-02T03:04:05.123456000`: UTC without a zone, nanoseconds. @param us microseconds since the epoch */
export function isoTime(us: number): string {
  const seconds = Math.floor(us / 1_000_000);
  const text = Temporal.Instant.fromEpochMilliseconds(seconds * 1_000).toString();
  return `${text.replace("Z", "")}.${String(us % 1_000_000).padStart(6, "0")}000`;
}

/** `2025-01-02T03:04:05`: UTC without a zone. @param us microseconds since the epoch */
export function secondTime(us: number): string {
  return isoTime(us).slice(0, 19);
}

/** `2025-01-02 03:04 UTC`. @param ms since the epoch */
export function minuteText(ms: number): string {
  const text = Temporal.Instant.fromEpochMilliseconds(Math.floor(ms)).toString({ smallestUnit: "minute" });
  return `${text.replace("T", " ").replace("Z", "")} UTC`;
}

const MINUTE_MS = 60_000;
const UNITS: readonly (readonly [string, number])[] = [["day", 1_440], ["hour", 60], ["minute", 1]];

/**
 * `3 hours ago`, in the largest unit of which it is two or more; a clock that was set back makes nothing younger than
 * now.
 */
export function agoText(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / MINUTE_MS);
  const [name, each] = UNITS.find(([, each]) => minutes >= 2 * each) ?? UNITS.at(-1)!;
  const count = Math.floor(minutes / each);
  if (count === 0) return "a moment ago";
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}

/** `20 seconds`, `2 minutes`, `3 hours`: in the largest unit of which it is two or more. */
export function durationText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000)), minutes = seconds / 60;
  if (minutes < 2) return `${seconds} second${seconds === 1 ? "" : "s"}`;
  const [name, each] = UNITS.find(([, each]) => minutes >= 2 * each)!;
  return `${Math.round(minutes / each)} ${name}s`;
}
