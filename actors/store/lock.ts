/**
 * One process a database. The operating system's lock on a file beside the database belongs to the process that holds
 * it open: it goes when the process does, however that ends, and nobody has to remove anything. The file itself stays,
 * and says whose it was.
 */
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import { StoreError } from "./error.ts";

export type Lock = { release(): void };

const PID_BYTES_MAX = 20;

/**
 * @param path of the database; the lock is `<path>.lock`
 * @throws {StoreError} `locked`
 */
export async function lockDatabase(path: string): Promise<Lock> {
  const file = await openLock(`${path}.lock`);
  try {
    if (!await file.tryLock(true)) throw locked(path, await readPid(file));
    await file.truncate(0);
    await file.write(utf8(`${Deno.pid}\n`));
  } catch (thrown) {
    file.close();
    throw thrown;
  }
  return { release: () => file.close() };
}

/** @throws {StoreError} `failed` */
async function openLock(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (cause) {
    throw new StoreError(
      { code: "failed" },
      `This process can't write ${path}, which keeps others from the database. See to its owner and mode, then start again.`,
      { cause },
    );
  }
}

export function locked(path: string, pid: number | null): StoreError {
  const who = pid === null ? "Another process" : `The process ${pid}`;
  return new StoreError(
    { code: "locked", path, pid },
    `${who} uses the database ${path}. Stop it first, or give this one another database.`,
  );
}

/** Null when the holder has not written it yet. */
async function readPid(file: Deno.FsFile): Promise<number | null> {
  const bytes = new Uint8Array(PID_BYTES_MAX);
  const count = await file.read(bytes) ?? 0;
  const text = fromUtf8(bytes.subarray(0, count));
  return /^[0-9]+\n$/.test(text) ? Number(text) : null;
}
