/**
 * Whether a database's files can be used, looked at before SQLite opens them. Deno's KV ends the whole process in
 * native code when its cleaning finds a journal that it may not write, and what SQLite says of other troubles names no
 * file.
 *
 * A database `x.kv` is three files: itself, and while it is open, or after a kill, `x.kv-wal` and `x.kv-shm`. They must
 * be writable, and so must the folder, where SQLite makes the other two.
 */
import { dirname } from "@std/path";
import { equalBytes, utf8 } from "../../core/bytes.ts";
import { StoreError } from "./error.ts";

/** First bytes of every SQLite file. */
const SQLITE_HEADER = utf8("SQLite format 3\0");

/** @param path of the database, which exists @throws {StoreError} `failed`, with the file's name and what to do */
export async function checkDatabaseFiles(path: string): Promise<void> {
  await checkFolder(dirname(path));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) await checkWritable(file);
  await checkHeader(path);
}

/** Makes a file when there is none, for the owner's eyes alone. @throws {StoreError} `failed` */
export async function makeDatabaseFile(path: string): Promise<void> {
  try {
    if ((await statOf(path))?.isFile === false) throw notFile(path);
    (await Deno.open(path, { write: true, create: true, mode: 0o600 })).close();
  } catch (thrown) {
    throw cannot("write", path, thrown);
  }
}

async function checkFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".writable-" }));
  } catch (thrown) {
    throw cannot("make files in the folder", folder, thrown);
  }
}

async function checkWritable(file: string): Promise<void> {
  try {
    const found = await statOf(file);
    if (found === null) return;
    // opening a pipe would wait for its other end
    if (!found.isFile) throw notFile(file);
    (await Deno.open(file, { read: true, write: true })).close();
  } catch (thrown) {
    throw cannot("write", file, thrown);
  }
}

async function checkHeader(path: string): Promise<void> {
  const header = new Uint8Array(SQLITE_HEADER.length);
  using file = await Deno.open(path);
  let length = 0;
  while (length < header.length) {
    const count = await file.read(header.subarray(length));
    if (count === null) break;
    length += count;
  }
  if (length === 0 || equalBytes(header, SQLITE_HEADER)) return; // nothing is in a new one
  throw new StoreError({ code: "failed" }, `${path} is no database. Give another path, or restore a backup of it.`);
}

async function statOf(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return null;
    throw thrown;
  }
}

function notFile(path: string): StoreError {
  return new StoreError({ code: "failed" }, `${path} belongs to the database and is not a file. Move it away.`);
}

function cannot(what: string, path: string, thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  return new StoreError(
    { code: "failed" },
    `This process can't ${what} ${path}, which the database needs. See to its owner, its mode and its disk, then start again.`,
    { cause: thrown },
  );
}
