/**
 * The store on Deno KV: a file of this machine (`path`), or a KV Connect server (`url`; its access token comes from the
 * environment variable `DENO_KV_ACCESS_TOKEN`, as Deno has it). One process a database: for a file the operating system
 * sees to it, for a server a lease does, which takes up to `LEASE_MS` to run out after the owner was killed.
 */
import { errorText } from "../../core/result.ts";
import type { Platform } from "../platform/platform.ts";
import { StoreError } from "./error.ts";
import { checkDatabaseFiles, makeDatabaseFile } from "./file_check.ts";
import { KvBackend, type KvBackendOptions } from "./kv_backend.ts";
import { lockDatabase } from "./lock.ts";
import type { EngineOptions } from "./engine.ts";
import { asStoreError, openStore } from "./open.ts";
import { OWNER_ID_BYTES } from "./owner.ts";
import type { Backend } from "./backend.ts";
import type { Store } from "./store.ts";

export type KvStoreOptions =
  & Omit<EngineOptions, "clock">
  & { readonly platform: Pick<Platform, "clock" | "dice"> }
  & ({ readonly path: string } | { readonly url: string });

/**
 * Makes the file when there is none; its folder must exist.
 * @throws {StoreError} `locked` · `newer_schema` · `corrupt` · `failed`
 */
export async function openKvStore(options: KvStoreOptions): Promise<Store> {
  const { clock, dice } = options.platform;
  try {
    const ownerId = dice.bytes(OWNER_ID_BYTES);
    const backend = "url" in options
      ? await openServer(options.url, { ownerId, clock })
      : await openFile(options.path, { ownerId, clock });
    return await openStore(backend, { ...options, clock });
  } catch (thrown) {
    throw "url" in options ? asStoreError(thrown) : withPath(asStoreError(thrown), options.path);
  }
}

/** SQLite's own texts name no file. */
function withPath(error: StoreError, path: string): StoreError {
  if (errorText(error).includes(path)) return error;
  return new StoreError(error.facts, `${error.message} (database: ${path})`, { cause: error.cause });
}

type Opener = Pick<KvBackendOptions, "ownerId" | "clock">;

async function openServer(url: string, opener: Opener): Promise<Backend> {
  const { origin, pathname, protocol } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new StoreError({ code: "failed" }, "The URL of a database server begins with http: or https:.");
  }
  return await KvBackend.open(await Deno.openKv(url), { ...opener, name: origin + pathname });
}

async function openFile(path: string, opener: Opener): Promise<Backend> {
  // SQLite would make the file readable by everyone, and gives its journals the file's mode. It holds money.
  await makeDatabaseFile(path);
  // Two paths to one file must meet at one lock.
  const realPath = await Deno.realPath(path);
  const lock = await lockDatabase(realPath);
  let kv: Deno.Kv;
  try {
    await checkDatabaseFiles(realPath);
    kv = await Deno.openKv(realPath);
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
  return await KvBackend.open(kv, { ...opener, name: realPath, lock });
}
