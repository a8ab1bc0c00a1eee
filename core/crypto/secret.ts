/**
 * A secret that doesn't leak by accident: printing, interpolating, inspecting and serialising it show `[secret]`. It is
 * opened in one place, by name: `reveal()`. It does not survive `structuredClone` on purpose: a secret crosses to
 * another thread as plain bytes that somebody chose to send.
 */
import type { Bytes } from "../bytes.ts";
import { equalBytesConstantTime } from "../bytes.ts";

const SHOWN = "[secret]";

export class Secret {
  readonly #bytes: Bytes;

  private constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** Keeps a copy: what the caller does with `bytes` afterwards changes nothing here. */
  static of(bytes: Uint8Array): Secret {
    return new Secret(Uint8Array.from(bytes));
  }

  /** Number of bytes; not secret. */
  get size(): number {
    return this.#bytes.length;
  }

  /** A copy of the bytes. Whoever calls this answers for where they go. */
  reveal(): Bytes {
    return this.#bytes.slice();
  }

  /** In constant time for secrets of one length. */
  equals(other: Secret): boolean {
    return equalBytesConstantTime(this.#bytes, other.#bytes);
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return SHOWN;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}
