/** `deno task guardian`: a guardian process; `guardian devfed`: a whole federation of them on this machine. */
import { join } from "@std/path";
import type { Command } from "commander";
import { consoleSink, levelFrom } from "../actors/platform/console_sink.ts";
import type { ProcessHost } from "../actors/platform/process.ts";
import { realProcessHost } from "../actors/platform/process.ts";
import { realPlatform } from "../actors/platform/real.ts";
import { openKvStore } from "../actors/store/mod.ts";
import { errorText, FedimintError } from "../core/result.ts";
import { devfedCommand } from "./devfed/command.ts";
import { Guardian } from "./guardian.ts";
import { builtInModules } from "./modules.ts";
import { SettingsError } from "./setting_values.ts";
import { guardianCommand, readSettings } from "./settings.ts";

const PASSWORD_FILE_BYTES_MAX = 10_000;
/** Version hash of a build: this program is run from its sources, which have none. */
const NO_VERSION_HASH = "0".repeat(40);

async function run(command: Command, host: ProcessHost): Promise<number> {
  const platform = realPlatform();
  const readText = async (path: string): Promise<string | undefined> => {
    const bytes = await platform.files.read(path, PASSWORD_FILE_BYTES_MAX);
    return bytes && new TextDecoder().decode(bytes);
  };
  const settings = await readSettings(command, { env: (name) => host.env(name), readText });
  const log = consoleSink(platform.clock, levelFrom(host.env("RUST_LOG")), (line) => void host.stderr(line));
  const databaseDir = join(settings.dataDir, "database");
  await platform.files.makeDirectory(databaseDir, { secret: true });
  const store = await openKvStore({ path: join(databaseDir, "guardian.kv"), platform });
  const guardian = await Guardian.start({ ...settings, platform, store, log, definitions: builtInModules });
  host.onSignal(() => void guardian.stop());
  return await guardian.run();
}

async function runOrExplain(command: Command, host: ProcessHost): Promise<number> {
  try {
    return await run(command, host);
  } catch (thrown) {
    await host.stderr(`error: ${thrown instanceof FedimintError ? errorText(thrown) : Deno.inspect(thrown)}\n`);
    return thrown instanceof SettingsError ? 2 : 1;
  }
}

if (import.meta.main) {
  const host = realProcessHost;
  // as the reference: only as the very first argument
  if (host.args[0] === "version-hash") {
    await host.stdout(`${NO_VERSION_HASH}\n`);
    host.exit(0);
  }
  const command = guardianCommand();
  command.addCommand(devfedCommand());
  command.action(async () => host.exit(await runOrExplain(command, host)));
  await command.parseAsync(["deno", "guardian", ...host.args]);
}
