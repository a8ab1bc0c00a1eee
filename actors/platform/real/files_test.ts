/** What only a real disk shows: modes, and a process that dies in the middle. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { utf8 } from "../../../core/bytes.ts";
import { FilesError } from "../error.ts";
import { realFiles } from "./files.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "sys");

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "files-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function modeOf(path: string): Promise<string> {
  return ((await Deno.stat(path)).mode! & 0o777).toString(8);
}

onMachine("secret files and folders are for their owner alone, with all that is made on the way", async () => {
  await inFolder(async (folder) => {
    await realFiles.makeDirectory(`${folder}/a/b`, { secret: true });
    await realFiles.create(`${folder}/a/b/key`, utf8("x"), { secret: true });
    await realFiles.replace(`${folder}/a/b/other`, utf8("x"), { secret: true });
    await realFiles.create(`${folder}/public`, utf8("x"));
    const modes = await Promise.all(["a", "a/b", "a/b/key", "a/b/other"].map((path) => modeOf(`${folder}/${path}`)));
    assertEquals(modes, ["700", "700", "600", "600"]);
    assertEquals(await modeOf(`${folder}/public`), "644");
    await realFiles.replace(`${folder}/public`, utf8("x"), { secret: true });
    assertEquals(await modeOf(`${folder}/public`), "600");
  });
});

onMachine("a file that is made secret is its owner's alone", async () => {
  await inFolder(async (folder) => {
    for (const mode of [0o644, 0o640, 0o604]) {
      await Deno.writeTextFile(`${folder}/a`, "x");
      await Deno.chmod(`${folder}/a`, mode);
      assertEquals(await realFiles.makeSecret(`${folder}/a`), true);
      assertEquals(await modeOf(`${folder}/a`), "600");
    }
  });
});

onMachine("a folder that is made secret is its owner's alone", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a`);
    await Deno.chmod(`${folder}/a`, 0o755);
    assertEquals(await realFiles.makeSecret(`${folder}/a`), true);
    assertEquals(await modeOf(`${folder}/a`), "700");
  });
});

onMachine("of two that create one file at the same time, one wins whole", async () => {
  await inFolder(async (folder) => {
    const creating = Array.from({ length: 10 }, (_, i) => realFiles.create(`${folder}/a`, utf8(`${i}`)).then(() => i));
    const won = (await Promise.allSettled(creating)).filter((result) => result.status === "fulfilled");
    assertEquals(won.length, 1);
    assertEquals(await realFiles.read(`${folder}/a`, 10), utf8(`${won[0]!.value}`));
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});

onMachine("a pipe is not waited for", async () => {
  await inFolder(async (folder) => {
    const { success } = await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    assert(success);
    assertEquals(await realFiles.read(`${folder}/pipe`, 10).catch((thrown) => thrown.code), "failed");
  });
});

onMachine("a process killed while it replaces leaves the old or the new content, and no other name", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/file`;
    const module = fromFileUrl(import.meta.resolve("./files.ts"));
    const script = `import { realFiles } from ${JSON.stringify(module)};
      for (let i = 0;; i++) await realFiles.replace(${JSON.stringify(path)}, new Uint8Array(300_000).fill(i));`;
    await Deno.writeTextFile(`${folder}/loop.ts`, script);
    for (let round = 0; round < 4; round++) {
      const args = [
        "run",
        "-A",
        "--no-check",
        "--config",
        fromFileUrl(import.meta.resolve("../../../deno.json")),
        `${folder}/loop.ts`,
      ];
      const child = new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).spawn();
      while (await realFiles.read(path, 1_000_000) === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await new Promise((resolve) => setTimeout(resolve, 20 + 13 * round));
      child.kill("SIGKILL");
      await child.status;
      const bytes = await realFiles.read(path, 1_000_000);
      assert(bytes !== undefined && bytes.length === 300_000 && bytes.every((byte) => byte === bytes[0]));
      assertEquals(await realFiles.list(folder), ["file", "loop.ts"]);
      await realFiles.remove(path);
    }
  });
});

onMachine("the room on a disk is what df tells, and that of a folder that isn't there can't be told", async () => {
  const freeBytes = await realFiles.freeBytes(".");
  const { stdout } = await new Deno.Command("df", { args: ["--output=avail", "-B1", "."] }).output();
  const told = Number(new TextDecoder().decode(stdout).split("\n")[1]);
  // others write meanwhile
  assert(Math.abs(freeBytes! - told) < 1024 ** 3, `${freeBytes} and ${told}`);
  await assertRejects(() => realFiles.freeBytes("/no such folder"), FilesError);
});

onMachine("the files that a process may have open are what its shell tells", async () => {
  if (Deno.build.os !== "linux") return;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).output();
  assertEquals(await realFiles.openFilesMax(), Number(new TextDecoder().decode(stdout)));
});

onMachine("a file system that counts no blocks tells no room, and not that it is full", async () => {
  if (Deno.build.os !== "linux") return;
  assertEquals(await realFiles.freeBytes("/proc"), null);
});
