/** One process a database, whatever happens to the processes. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { realClock } from "../platform/real/clock.ts";
import { realDice } from "../platform/real/dice.ts";
import { StoreError } from "./error.ts";
import { openKvStore } from "./kv.ts";
import type { Store } from "./store.ts";
import { listTexts, put } from "./testing/mod.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "run");

function open(path: string): Promise<Store> {
  return openKvStore({ path, platform: { clock: realClock, dice: realDice } });
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-store-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

onMachine("a database is opened once, also by other names; closed, it can be opened again", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/database`;
    const store = await open(path);
    await Deno.symlink(path, `${folder}/other name`);
    for (const name of [path, `${folder}/../${folder.split("/").at(-1)}/database`, `${folder}/other name`]) {
      const error = await assertRejects(() => open(name), StoreError, `The process ${Deno.pid} uses the database`);
      assertEquals(error.facts, { code: "locked", path: await Deno.realPath(path), pid: Deno.pid });
    }
    await put(store, { still: "works" });
    await store.close();
    const again = await open(path);
    assertEquals(await again.read((tx) => listTexts(tx)), ["still=works"]);
    await again.close();
  });
});

onMachine("a database is locked while another process has it, and free the moment that process is killed", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/database`;
    const program = `
      import { openKvStore } from ${JSON.stringify(import.meta.resolve("./kv.ts"))};
      import { realClock } from ${JSON.stringify(import.meta.resolve("../platform/real/clock.ts"))};
      import { realDice } from ${JSON.stringify(import.meta.resolve("../platform/real/dice.ts"))};
      await openKvStore({ path: ${JSON.stringify(path)}, platform: { clock: realClock, dice: realDice } });
      console.log("open");
      setInterval(() => {}, 1_000);
    `;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--config", config, `data:text/typescript,${encodeURIComponent(program)}`],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    try {
      assert(!(await reader.read()).done, "the other process has opened it");
      const error = await assertRejects(() => open(path), StoreError);
      assertEquals(error.facts, { code: "locked", path: await Deno.realPath(path), pid: child.pid });
    } finally {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    }
    await (await open(path)).close();
  });
});

onMachine("the database's files are readable by their owner alone", async () => {
  await withFolder(async (folder) => {
    const store = await open(`${folder}/database`);
    await put(store, { k: "v" });
    const names: string[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      names.push(name);
      assertEquals((await Deno.stat(`${folder}/${name}`)).mode! & 0o777, 0o600, name);
    }
    assert(names.includes("database-wal") && names.includes("database.lock"));
    await store.close();
  });
});

onMachine(
  "a path that can't be opened, or is not a database, is an error that says so and leaves no lock",
  async () => {
    await withFolder(async (folder) => {
      assertEquals((await assertRejects(() => open(`${folder}/missing/database`), StoreError)).code, "failed");
      const path = `${folder}/text`;
      await Deno.writeTextFile(path, "This is not a database, and long enough to be looked at. ".repeat(20));
      for (let i = 0; i < 2; i++) assertEquals((await assertRejects(() => open(path), StoreError)).code, "failed");
      const platform = { clock: realClock, dice: realDice };
      const error = await assertRejects(() => openKvStore({ url: "file:///etc/passwd", platform }), StoreError);
      assertEquals(error.code, "failed");
    });
  },
);
