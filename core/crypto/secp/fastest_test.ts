import { assertEquals, assertRejects } from "@std/assert";
import { isAllowed } from "../../testing/permissions.ts";
import type { SecpBackend } from "./backend.ts";
import { fastestSecp, LateSecp, readySecp } from "./fastest.ts";
import { nobleSecp } from "./noble.ts";

const KEY = new Uint8Array(32).fill(1);

Deno.test("libsecp256k1's WebAssembly is used where it may be read, and noble where not", async () => {
  await readySecp();
  assertEquals(fastestSecp.name, isAllowed("read") ? "tiny" : "noble");
});

Deno.test("noble answers until the other backend is loaded, which the first use begins, and once", async () => {
  const other: SecpBackend = { ...nobleSecp, name: "tiny" };
  let loads = 0;
  const late = new LateSecp(() => {
    loads++;
    return Promise.resolve(other);
  });
  assertEquals([late.name, late.isLoading, loads], ["noble", false, 0]);
  assertEquals(late.publicKeyOf(KEY), nobleSecp.publicKeyOf(KEY));
  assertEquals([late.name, late.isLoading, loads], ["noble", true, 1]);
  await late.ready();
  late.publicKeyOf(KEY);
  assertEquals([late.name, loads], ["tiny", 1]);
});

Deno.test("where the backend may not be read noble stays, and one that is broken isn't passed over", async () => {
  const refused = new LateSecp(() => Promise.resolve(null));
  await refused.ready();
  assertEquals(refused.name, "noble");
  const broken = new LateSecp(() => Promise.reject(new Error("no such file")));
  await assertRejects(() => broken.ready(), Error, "no such file");
});
