/** Every circle of imports is found, and nothing else. */
import { assertEquals } from "@std/assert";
import { circleProblems, circlesIn } from "./circles.ts";
import type { SourceFile } from "./sources.ts";

function sources(imports: Readonly<Record<string, readonly string[]>>): SourceFile[] {
  return Object.entries(imports).map(([path, targets]) => ({
    path,
    text: targets.map((target) => `import type { X } from "${target}";\n`).join(""),
  }));
}

Deno.test("circles are found: of one file, of two, of many, two that touch as one", () => {
  assertEquals(circlesIn(sources({ "core/a.ts": ["./a.ts"] })), [["core/a.ts"]]);
  assertEquals(circlesIn(sources({ "core/b.ts": ["./a.ts"], "core/a.ts": ["./b.ts"] })), [["core/a.ts", "core/b.ts"]]);
  assertEquals(
    circlesIn(
      sources({ "x/a.ts": ["../y/b.ts"], "y/b.ts": ["./c.ts", "../z/d.ts"], "y/c.ts": ["../x/a.ts"], "z/d.ts": [] }),
    ),
    [["x/a.ts", "y/b.ts", "y/c.ts"]],
  );
  assertEquals(
    circlesIn(sources({ "x/a.ts": ["./b.ts"], "x/b.ts": ["./a.ts", "./c.ts"], "x/c.ts": ["./b.ts"] })),
    [["x/a.ts", "x/b.ts", "x/c.ts"]],
  );
  assertEquals(
    circlesIn(
      sources({ "x/d.ts": ["./c.ts"], "x/a.ts": ["./b.ts"], "x/b.ts": ["./a.ts"], "x/c.ts": ["./d.ts", "./a.ts"] }),
    ),
    [["x/a.ts", "x/b.ts"], ["x/c.ts", "x/d.ts"]],
  );
});

Deno.test("what is imported twice, from elsewhere or by many is no circle", () => {
  assertEquals(
    circlesIn(
      sources({
        "x/a.ts": ["./b.ts", "./c.ts", "zod"],
        "x/b.ts": ["./d.ts"],
        "x/c.ts": ["./d.ts", "./gone.ts"],
        "x/d.ts": [],
      }),
    ),
    [],
  );
});

Deno.test("a circle may stay only with a reason, whole or in part", () => {
  const known = { "actors/actor.ts": ["./supervisor.ts"], "actors/supervisor.ts": ["./actor.ts"] };
  assertEquals(circleProblems(sources(known)), []);
  const larger = { ...known, "actors/actor.ts": ["./supervisor.ts", "./new.ts"], "actors/new.ts": ["./actor.ts"] };
  assertEquals(circleProblems(sources(larger)), [
    {
      path: "actors/actor.ts",
      line: 1,
      what: "imports itself by way of actors/actor.ts, actors/new.ts, actors/supervisor.ts",
    },
  ]);
});
