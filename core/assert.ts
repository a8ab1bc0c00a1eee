/** Invariants: on in production, cheap, for what must hold whatever comes from outside. Outside input is refused by value, never asserted. */

export class InvariantError extends Error {
  /** Its name. */
  override name = "InvariantError";
}

/** Ends with an error when what must hold does not: a bug. `why` says why it must. @throws {InvariantError} when `condition` is false; `why` says why it must hold */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new InvariantError(`Invariant broken: ${why}`);
}

/** Marks code that the types say can't be reached. */
export function unreachable(value: never): never {
  throw new InvariantError(`Invariant broken: unexpected case ${String(value)}`);
}
