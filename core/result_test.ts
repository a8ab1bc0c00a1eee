import { assertEquals } from "@std/assert";
import { errorText } from "./result.ts";

Deno.test("an error's text has its causes behind colons, and a full stop stands at the end alone", () => {
  const refused = new Error("connect ECONNREFUSED");
  const cases: [unknown, string][] = [
    [refused, "connect ECONNREFUSED"],
    [new Error("It can't be reached.", { cause: refused }), "It can't be reached: connect ECONNREFUSED"],
    [new Error("asking failed", { cause: new Error("Stopped.") }), "asking failed: Stopped."],
    [new Error("Looking …", { cause: "gone." }), "Looking …: gone."],
    [new Error("waiting...", { cause: 7 }), "waiting...: 7"],
    ["thrown as text.", "thrown as text."],
  ];
  for (const [thrown, text] of cases) assertEquals(errorText(thrown), text);
});
