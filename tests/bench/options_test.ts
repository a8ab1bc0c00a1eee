import { assertEquals, assertThrows } from "@std/assert";
import { InvalidArgumentError } from "commander";
import { wholeNumber, wholeNumbers } from "./options.ts";

Deno.test("numbers of options are whole and above zero", () => {
  assertEquals(wholeNumber("20"), 20);
  for (const text of ["0", "-1", "1.5", "1e3", "", " ", "ten", "99999999999999999999"]) {
    assertThrows(() => wholeNumber(text), InvalidArgumentError);
  }
});

Deno.test("several have commas between, and each is held to the same", () => {
  assertEquals(wholeNumbers("1,10,30"), [1, 10, 30]);
  for (const text of ["1,,2", "1,", "1,0"]) assertThrows(() => wholeNumbers(text), InvalidArgumentError);
});
