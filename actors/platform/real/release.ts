/**
 * Memory of large bytes that nobody reads any more, given back at once. V8 frees an `ArrayBuffer` when it happens to
 * collect, and of what a socket reads, 64 KiB at a time, ten megabytes lay about until then.
 */

/** Of less there is nothing to gain. */
const RELEASED_BYTES_MIN = 65_536;

/**
 * Whoever calls has all that it needs of them; they are empty afterwards. Of bytes in a larger buffer nothing happens.
 */
export function release(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < RELEASED_BYTES_MIN || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0);
}
