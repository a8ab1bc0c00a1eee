/** The header `Retry-After`: seconds, or a date. RFC 9110 10.2.3. */

/** Not negative; undefined when there is no such header, or none that can be read. */
function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^[0-9]{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const untilMs = Date.parse(header);
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs - nowMs);
}

/** The same as a field of an answer, absent where there is none. */
export function retryAfterOf(header: string | null, nowMs: number): { readonly retryAfterMs?: number } {
  const delayMs = retryAfterMs(header, nowMs);
  return delayMs === undefined ? {} : { retryAfterMs: delayMs };
}
