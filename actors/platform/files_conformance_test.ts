/** What `Files` promises, on the real disk and on a simulated one. */
import { assertEquals, assertRejects } from "@std/assert";
import { utf8 } from "../../core/bytes.ts";
import { FilesError } from "./error.ts";
import { onBoth, type Stage } from "./testing/stages.ts";

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, FilesError)).code;
}

onBoth("a file reads back as it was created, and no file reads as undefined", async ({ server: { files }, folder }) => {
  const path = `${folder}/a`;
  assertEquals(await files.read(path, 100), undefined);
  await files.create(path, utf8("hello"));
  assertEquals(await files.read(path, 100), utf8("hello"));
  await files.create(`${folder}/empty`, new Uint8Array());
  assertEquals(await files.read(`${folder}/empty`, 0), new Uint8Array());
});

onBoth("create refuses to replace", async ({ server: { files }, folder }) => {
  await files.create(`${folder}/a`, utf8("first"));
  assertEquals(await code(files.create(`${folder}/a`, utf8("second"))), "exists");
  assertEquals(await files.read(`${folder}/a`, 100), utf8("first"));
  assertEquals(await files.list(folder), ["a"]);
});

onBoth("replace replaces, and creates what is not there", async ({ server: { files }, folder }) => {
  await files.replace(`${folder}/a`, utf8("first"));
  await files.replace(`${folder}/a`, utf8("2"));
  assertEquals(await files.read(`${folder}/a`, 100), utf8("2"));
  assertEquals(await files.list(folder), ["a"]);
});

onBoth("a file of the allowed size is read and one byte more is refused", async ({ server: { files }, folder }) => {
  await files.create(`${folder}/a`, new Uint8Array(1_000));
  assertEquals((await files.read(`${folder}/a`, 1_000))?.length, 1_000);
  assertEquals(await code(files.read(`${folder}/a`, 999)), "too_large");
});

onBoth("what is given to write may be changed afterwards", async ({ server: { files }, folder }) => {
  const bytes = utf8("keep");
  const written = files.create(`${folder}/a`, bytes);
  bytes.fill(0);
  await written;
  assertEquals(await files.read(`${folder}/a`, 100), utf8("keep"));
});

onBoth("a file or folder that others can read is made secret, once", async ({ server: { files }, folder }) => {
  await files.create(`${folder}/open`, utf8("x"));
  await files.create(`${folder}/secret`, utf8("x"), { secret: true });
  for (const name of ["open", "secret", "none"]) {
    assertEquals(await files.isPublic(`${folder}/${name}`), name === "open", name);
  }
  assertEquals(await files.makeSecret(`${folder}/open`), true);
  assertEquals(await files.isPublic(`${folder}/open`), false);
  assertEquals(await files.makeSecret(`${folder}/open`), false);
  assertEquals(await files.makeSecret(`${folder}/secret`), false);
  assertEquals(await files.makeSecret(`${folder}/none`), false);
  await files.makeDirectory(`${folder}/rooms`);
  await files.makeDirectory(`${folder}/closed`, { secret: true });
  assertEquals(await files.makeSecret(`${folder}/rooms`), true);
  assertEquals(await files.makeSecret(`${folder}/rooms`), false);
  assertEquals(await files.makeSecret(`${folder}/closed`), false);
  assertEquals(await files.list(`${folder}/rooms`), []);
  assertEquals(await files.read(`${folder}/open`, 100), utf8("x"));
});

onBoth("a file is removed, also when it is gone already", async ({ server: { files }, folder }) => {
  await files.create(`${folder}/a`, utf8("x"));
  await files.remove(`${folder}/a`);
  await files.remove(`${folder}/a`);
  await files.remove(`${folder}/no/such/folder`);
  assertEquals(await files.read(`${folder}/a`, 100), undefined);
});

onBoth(
  "folders are made with their parents, once or more, and listed in order",
  async ({ server: { files }, folder }) => {
    await files.makeDirectory(`${folder}/x/y/z`);
    await files.makeDirectory(`${folder}/x/y/z`, { secret: true });
    await files.create(`${folder}/x/b`, utf8("1"));
    await files.create(`${folder}/x/a`, utf8("1"));
    assertEquals(await files.list(`${folder}/x`), ["a", "b", "y"]);
    assertEquals(await files.list(`${folder}/x/y/z`), []);
    assertEquals(await files.list(`${folder}/none`), undefined);
  },
);

onBoth("what is no file is not read, and no folder not listed or written into", async (stage: Stage) => {
  const { server: { files }, folder } = stage;
  await files.create(`${folder}/a`, utf8("x"));
  assertEquals(await code(files.read(folder, 100)), "failed");
  assertEquals(await code(files.list(`${folder}/a`)), "failed");
  assertEquals(await code(files.create(`${folder}/none/b`, utf8("x"))), "failed");
  assertEquals(await code(files.replace(folder, utf8("x"))), "failed");
  assertEquals(await code(files.makeDirectory(`${folder}/a`)), "exists");
  assertEquals(await code(files.remove(folder)), "failed");
});

onBoth("room on the disk is told where the system knows it", async ({ server: { files }, folder }) => {
  const freeBytes = await files.freeBytes(folder);
  assertEquals(freeBytes === null || (Number.isSafeInteger(freeBytes) && freeBytes >= 0), true);
});
