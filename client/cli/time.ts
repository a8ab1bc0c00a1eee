/** Times as fedimint-cli prints them. */

/** `2025-01-02T03:04:05.123456000`: UTC without a zone, nanoseconds. @param us microseconds since the epoch */
export function isoTime(us: number): string {
  const seconds = Math.floor(us / 1_000_000);
  const text = Temporal.Instant.fromEpochMilliseconds(seconds * 1_000).toString();
  return `${text.replace("Z", "")}.${String(us % 1_000_000).padStart(6, "0")}000`;
}
