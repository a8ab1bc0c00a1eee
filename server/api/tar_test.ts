import { assertEquals, assertThrows } from "@std/assert";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import { tarArchive } from "./tar.ts";

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

Deno.test("the system's tar unpacks it", async () => {
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
