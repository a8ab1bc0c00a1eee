import { assertEquals, assertThrows } from "@std/assert";
import { Command } from "commander";
import { endOnWrongArguments } from "./wrong_arguments.ts";

class Ended extends Error {
  constructor(readonly code: number) {
    super(`ended with ${code}`);
  }
}

const host = {
  exit: (code: number): never => {
    throw new Ended(code);
  },
};

function endOf(...args: readonly string[]): number {
  const silent = { writeOut: () => {}, writeErr: () => {} };
  const inner = new Command("inner").argument("<file>").configureOutput(silent);
  const program = new Command("outer").version("1").requiredOption("--dir <folder>").configureOutput(silent)
    .addCommand(inner).action(() => {});
  endOnWrongArguments(program, host);
  return assertThrows(() => void program.parse(args, { from: "user" }), Ended).code;
}

Deno.test("wrong arguments end a program with 2, of a command of it too, and help and version with 0", () => {
  for (const args of [["--dirr", "x"], [], ["--dir"], ["--dir", "x", "inner"], ["--dir", "x", "inner", "--y"]]) {
    assertEquals(endOf(...args), 2, args.join(" "));
  }
  for (const args of [["--help"], ["--version"], ["inner", "--help"]]) assertEquals(endOf(...args), 0);
});
