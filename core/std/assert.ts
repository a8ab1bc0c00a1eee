/**
 * `@std/assert`, as far as this project uses it, over Node's own module. One line in `deno.json` switches to the real
 * package.
 */
import { deepStrictEqual, match, notDeepStrictEqual, ok } from "node:assert/strict";

export function assert(condition: unknown, message?: string): asserts condition {
  ok(condition, message);
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  deepStrictEqual(actual, expected, message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  notDeepStrictEqual(actual, expected, message);
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  match(actual, expected, message);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  ok(actual.includes(expected), message ?? `"${actual}" does not include "${expected}"`);
}

export function fail(message?: string): never {
  throw new Error(`Failed assertion${message === undefined ? "." : `: ${message}`}`);
}

// deno-lint-ignore no-explicit-any -- the signature of an error class, as @std/assert has it
type ErrorClass<E extends Error> = new (...args: any[]) => E;

function check<E extends Error>(thrown: unknown, ErrorClass?: ErrorClass<E>, messageIncludes?: string): E {
  ok(thrown instanceof Error, "A non-Error object was thrown");
  if (ErrorClass) {
    ok(thrown instanceof ErrorClass, `Expected ${ErrorClass.name}, got ${thrown.name}: ${thrown.message}`);
  }
  if (messageIncludes) assertStringIncludes(thrown.message, messageIncludes);
  return thrown as E;
}

export function assertThrows<E extends Error = Error>(
  body: () => unknown,
  ErrorClass?: ErrorClass<E>,
  messageIncludes?: string,
): E {
  try {
    body();
  } catch (thrown) {
    return check(thrown, ErrorClass, messageIncludes);
  }
  return fail("Expected function to throw");
}

export async function assertRejects<E extends Error = Error>(
  body: () => PromiseLike<unknown>,
  ErrorClass?: ErrorClass<E>,
  messageIncludes?: string,
): Promise<E> {
  try {
    await body();
  } catch (thrown) {
    return check(thrown, ErrorClass, messageIncludes);
  }
  return fail("Expected function to reject");
}
