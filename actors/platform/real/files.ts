/**
 * The machine's files. A new content is written beside its place, synced, then put there by `link` (which refuses to
 * replace) or `rename` (which replaces in one step), and the folder is synced: after a power cut the old or the new
 * content is there, whole. A cut may leave the unfinished neighbour behind; `list` does not show it.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { basename, dirname, join } from "@std/path";
import { toHex } from "../../../core/bytes.ts";
import { FilesError } from "../error.ts";
import type { Files } from "../platform.ts";
import { realDice } from "./dice.ts";

const UNFINISHED = /^\..*\.[0-9a-f]{16}\.unfinished$/;

/** Bits of a mode: what the owner's group and everybody may do. */
const OTHERS = 0o077;
/** Everybody may read. */
const PUBLIC = 0o004;

export const realFiles: Files = {
  read,
  create,
  replace,
  makeSecret,
  isPublic,
  remove,
  list,
  makeDirectory,
  freeBytes,
  openFilesMax,
};

async function read(path: string, bytesMax: number): Promise<Bytes | undefined> {
  try {
    // Opening a pipe would wait for its other end.
    if (!(await Deno.stat(path)).isFile) throw new FilesError({ code: "failed", path }, `${path} is not a file.`);
    using file = await Deno.open(path);
    return await readUpTo(file, path, bytesMax);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw filesError(path, "read", thrown);
  }
}

/** Reads to the end and not by the size that the folder tells: the file may grow meanwhile. */
async function readUpTo(file: Deno.FsFile, path: string, bytesMax: number): Promise<Bytes> {
  const size = (await file.stat()).size;
  let bytes = new Uint8Array(Math.min(size, bytesMax) + 1);
  for (let length = 0;;) {
    if (length > bytesMax) {
      throw new FilesError({ code: "too_large", path }, `${path} holds more than ${bytesMax} bytes.`);
    }
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(bytes.length * 2, bytesMax + 1));
      larger.set(bytes);
      bytes = larger;
    }
    const count = await file.read(bytes.subarray(length));
    if (count === null) return bytes.slice(0, length);
    length += count;
  }
}

function create(path: string, bytes: Uint8Array, options: { readonly secret?: boolean } = {}): Promise<void> {
  return write(path, bytes, options.secret === true, async (unfinished) => {
    await Deno.link(unfinished, path);
    await Deno.remove(unfinished);
  });
}

function replace(path: string, bytes: Uint8Array, options: { readonly secret?: boolean } = {}): Promise<void> {
  return write(path, bytes, options.secret === true, (unfinished) => Deno.rename(unfinished, path));
}

async function write(
  path: string,
  bytes: Uint8Array,
  secret: boolean,
  putInPlace: (unfinished: string) => Promise<void>,
): Promise<void> {
  const content = bytes.slice(); // before the first wait: the caller may use its bytes again
  const folder = dirname(path);
  const unfinished = join(folder, `.${basename(path)}.${toHex(realDice.bytes(8))}.unfinished`);
  try {
    using file = await Deno.open(unfinished, { write: true, createNew: true, mode: secret ? 0o600 : 0o644 });
    try {
      for (let at = 0; at < content.length;) at += await file.write(content.subarray(at));
      await file.sync();
      await putInPlace(unfinished);
    } catch (thrown) {
      // Where it is already gone, or can't be removed, the first error tells more.
      await Deno.remove(unfinished).catch(() => undefined);
      throw thrown;
    }
    await syncFolder(folder);
  } catch (thrown) {
    throw filesError(path, "write", thrown);
  }
}

async function makeSecret(path: string): Promise<boolean> {
  try {
    const { mode, isDirectory } = await Deno.stat(path);
    // null where the system has no such modes
    if (mode === null || (mode & OTHERS) === 0) return false;
    await Deno.chmod(path, isDirectory ? 0o700 : 0o600);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw filesError(path, "restrict", thrown);
  }
}

async function isPublic(path: string): Promise<boolean> {
  try {
    return (((await Deno.stat(path)).mode ?? 0) & PUBLIC) !== 0;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw filesError(path, "read", thrown);
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path);
    await syncFolder(dirname(path));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return;
    throw filesError(path, "remove", thrown);
  }
}

async function list(path: string): Promise<string[] | undefined> {
  try {
    const names: string[] = [];
    for await (const entry of Deno.readDir(path)) if (!UNFINISHED.test(entry.name)) names.push(entry.name);
    return names.sort();
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw filesError(path, "list", thrown);
  }
}

async function makeDirectory(path: string, options: { readonly secret?: boolean } = {}): Promise<void> {
  try {
    const missing: string[] = [];
    for (let at = path; !(await exists(at)); at = dirname(at)) missing.push(at);
    await Deno.mkdir(path, { recursive: true, mode: options.secret === true ? 0o700 : 0o755 });
    for (const made of missing) await syncFolder(dirname(made));
  } catch (thrown) {
    throw filesError(path, "make the folder", thrown);
  }
}

async function freeBytes(path: string): Promise<number | null> {
  try {
    const { statfs } = await import("node:fs/promises");
    const { blocks, bavail, bsize } = await statfs(path, { bigint: true });
    // a file system that counts no blocks has no bound, or doesn't tell it: a tmpfs without a size, some of FUSE
    return blocks === 0n || bsize === 0n ? null : Number(bavail * bsize);
  } catch (thrown) {
    throw filesError(path, "ask for the free space of", thrown);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/** A name in a folder is durable when the folder is. */
async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path);
  await folder.sync();
}

function filesError(path: string, what: string, thrown: unknown): FilesError {
  if (thrown instanceof FilesError) return thrown;
  const options = { cause: thrown };
  if (thrown instanceof Deno.errors.AlreadyExists) {
    return new FilesError({ code: "exists", path }, `${path} exists already and is not replaced.`, options);
  }
  if (thrown instanceof Deno.errors.PermissionDenied || thrown instanceof Deno.errors.NotCapable) {
    return new FilesError(
      { code: "denied", path },
      `Not allowed to ${what} ${path}. Check its owner and mode.`,
      options,
    );
  }
  return new FilesError({ code: "failed", path }, `Cannot ${what} ${path}.`, options);
}

async function openFilesMax(): Promise<number | null> {
  try {
    const found = /^Max open files +([0-9]+) /m.exec(await Deno.readTextFile("/proc/self/limits"));
    return found && Number(found[1]);
  } catch (thrown) {
    // no Linux, or no permission
    if (thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotCapable) return null;
    throw filesError("/proc/self/limits", "read", thrown);
  }
}
