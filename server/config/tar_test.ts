import { assertEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromUtf8, utf8 } from "../../core/bytes.ts";
import { readTar, tarArchive, TarError } from "./tar.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "run");

const field = (archive: Uint8Array, at: number, length: number): string => fromUtf8(archive.slice(at, at + length));

Deno.test("an archive is headers and files in blocks, with two empty ones at the end", () => {
  const archive = tarArchive(new Map([["a.json", utf8("{}")], ["b.json", new Uint8Array(512).fill(7)]]));
  assertEquals(archive.length, 512 * (2 + 2 + 2));
  assertEquals(field(archive, 0, 7), "a.json\0");
  assertEquals(field(archive, 100, 8), "0000644\0");
  assertEquals(field(archive, 124, 12), "00000000002\0");
  assertEquals(field(archive, 257, 8), "ustar  \0");
  assertEquals(field(archive, 512, 3), "{}\0");
  assertEquals(field(archive, 1024, 6), "b.json");
  assertEquals(archive.slice(4 * 512).every((byte) => byte === 0), true);
  const header = archive.slice(0, 512);
  const told = Number.parseInt(field(archive, 148, 7), 8);
  assertEquals(told, header.fill(0x20, 148, 156).reduce((sum, byte) => sum + byte, 0));
});

onMachine("the system's tar unpacks it", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const content = "x".repeat(1_500);
    await Deno.writeFile(`${dir}/a.tar`, tarArchive(new Map([["one.json", utf8(content)], ["two.json", utf8("")]])));
    const { code } = await new Deno.Command("tar", { args: ["-xf", "a.tar"], cwd: dir }).output();
    assertEquals(code, 0);
    assertEquals(await Deno.readTextFile(`${dir}/one.json`), content);
    assertEquals(await Deno.readTextFile(`${dir}/two.json`), "");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a name that is too long is refused", () => {
  assertThrows(() => tarArchive(new Map([["x".repeat(100), utf8("")]])));
});

onMachine("what was archived is read again, also by the system's tar", async () => {
  const files = new Map([["a.json", utf8("{}")], ["empty", utf8("")], ["b", new Uint8Array(1_000).fill(7)]]);
  assertEquals(readTar(tarArchive(files)), files);
  assertEquals(readTar(tarArchive(new Map())), new Map());
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of files) await Deno.writeFile(`${dir}/${name}`, bytes);
    for (const format of ["gnu", "ustar", "v7"]) {
      const args = [`--format=${format}`, "-cf", "x.tar", "./a.json", "empty", "b"];
      assertEquals((await new Deno.Command("tar", { args, cwd: dir }).output()).code, 0);
      assertEquals(readTar(await Deno.readFile(`${dir}/x.tar`)), files, format);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("an archive that is cut anywhere, or changed in a header, is refused", () => {
  const archive = tarArchive(new Map([["a.json", new Uint8Array(700).fill(7)]]));
  for (let cut = 0; cut < archive.length - 512; cut += 37) {
    assertThrows(() => readTar(archive.slice(0, cut)), TarError, "damaged");
  }
  for (let at = 0; at < 512; at++) {
    const changed = archive.slice();
    changed[at]! ^= 0x55;
    // the checksum ends with a zero and a space or zero that nobody reads
    if (at !== 155) assertThrows(() => readTar(changed), TarError);
  }
});

Deno.test("links, folders and doubled names are refused", () => {
  const typed = (type: string): Uint8Array => {
    const archive = tarArchive(new Map([["a", utf8("")]]));
    archive[156] = type.charCodeAt(0);
    const sum = archive.slice(0, 512).fill(0x20, 148, 156).reduce((total, byte) => total + byte, 0);
    archive.set(utf8(`${sum.toString(8).padStart(7, "0")}\0`), 148);
    return archive;
  };
  for (const type of ["1", "2", "3", "5", "x", "L"]) {
    assertThrows(() => readTar(typed(type) as Bytes), TarError, "no file");
  }
  assertEquals(readTar(typed("0") as Bytes), new Map([["a", utf8("")]]));
  const [one, two] = [tarArchive(new Map([["a", utf8("x")]])), tarArchive(new Map([["a", utf8("y")]]))];
  assertThrows(() => readTar(concat(one.slice(0, 1024), two)), TarError, "twice");
});
