/** Database files that can't be used: each is told by its name, before SQLite sees it. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { errorText } from "../../core/result.ts";
import { realClock } from "../platform/real/clock.ts";
import { realDice } from "../platform/real/dice.ts";
import { StoreError } from "./error.ts";
import { openKvStore } from "./kv.ts";
import type { Store } from "./store.ts";
import { listTexts, put } from "./testing/mod.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write");

const NAME = "x.kv";

function open(folder: string): Promise<Store> {
  return openKvStore({ path: `${folder}/${NAME}`, platform: { clock: realClock, dice: realDice } });
}

type Trouble = {
  readonly what: string;
  /** @param path of the database */
  readonly make: (path: string) => Promise<void>;
  /** What the text names, after the database's path, and says. */
  readonly file: string;
  readonly says: string;
};

// a program that runs can be opened for writing by nobody, not even by root, whom modes don't bind
const unwritable = (path: string) => Deno.symlink(Deno.execPath(), path);
const TROUBLES: readonly Trouble[] = [
  {
    what: "-wal may not be written",
    make: (path) => unwritable(`${path}-wal`),
    file: "-wal",
    says: "owner, its mode",
  },
  {
    what: "-shm may not be written",
    make: (path) => unwritable(`${path}-shm`),
    file: "-shm",
    says: "owner, its mode",
  },
  {
    what: "-wal is a folder",
    make: (path) => Deno.mkdir(`${path}-wal`),
    file: "-wal",
    says: "is not a file",
  },
  {
    what: "-shm is a folder",
    make: (path) => Deno.mkdir(`${path}-shm`),
    file: "-shm",
    says: "is not a file",
  },
  {
    what: "the lock is a folder",
    make: async (path) => {
      await Deno.remove(`${path}.lock`);
      await Deno.mkdir(`${path}.lock`);
    },
    file: ".lock",
    says: "keeps others from the database",
  },
  {
    what: "the database is a folder",
    make: async (path) => {
      await Deno.remove(path);
      await Deno.mkdir(path);
    },
    file: "",
    says: "is not a file",
  },
  {
    what: "the database may not be written",
    make: async (path) => {
      await Deno.remove(path);
      await unwritable(path);
    },
    file: "",
    says: "owner, its mode",
  },
  {
    what: "the database is another file",
    make: (path) => Deno.writeTextFile(path, "my shopping list"),
    file: "",
    says: "is no database",
  },
  {
    what: "the database is cut off in its header",
    make: (path) => Deno.truncate(path, 10),
    file: "",
    says: "is no database",
  },
  {
    what: "the database is cut off",
    make: (path) => Deno.truncate(path, 4_096),
    file: "",
    says: "malformed",
  },
];

onMachine(
  "a database whose files can't be used is refused with the file's name, and nothing of it is changed",
  async () => {
    for (const { what, make, file, says } of TROUBLES) {
      const folder = await Deno.makeTempDir({ prefix: "fedimint-store-" });
      try {
        const store = await open(folder);
        await put(store, { a: "b" });
        await store.close();
        await make(`${folder}/${NAME}`);
        const before = await namesIn(folder);
        const error = await assertRejects(() => open(folder), StoreError);
        assertEquals(error.code, "failed", what);
        const path = await Deno.realPath(folder);
        const names = [`${path}/${NAME}${file}`, `${folder}/${NAME}${file}`];
        const text = errorText(error);
        assert(names.some((name) => text.includes(name)) || text.includes(Deno.execPath()), `${what}: ${text}`);
        assertStringIncludes(text, says, what);
        if (!says.includes("malformed")) assertEquals(await namesIn(folder), before, what);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
  },
);

Deno.test("a database in a folder that is gone, or takes no files, is refused with the folder's name", async () => {
  for (const folder of ["/no such folder", "/proc"]) {
    const error = await assertRejects(() => open(folder), StoreError);
    assertEquals(error.code, "failed");
    assertStringIncludes(errorText(error), `can't write ${folder}/${NAME}`);
  }
});

onMachine("an empty file becomes a database, and journals that a kill has left are read", async () => {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-store-" });
  try {
    await Deno.create(`${folder}/${NAME}`).then((file) => file.close());
    const first = await open(folder);
    await put(first, { a: "b" });
    // as they lie there after a kill
    for (const file of [NAME, `${NAME}-wal`, `${NAME}-shm`]) {
      await Deno.copyFile(`${folder}/${file}`, `${folder}/k${file}`);
    }
    await first.close();
    const copy = await openKvStore({ path: `${folder}/k${NAME}`, platform: { clock: realClock, dice: realDice } });
    assertEquals(await copy.read((tx) => listTexts(tx)), ["a=b"]);
    await copy.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}
