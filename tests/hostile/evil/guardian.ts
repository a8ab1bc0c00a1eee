/**
 * An evil guardian as a process: the real program, with its hand held by an attack. Which one runs stands in the file
 * that `HOSTILE_CONTROL` names; none while it is empty.
 */
import { consoleSink, levelFrom } from "../../../actors/platform/console_sink.ts";
import { realProcessHost } from "../../../actors/platform/process.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { toHex } from "../../../core/bytes.ts";
import { makeKeychain } from "../../../server/consensus/session/keychain.ts";
import { openDatabase } from "../../../server/database.ts";
import { MINTV2_KIND } from "../../../modules/mintv2/common.ts";
import { Guardian } from "../../../server/guardian.ts";
import { builtInModules } from "../../../server/modules.ts";
import { guardianCommand, readSettings } from "../../../server/settings.ts";
import { readConfig } from "../../../server/config/config_files.ts";
import { addressesOfConfig } from "../../../server/config/peer_addresses.ts";
import { evilAttacks } from "./attacks.ts";
import { attackingWith, Hand } from "./hand.ts";
import { proposing } from "./items.ts";
import { orderAttacks } from "./transactions.ts";

const CONTROL_POLL_MS = 100;

const real = realPlatform();
const stopping = new AbortController();
let running: string | null = null;
const hand = new Hand(real, () => running);

async function wanted(file: string): Promise<string | null> {
  return await Deno.readTextFile(file).catch(() => "") || null;
}

/** Of the mint, once an attack has begun. */
let mint: number | null = null;

/** Until it is ended. */
async function attack(name: string, dataDir: string, signal: AbortSignal): Promise<void> {
  const config = await readConfig(real.files, dataDir);
  mint = [...config.consensus.modules].find(([, { kind }]) => kind === MINTV2_KIND)?.[0] ?? null;
  const found = evilAttacks.find((one) => one.name === name);
  if (!found) return; // one of proposals, transactions or answers
  const { identity } = config.local;
  const addresses = addressesOfConfig(config);
  const world = {
    self: identity,
    victims: [...addresses.keys()].filter((peer) => peer !== identity),
    keychain: makeKeychain({
      identity,
      broadcastKeys: config.consensus.broadcastPublicKeys,
      secretKey: config.private.broadcastSecretKey,
      dice: real.dice,
    }),
    hand,
    signal,
  };
  const certificates = new Map([...addresses].map(([peer, { certificate }]) => [peer, toHex(certificate)]));
  await found.run(attackingWith(real, world, certificates), real);
}

/** Begins and ends attacks as the control file says. */
async function obey(file: string, dataDir: string): Promise<void> {
  let end = new AbortController();
  while (!stopping.signal.aborted) {
    const name = await wanted(file);
    if (name !== running) {
      end.abort();
      end = new AbortController();
      running = name;
      if (name !== null) {
        void attack(name, dataDir, end.signal).catch((thrown) => console.error(`The attack ended: ${thrown}`));
      }
    }
    await sleep(real.clock, CONTROL_POLL_MS, stopping.signal).catch(() => undefined);
  }
  end.abort();
}

const host = realProcessHost;
const command = guardianCommand().action(() => undefined);
await command.parseAsync(["deno", "guardian", ...host.args]);
const settings = await readSettings(command, {
  env: (name) => host.env(name),
  readText: () => Promise.resolve(undefined),
  modules: builtInModules,
});
const log = consoleSink(real.clock, levelFrom(host.env("RUST_LOG")), (line) => void host.stderr(line));
const { platform } = hand;
const store = await openDatabase(real, settings.dataDir);
const definitions = proposing(builtInModules, () => running);
orderAttacks(() => running, () => mint, (size) => real.dice.bytes(size));
const guardian = await Guardian.start({ ...settings, platform, store, log, definitions });
void obey(host.env("HOSTILE_CONTROL")!, settings.dataDir);
host.onSignal(() => {
  stopping.abort();
  void guardian.stop();
});
host.exit(await guardian.run());
