/**
 * The programs that interoperability is tested with: the official `fedimintd`, `fedimint-cli`, `gatewayd` and
 * `gateway-cli`, LND, and a Bitcoin node.
 * Looked for in the folder `INTEROP_DIR` (the node also in `BITCOIND_DIR`), then on the path, then in
 * `../shared/interop` beside this repository, which has the official ones compressed in `bin/` and a script that brings
 * the node. What is made from there is kept in the user's cache.
 */
import { fromFileUrl, join } from "@std/path";
import zlib from "node:zlib";
import { findProgram, foldersOf } from "../../actors/platform/testing/programs.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import { run } from "./run.ts";

const SHARED = fromFileUrl(new URL("../../../shared/interop/", import.meta.url));
const BITCOIND_MS = 120_000;
const VERSION_MS = 60_000;
/** The official programs that ours is measured against. */
const VERSION = "0.13";
/** `fedimint-cli`, the larger one, has 89 MB. */
const UNPACKED_BYTES_MAX = 500_000_000;

type OfficialProgram = "fedimintd" | "fedimint-cli" | "gatewayd" | "gateway-cli";
/** Any version that Fedimint 0.13 works with. */
type LightningProgram = "lnd" | "lncli";

/** Paths; of `bitcoind` the folder, which has `bitcoin-cli` too. */
export type Programs<Name extends string> = Readonly<Record<Name, string>>;

const ADVICE =
  "put the programs of Fedimint 0.13 (github.com/fedimint/fedimint/releases), Bitcoin (bitcoincore.org) and, for Lightning, LND on the path, or name their folder in INTEROP_DIR";

/** All of them, or which of them are missing and how to get them. */
export async function findPrograms<Name extends OfficialProgram | LightningProgram | "bitcoind">(
  ...names: readonly Name[]
): Promise<Result<Programs<Name>, string>> {
  const found: Partial<Record<Name, string>> = {}, missing: string[] = [];
  for (const name of names) {
    const program = name === "bitcoind" ? await findBitcoind() : await findOther(name);
    if (program.ok) found[name] = program.value;
    else missing.push(program.error);
  }
  return missing.length === 0 ? ok(found as Programs<Name>) : err(`${missing.join(", ")}: ${ADVICE}`);
}

async function findOther(name: OfficialProgram | LightningProgram): Promise<Result<string, string>> {
  const found = await findProgram(name, [...foldersOf("INTEROP_DIR"), ...foldersOf("PATH")]) ?? await unpacked(name);
  if (found === undefined) return err(`no ${name}`);
  if (name === "lnd" || name === "lncli") return ok(found);
  const { out } = await run([found, "--version"], { withinMs: VERSION_MS });
  const version = /\d+\.\d+\S*/.exec(out)?.[0];
  return version?.startsWith(`${VERSION}.`)
    ? ok(found)
    : err(`${name} is ${version ?? "of an unknown version"}, not ${VERSION}`);
}

async function findBitcoind(): Promise<Result<string, string>> {
  for (const folder of [...foldersOf("INTEROP_DIR"), ...foldersOf("BITCOIND_DIR"), ...foldersOf("PATH")]) {
    if (await hasBitcoind(folder)) return ok(folder);
  }
  return await broughtBitcoind();
}

async function hasBitcoind(folder: string): Promise<boolean> {
  for (const name of ["bitcoind", "bitcoin-cli"]) {
    if (await findProgram(name, [folder]) === undefined) return false;
  }
  return true;
}

/** Nobody else may put programs there. */
async function cacheFolder(): Promise<string | undefined> {
  const home = Deno.env.get("HOME");
  const caches = Deno.env.get("XDG_CACHE_HOME") ?? (home === undefined ? undefined : join(home, ".cache"));
  if (caches === undefined) return undefined;
  const folder = join(caches, "fedimint-interop");
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

async function modifiedMs(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

async function unpacked(name: OfficialProgram | LightningProgram): Promise<string | undefined> {
  const packed = join(SHARED, "bin", `${name}.zst`);
  const packedMs = await modifiedMs(packed);
  const cache = packedMs === undefined ? undefined : await cacheFolder();
  if (packedMs === undefined || cache === undefined) return undefined;
  const path = join(cache, name);
  if ((await modifiedMs(path) ?? 0) > packedMs) return path;
  // renamed when it is whole: another run may do the same
  const partial = `${path}.${Deno.pid}`;
  const bytes = zlib.zstdDecompressSync(await Deno.readFile(packed), { maxOutputLength: UNPACKED_BYTES_MAX });
  await Deno.writeFile(partial, bytes, { mode: 0o755 });
  await Deno.rename(partial, path);
  return path;
}

async function broughtBitcoind(): Promise<Result<string, string>> {
  const script = join(SHARED, "bitcoind.sh"), none = "no bitcoind with its bitcoin-cli";
  const cache = await modifiedMs(script) === undefined ? undefined : await cacheFolder();
  if (cache === undefined) return err(none);
  const folder = join(cache, "bitcoin");
  if (await hasBitcoind(folder)) return ok(folder);
  console.log(`bringing a bitcoind to ${folder}`);
  try {
    const { exit, err: text } = await run(["bash", script, folder], { withinMs: BITCOIND_MS });
    return exit === 0 ? ok(folder) : err(`${none} (bitcoind.sh: ${text.trim().split("\n").at(-1)})`);
  } catch (thrown) {
    return err(`${none} (${errorText(thrown)})`);
  }
}
