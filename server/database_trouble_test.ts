import { assertEquals, assertStringIncludes } from "@std/assert";
import { StoreError } from "../actors/store/mod.ts";
import { databaseTrouble } from "./database_trouble.ts";

const FOLDER = "/g0/database";

Deno.test("trouble with the database names its folder, and says how it comes back where it does", () => {
  for (const code of ["corrupt", "failed"] as const) {
    const error = new StoreError({ code }, "The database is damaged.", { cause: new Error("disk I/O error") });
    const told = databaseTrouble(error, FOLDER, 4);
    assertStringIncludes(told, "The database is damaged: disk I/O error (database: /g0/database)");
    assertStringIncludes(told, "move the folder /g0/database away and start again");
    assertStringIncludes(told, "comes back from the other guardians");
    assertStringIncludes(databaseTrouble(error, FOLDER, 1), "This guardian is alone");
    assertEquals(
      databaseTrouble(error, FOLDER, null),
      "The database is damaged: disk I/O error (database: /g0/database)",
    );
  }
});

Deno.test("a database that is in use, or a newer program's, isn't to be moved away", () => {
  const path = `${FOLDER}/guardian.kv`;
  const locked = new StoreError({ code: "locked", path, pid: 7 }, `The process 7 uses the database ${path}.`);
  assertEquals(databaseTrouble(locked, FOLDER, 4), `The process 7 uses the database ${path}.`);
  const newer = new StoreError({ code: "newer_schema", found: 2, supported: 1 }, "Too new.");
  assertEquals(databaseTrouble(newer, FOLDER, 4), "Too new. (database: /g0/database)");
});
