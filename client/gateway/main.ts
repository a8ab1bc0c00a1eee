/** `deno task gateway`: a gateway process; `gateway cli`: asks one. */
import { join } from "@std/path";
import { consoleSink, levelFrom } from "../../actors/platform/console_sink.ts";
import type { ProcessHost } from "../../actors/platform/process.ts";
import { realProcessHost } from "../../actors/platform/process.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { openPinnedHttp } from "../../actors/platform/real/pinned_http.ts";
import { openKvStore } from "../../actors/store/kv.ts";
import { JsonFloat } from "../../core/encoding/mod.ts";
import { errorText, FedimintError } from "../../core/result.ts";
import { runGatewayCli } from "./cli/cli.ts";
import { Gateway } from "./gateway.ts";
import { openLnd } from "./node/lnd/lnd.ts";
import { NodeError } from "./node/node.ts";
import { gatewayCommand, readSettings, SettingsError } from "./settings.ts";

type Program = {
  readonly host: ProcessHost;
  readonly platform: Platform;
  readonly parsed: ReturnType<typeof gatewayCommand>;
};

async function runOnLnd({ host, platform, parsed }: Program): Promise<number> {
  const settings = readSettings(parsed, (name) => host.env(name));
  const log = consoleSink(platform.clock, levelFrom(host.env("RUST_LOG")), (line) => void host.stderr(line));
  const { clock, dice, files } = platform;
  const lnd = await openLnd(settings.lnd, {
    clock,
    dice,
    files,
    openHttp: openPinnedHttp,
    onTrouble: (what) => log({ level: "warn", path: "lnd", message: what, facts: {} }),
  });
  if (lnd.isMacaroonPublic) {
    await host.stderr(`warning: everybody on this machine can read ${settings.lnd.macaroonPath}, and take its money\n`);
  }
  await files.makeDirectory(settings.dataDir, { secret: true });
  const store = await openKvStore({ path: join(settings.dataDir, "gateway.kv"), platform });
  const { passwords, apiUrl, lnd: { url, certificatePath, macaroonPath, timePreference, paymentTimeoutSecs } } =
    settings;
  const lightningMode = {
    Lnd: {
      lnd_rpc_addr: url,
      lnd_tls_cert: certificatePath,
      lnd_macaroon: macaroonPath,
      lnd_time_pref: new JsonFloat(Number.isInteger(timePreference) ? `${timePreference}.0` : String(timePreference)),
      lnd_payment_timeout_secs: paymentTimeoutSecs,
    },
  };
  const admin = { passwords, apiUrl, lightningMode };
  const gateway = await Gateway.open({ ...settings, platform, store, log, node: lnd, admin });
  host.onSignal(() => gateway.stop());
  try {
    return await gateway.ended;
  } finally {
    await gateway.close();
    lnd.close();
  }
}

async function runOrExplain(program: Program): Promise<number> {
  try {
    return await runOnLnd(program);
  } catch (thrown) {
    const isKnown = thrown instanceof FedimintError || thrown instanceof NodeError;
    await program.host.stderr(
      `error: ${isKnown ? errorText(thrown) : thrown instanceof Error ? thrown.stack : String(thrown)}\n`,
    );
    return thrown instanceof SettingsError ? 2 : 1;
  }
}

if (import.meta.main) {
  const host = realProcessHost, parsed = gatewayCommand();
  if (host.args[0] === "cli") {
    const { output, exit } = await runGatewayCli({ platform: realPlatform(), args: host.args.slice(1) });
    await host.stdout(output);
    host.exit(exit);
  }
  parsed.lnd.action(async () => host.exit(await runOrExplain({ host, platform: realPlatform(), parsed })));
  await parsed.command.parseAsync(["deno", "gateway", ...host.args]);
}
