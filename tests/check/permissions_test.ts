import { assertEquals } from "@std/assert";
import { permissionProblems } from "./permissions.ts";

/** Lines with a problem; the name is put together, so that this file has none. */
function lines(path: string, text: string): number[] {
  return permissionProblems([{ path, text: text.replaceAll("DENO", "De" + "no") }]).map(({ line }) => line);
}

Deno.test("a test file that touches the machine without saying so is found", () => {
  for (
    const call of [
      "readTextFile(a)",
      "makeTempDir()",
      "env.get(a)",
      "Command(a)",
      "openKv()",
      "listen({})",
      "statSync(a)",
    ]
  ) {
    assertEquals(lines("core/a_test.ts", `a;\nb = DENO.${call};`), [2], call);
  }
});

Deno.test("what touches nothing, says so, or is no test file is fine", () => {
  assertEquals(lines("core/a_test.ts", `DENO.test("x", () => {});\nDENO.inspect(a);`), []);
  assertEquals(lines("core/a.ts", "DENO.readTextFile(a)"), []);
  assertEquals(
    lines("core/a_test.ts", 'import { testsNeeding } from "./testing/permissions.ts";\nDENO.readTextFile(a)'),
    [],
  );
});
