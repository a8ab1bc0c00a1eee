/** `deno task gateway`: a gateway process; `gateway cli`: asks one. */
import { join } from "@std/path";
import { tellBlsBackend } from "../../actors/bls_log.ts";
import { consoleSink, levelFrom } from "../../actors/platform/console_sink.ts";
import type { ProcessHost } from "../../actors/platform/process.ts";
import { realProcessHost } from "../../actors/platform/process.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { endOnWrongArguments } from "../../actors/platform/wrong_arguments.ts";
import { openPinnedHttp } from "../../actors/platform/real/pinned_http.ts";
import { openKvStore } from "../../actors/store/kv.ts";
import type { LogSink } from "../../actors/logger.ts";
import { loggerFor } from "../../actors/logger.ts";
import { readyBls } from "../../core/crypto/bls/mod.ts";
import { readySecp } from "../../core/crypto/secp/fastest.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { JsonFloat } from "../../core/encoding/mod.ts";
import { errorText, FedimintError } from "../../core/result.ts";
import { runGatewayCli } from "./cli/cli.ts";
import type { GatewayOptions } from "./gateway.ts";
import { Gateway } from "./gateway.ts";
import type { LndOptions } from "./node/lnd/lnd.ts";
import { openLnd } from "./node/lnd/lnd.ts";
import { NodeError } from "./node/node.ts";
import type { GatewayCommand, NodeSettings } from "./settings.ts";
import { gatewayCommand, readSettings, SettingsError } from "./settings.ts";

type Program = {
  readonly host: ProcessHost;
  readonly platform: Platform;
  readonly parsed: GatewayCommand;
  /** Default: as `readSettings`. */
  readonly kind?: NodeSettings["kind"];
};

type Node = {
  readonly node: GatewayOptions["node"];
  /** As gatewayd tells it. */
  readonly lightningMode: Json;
  readonly close: () => void;
};

async function lndOf(options: LndOptions, { host, platform }: Program, log: LogSink): Promise<Node> {
  const { clock, dice, files } = platform;
  const lnd = await openLnd(options, {
    clock,
    dice,
    files,
    openHttp: openPinnedHttp,
    onTrouble: (what) => log({ level: "warn", path: "lnd", message: what, facts: {} }),
  });
  const { url, certificatePath, macaroonPath, timePreference, paymentTimeoutSecs } = options;
  if (lnd.isMacaroonPublic) {
    await host.stderr(`warning: everybody on this machine can read ${macaroonPath}, and take its money\n`);
  }
  const lightningMode = {
    Lnd: {
      lnd_rpc_addr: url,
      lnd_tls_cert: certificatePath,
      lnd_macaroon: macaroonPath,
      lnd_time_pref: new JsonFloat(Number.isInteger(timePreference) ? `${timePreference}.0` : String(timePreference)),
      lnd_payment_timeout_secs: paymentTimeoutSecs,
    },
  };
  return { node: lnd, lightningMode, close: () => lnd.close() };
}

function embeddedOf({ embedded, port }: NodeSettings & { readonly kind: "ldk" }, { host }: Program): Node {
  const lightningMode = { Ldk: { lightning_port: port, alias: embedded.alias } };
  return { node: { host, embedded }, lightningMode, close: () => {} };
}

async function run(program: Program): Promise<number> {
  const { host, platform, parsed, kind } = program;
  const settings = readSettings(parsed, (name) => host.env(name), kind);
  const log = consoleSink(platform.clock, levelFrom(host.env("RUST_LOG")), (line) => void host.stderr(line));
  await readySecp();
  tellBlsBackend(loggerFor("gateway", log), await readyBls());
  const { passwords, apiUrl, dataDir } = settings;
  const { node, lightningMode, close } = settings.node.kind === "lnd"
    ? await lndOf(settings.node.lnd, program, log)
    : embeddedOf(settings.node, program);
  try {
    await platform.files.makeDirectory(dataDir, { secret: true });
    const store = await openKvStore({ path: join(dataDir, "gateway.kv"), platform });
    const admin = { passwords, apiUrl, lightningMode };
    const gateway = await Gateway.open({ ...settings, platform, store, log, node, admin });
    host.onSignal(() => gateway.stop());
    try {
      return await gateway.ended;
    } finally {
      await gateway.close();
    }
  } finally {
    close();
  }
}

async function runOrExplain(program: Program): Promise<number> {
  try {
    return await run(program);
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
    const { output, exit } = await runGatewayCli({
      platform: realPlatform(),
      args: host.args.slice(1),
      isTerminal: host.isTerminal("stdout"),
    });
    await host.stdout(output);
    host.exit(exit);
  }
  const start = (kind?: NodeSettings["kind"]) => async () =>
    host.exit(await runOrExplain({ host, platform: realPlatform(), parsed, ...(kind && { kind }) }));
  parsed.lnd.action(start("lnd"));
  parsed.ldk.action(start("ldk"));
  parsed.command.action(start());
  endOnWrongArguments(parsed.command, host);
  await parsed.command.parseAsync(["deno", "gateway", ...host.args]);
}
