/** `deno task guardian`: a guardian process; `guardian devfed`: a whole federation of them on this machine. */
import { join } from "@std/path";
import type { Command } from "commander";
import { consoleSink } from "../actors/platform/console_sink.ts";
import { realPlatform } from "../actors/platform/real.ts";
import { openKvStore } from "../actors/store/mod.ts";
import { stringifyJson } from "../core/encoding/mod.ts";
import type { Json } from "../core/encoding/mod.ts";
import { errorText, FedimintError } from "../core/result.ts";
import { devfedCommand } from "./devfed/command.ts";
import { Guardian } from "./guardian.ts";
import { builtInModules } from "./modules.ts";
import { guardianCommand, readSettings, SettingsError } from "./settings.ts";

const PASSWORD_FILE_BYTES_MAX = 10_000;
/** Version hash of a build: this program is run from its sources, which have none. */
const NO_VERSION_HASH = "0".repeat(40);

async function run(command: Command): Promise<number> {
  const platform = realPlatform();
  const readText = async (path: string): Promise<string | undefined> => {
    const bytes = await platform.files.read(path, PASSWORD_FILE_BYTES_MAX);
    return bytes && new TextDecoder().decode(bytes);
  };
  const settings = await readSettings(command, { env: (name) => Deno.env.get(name), readText });
  const log = consoleSink({ clock: platform.clock, filter: Deno.env.get("RUST_LOG") ?? "info" });
  const databaseDir = join(settings.dataDir, "database");
  await platform.files.makeDirectory(databaseDir, { secret: true });
  const store = await openKvStore({ path: join(databaseDir, "guardian.kv"), platform });
  const guardian = await Guardian.start({ ...settings, platform, store, log, definitions: builtInModules });
  const stop = (): void => void guardian.stop();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  Deno.addSignalListener("SIGUSR1", () => console.error(stringifyJson(guardian.inspect() as unknown as Json)));
  return await guardian.run();
}

async function runOrExplain(command: Command): Promise<number> {
  try {
    return await run(command);
  } catch (thrown) {
    console.error(`error: ${thrown instanceof FedimintError ? errorText(thrown) : Deno.inspect(thrown)}`);
    return thrown instanceof SettingsError ? 2 : 1;
  }
}

if (import.meta.main) {
  // as the reference: only as the very first argument
  if (Deno.args[0] === "version-hash") {
    console.log(NO_VERSION_HASH);
    Deno.exit(0);
  }
  const command = guardianCommand();
  command.addCommand(devfedCommand());
  command.action(async () => Deno.exit(await runOrExplain(command)));
  await command.parseAsync(["deno", "guardian", ...Deno.args]);
}
