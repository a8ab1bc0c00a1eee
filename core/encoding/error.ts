/** The one error of decoding: from bytes, from JSON, from text. */
import type { Result } from "../result.ts";
import { err, FedimintError, ok } from "../result.ts";

/** What decoding refuses, and where in the input. */
export type DecodeFacts = {
  readonly code:
    | "end_of_input"
    | "trailing_bytes"
    | "not_minimal"
    | "out_of_range"
    | "bad_flag"
    | "unknown_variant"
    | "not_ascending"
    | "zero_sized"
    | "too_deep"
    | "too_large"
    | "invalid"
    | "bad_json";
  /** Field names and indices from the outermost type to where it failed. */
  readonly path: readonly string[];
  /** Byte offset in the outermost input; -1 for JSON and text. */
  readonly offset: number;
};

/** Thrown for every input that is refused. `detail` says what was found; the message adds path and offset. */
export class DecodeError extends FedimintError<DecodeFacts> {
  /** What was found, without the place. */
  readonly detail: string;

  /** With place and detail in its text. @param detail what was found; never the input itself, which may be secret */
  constructor(
    code: DecodeFacts["code"],
    detail: string,
    offset = -1,
    path: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    const where = path.length === 0 ? "" : ` in ${path.join(".")}`;
    super({ code, path, offset }, `${detail}${where}${offset < 0 ? "" : ` at byte ${offset}`}`, options);
    this.detail = detail;
  }

  /** The same error seen from one level further out. */
  within(name: string): DecodeError {
    return new DecodeError(this.facts.code, this.detail, this.facts.offset, [name, ...this.facts.path], {
      cause: this.cause,
    });
  }
}

/** Rethrows what a nested read threw, with the name of the place added to decode errors. */
export function rethrowWithin(thrown: unknown, name: string): never {
  throw thrown instanceof DecodeError ? thrown.within(name) : thrown;
}

/** What reading gives, or why the input is refused. What is thrown besides is a bug, and thrown on. */
export function tryDecoding<T>(read: () => T): Result<T, DecodeError> {
  try {
    return ok(read());
  } catch (thrown) {
    if (thrown instanceof DecodeError) return err(thrown);
    throw thrown;
  }
}
