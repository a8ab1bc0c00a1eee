/**
 * `deno task guardian`: a guardian process; `guardian restore`: its config out of a backup; `guardian devfed`: a whole
 * federation of guardians on this machine.
 */
import { Command } from "commander";
import { tellBlsBackend } from "../actors/bls_log.ts";
import { loggerFor } from "../actors/logger.ts";
import { consoleSink, levelFrom } from "../actors/platform/console_sink.ts";
import type { ProcessHost } from "../actors/platform/process.ts";
import { realProcessHost } from "../actors/platform/process.ts";
import { realPlatform } from "../actors/platform/real.ts";
import { endOnWrongArguments } from "../actors/platform/wrong_arguments.ts";
import { tellSchnorrVerifier } from "../actors/schnorr_log.ts";
import type { Platform } from "../actors/platform/platform.ts";
import { ActorError } from "../actors/error.ts";
import { StoreError } from "../actors/store/mod.ts";
import { readyBls } from "../core/crypto/bls/mod.ts";
import { errorText, FedimintError } from "../core/result.ts";
import { loadModules } from "../modules/contract/loading.ts";
import { ModuleError } from "../modules/contract/registry.ts";
import { checkDatabase, databaseOf, openDatabase } from "./database.ts";
import { databaseTrouble } from "./database_trouble.ts";
import { Guardian } from "./guardian.ts";
import type { ServerModules } from "./modules.ts";
import { serverModules } from "./modules.ts";
import { SettingsError } from "./setting_values.ts";
import {
  apiSecretsOf,
  dataDirOf,
  guardianCommand,
  moduleSpecifiers,
  readSettings,
  restoreCommand,
} from "./settings.ts";
import { threadsFor } from "./threads.ts";
import { readConfig } from "./config/config_files.ts";
import { readBackup, restoreGuardian } from "./config/restore.ts";

const PASSWORD_FILE_BYTES_MAX = 10_000;
/** Version hash of a build: this program is run from its sources, which have none. */
const NO_VERSION_HASH = "0".repeat(40);

type Program = { readonly host: ProcessHost; readonly platform: Platform; readonly command: Command };

/** All that this process has. @throws {ModuleError} */
async function modulesOf({ host, command }: Program): Promise<ServerModules> {
  const specifiers = moduleSpecifiers(command, (name) => host.env(name));
  const load = (specifier: string): Promise<Record<string, unknown>> => import(specifier);
  return serverModules(await loadModules("server", specifiers, { directory: Deno.cwd(), load }));
}

async function run(program: Program): Promise<number> {
  const { host, platform, command } = program;
  const modules = await modulesOf(program);
  const readText = async (path: string): Promise<string | undefined> => {
    const bytes = await platform.files.read(path, PASSWORD_FILE_BYTES_MAX);
    return bytes && new TextDecoder().decode(bytes);
  };
  const settings = await readSettings(command, { env: (name) => host.env(name), readText, modules });
  const log = consoleSink(platform.clock, levelFrom(host.env("RUST_LOG")), (line) => void host.stderr(line));
  tellBlsBackend(loggerFor("root", log), await readyBls());
  tellSchnorrVerifier(loggerFor("root", log));
  const store = await openDatabase(platform, settings.dataDir);
  const threads = threadsFor(platform.threads, settings.threads);
  const own = { ...settings, platform: { ...platform, threads }, store, log, definitions: modules };
  const guardian = await Guardian.start(own);
  host.onSignal(() => void guardian.stop());
  return await guardian.run();
}

/** `guardian restore ARCHIVE`: the config files of a backup, and nothing else. */
async function restore(program: Program, archive: string): Promise<number> {
  const { host, platform, command } = program;
  const env = (name: string): string | undefined => host.env(name);
  const dir = dataDirOf(command, env), apiSecret = apiSecretsOf(command, env)[0] ?? null;
  const modules = await modulesOf(program);
  const backup = await readBackup(platform.files, archive, modules);
  const store = await openDatabase(platform, dir);
  try {
    await checkDatabase(store, modules, backup.modules);
    await restoreGuardian(backup, { files: platform.files, dir, store, apiSecret });
  } finally {
    await store.close();
  }
  const { local: { identity }, consensus: { apiEndpoints } } = backup.config;
  await host.stdout(
    `Guardian ${identity} (${printable(apiEndpoints.get(identity)!.name)}) is restored in ${dir}: start it.\n`,
  );
  return 0;
}

function printable(name: string): string {
  return name.replaceAll(/\p{C}/gu, "");
}

/** How many guardians there are, for advice; null when that can't be read now. */
async function guardiansIn(platform: Platform, dataDir: string): Promise<number | null> {
  try {
    return (await readConfig(platform.files, dataDir)).consensus.apiEndpoints.size;
  } catch (thrown) {
    if (thrown instanceof FedimintError) return null;
    throw thrown;
  }
}

async function explained(thrown: unknown, { host, platform, command }: Program): Promise<string> {
  if (thrown instanceof StoreError) {
    const dataDir = dataDirOf(command, (name) => host.env(name));
    return databaseTrouble(thrown, databaseOf(dataDir), await guardiansIn(platform, dataDir));
  }
  if (thrown instanceof ActorError && thrown.code === "gave_up") {
    return `${
      errorText(thrown)
    }\nNothing is lost. Start it again; if this comes again, it is a bug: report it with the log.`;
  }
  return thrown instanceof FedimintError ? errorText(thrown) : Deno.inspect(thrown);
}

async function runOrExplain(program: Program, body: (program: Program) => Promise<number>): Promise<number> {
  try {
    return await body(program);
  } catch (thrown) {
    await program.host.stderr(`error: ${await explained(thrown, program)}\n`);
    return thrown instanceof SettingsError || thrown instanceof ModuleError ? 2 : 1;
  }
}

/** `guardian devfed` is loaded when it is named, so that a guardian runs nothing that is for development. */
async function devfedCommand(args: readonly string[]): Promise<Command> {
  if (!args.includes("devfed")) {
    return new Command("devfed").description("Starts a whole federation on this machine, for development");
  }
  return (await import("./dev/federation/command.ts")).devfedCommand();
}

if (import.meta.main) {
  const host = realProcessHost;
  // as the reference: only as the very first argument
  if (host.args[0] === "version-hash") {
    await host.stdout(`${NO_VERSION_HASH}\n`);
    host.exit(0);
  }
  const command = guardianCommand();
  const program = { host, platform: realPlatform(), command };
  command.addCommand(await devfedCommand(host.args));
  command.addCommand(
    restoreCommand().action(async (archive: string) =>
      host.exit(await runOrExplain(program, (given) => restore(given, archive)))
    ),
  );
  command.action(async () => host.exit(await runOrExplain(program, run)));
  endOnWrongArguments(command, host);
  await command.parseAsync(["deno", "guardian", ...host.args]);
}
