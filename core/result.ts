/** Expected outcomes are values: `Result`, and the one base class of errors that are thrown. */

export type Ok<T> = { readonly ok: true; readonly value: T };
/** What was refused. */
export type Err<E> = { readonly ok: false; readonly error: E };
/** An expected outcome: a value, or why there is none. */
export type Result<T, E> = Ok<T> | Err<E>;

/** A value. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

/** A refusal. */
export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}

/**
 * Base of every error class of this project: `facts` is a closed union of `{ code, … }` to match on and to log as
 * fields; the message is for people and says what to do. Facts never hold a secret.
 */
export class FedimintError<Facts extends { readonly code: string }> extends Error {
  /** What there is to match on, and to log. */
  readonly facts: Facts;

  /** Named as its class. @param message for people: what happened, and what to do */
  constructor(facts: Facts, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.facts = facts;
  }

  /** What happened, as one word. */
  get code(): Facts["code"] {
    return this.facts.code;
  }
}

/**
 * The text of anything thrown, with its causes joined by `: `, as fedimint prints error chains. The full stop of a
 * sentence that has a cause is left out.
 */
export function errorText(thrown: unknown): string {
  const texts: string[] = [];
  for (let at = thrown, depth = 0; at !== undefined && depth < 16; depth++) {
    if (!(at instanceof Error)) {
      texts.push(String(at));
      break;
    }
    texts.push(at.message);
    at = at.cause;
  }
  const last = texts.pop() ?? "";
  return [...texts.map((text) => text.replace(/(?<!\.)\.$/, "")), last].join(": ");
}
