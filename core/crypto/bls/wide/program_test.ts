import { assert, assertEquals } from "@std/assert";
import { assemble } from "./program.ts";
import { PROGRAM } from "./stored.ts";

Deno.test("the module that is stored is the one that is put together", () => {
  const { module, ...others } = assemble(), { module: kept, ...keptOthers } = PROGRAM;
  assert(module.code === kept.code, "`deno run -A tests/check/stored_modules.ts --fix` stores it anew");
  assertEquals({ ...kept, code: "" }, { ...module, code: "" });
  assertEquals(keptOthers, others);
});
