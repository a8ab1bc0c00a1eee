/** Each list that becomes a call's arguments is found, and what only looks like one is not. */
import { assertEquals } from "@std/assert";
import { problemsIn, spreadProblems } from "./spreads.ts";

function found(text: string): string[] {
  return problemsIn({ path: "core/x.ts", text }).map(({ line, what }) => `${line} ${what}`);
}

Deno.test("a list spread into a call's arguments is found, wherever it stands among them", () => {
  assertEquals(found("taken.push(...set);"), ["1 taken.push(...set"]);
  assertEquals(found("const a = 1;\nMath.max(0, ...all.map((b) => b + 1))"), ["2 Math.max(...all.map"]);
  assertEquals(found("(x ? a : b).push(\n  ...held.slice(1),\n)"), ["2 b).push(...held.slice"]);
  assertEquals(found("concat(f([...a]), ...parts)"), ["1 concat(...parts"]);
  assertEquals(found("new Thing(...args)"), ["1 Thing(...args"]);
});

Deno.test("new lists, objects and rest parameters are none", () => {
  assertEquals(
    found(
      "const a = [...b, f({ ...c })];\nfunction g(...rest: string[]): void {}\nconst h = (...rest) => rest;\n" +
        "call((first, ...rest) => rest);\n// push(...set)\nconst t = 'push(...set)';",
    ),
    [],
  );
});

Deno.test("an exception covers its own spread, and one that nothing needs is a problem", () => {
  const files = [{ path: "core/x.ts", text: "a.push(...b); a.push(...c);" }];
  const exceptions = [
    { path: "core/x.ts", what: "a.push(...b", reason: "short" },
    { path: "core/y.ts", what: "a.push(...b", reason: "short" },
  ];
  assertEquals(
    spreadProblems(files, exceptions).map(({ path, what }) => `${path} ${what.split(":")[0]}`),
    ["core/x.ts a.push(...c", "core/y.ts a.push(...b is an exception that nothing needs"],
  );
  assertEquals(spreadProblems([{ path: "core/x_test.ts", text: "a.push(...b);" }], []), []);
});
