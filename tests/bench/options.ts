/** Options of benches, as texts of their command lines. */
import { InvalidArgumentError } from "commander";

/** @throws {InvalidArgumentError} unless it is a whole number above zero */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value) || value === 0) {
    throw new InvalidArgumentError("It takes a whole number above zero.");
  }
  return value;
}

/** With commas between. @throws {InvalidArgumentError} */
export function wholeNumbers(text: string): number[] {
  return text.split(",").map(wholeNumber);
}
