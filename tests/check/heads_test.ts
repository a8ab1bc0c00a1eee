/** Rooms without a head are found. */
import { assertEquals } from "@std/assert";
import { headProblems } from "./heads.ts";

Deno.test("a room has a README or a mod.ts with a docstring; what is deeper and tests' helpers need none", () => {
  const files = [
    { path: "core/README.md", text: "# core" },
    { path: "core/types/amount.ts", text: "" },
    { path: "core/crypto/mod.ts", text: "/** Cryptography. */" },
    { path: "core/crypto/bls/bls.ts", text: "" },
    { path: "core/std/mod.ts", text: 'export * from "./a.ts";' },
    { path: "client/testing/x.ts", text: "" },
    { path: "client/mod.ts", text: "/** The library. */" },
    { path: "docs/protocol/01-encoding.md", text: "" },
  ];
  assertEquals(headProblems(files).map(({ path }) => path), ["core/std", "core/types"]);
});
