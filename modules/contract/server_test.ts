import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { nothingToMigrate, type Schema } from "../../actors/store/schema.ts";
import { InvariantError } from "../../core/assert.ts";
import { DecodeError, u64, unit } from "../../core/encoding/mod.ts";
import { EndpointError } from "./error.ts";
import { metaClient } from "../meta/client.ts";
import { metaServer } from "../meta/server.ts";
import { defineClientModule } from "./client.ts";
import { defineServerModule, endpoint } from "./server.ts";

const context = { signal: new AbortController().signal };
const since = { major: 0, minor: 3 };

Deno.test("an endpoint reads its parameters and writes its result as JSON", async () => {
  const double = endpoint({ since, params: u64, result: u64, handle: (n) => Promise.resolve(n * 2n) });
  assertEquals([double.since, double.admin], [since, false]);
  assertEquals(await double.handle(21, context), 42);
});

Deno.test("parameters of another form are a bad request", async () => {
  const double = endpoint({ since, admin: true, params: u64, result: u64, handle: (n) => Promise.resolve(n * 2n) });
  assertEquals(double.admin, true);
  for (const params of [null, "21", -1, [21], { n: 21 }]) {
    const error = await assertRejects(() => double.handle(params, context), EndpointError);
    assertEquals(error.facts, { code: "bad_request", rpcCode: 400 });
    assertEquals(error.cause instanceof DecodeError, true);
  }
});

Deno.test("an error of the handler itself is not taken for a bad request", async () => {
  for (const thrown of [new InvariantError("broken"), new DecodeError("invalid", "stored bytes are corrupt")]) {
    const broken = endpoint({ since, params: unit, result: unit, handle: () => Promise.reject(thrown) });
    assertEquals(await broken.handle(null, context).catch((error) => error), thrown);
  }
});

Deno.test("a module whose versions don't fit together is a bug that shows when it is defined", () => {
  const wrong: Schema[] = [
    { version: 2 ** 32, migrations: {} },
    { version: -1, migrations: {} },
    { version: 1, migrations: { 1: nothingToMigrate } },
  ];
  for (const schema of wrong) {
    assertThrows(() => defineServerModule({ ...metaServer, schema }), InvariantError);
    assertThrows(() => defineClientModule({ ...metaClient, schema }), InvariantError);
  }
});
