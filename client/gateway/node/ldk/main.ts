/**
 * The embedded Lightning node as a program of its own: a panic of LDK's ends its WebAssembly for good, and so only this
 * process. The first line that it reads are its settings, each further one is a call (`wire.ts`). It ends in order when
 * its input ends, so that it never outlives the gateway.
 */
import { join } from "@std/path";
import type { BitcoinBackend } from "../../../../actors/bitcoin/backend.ts";
import { bitcoindBackend } from "../../../../actors/bitcoin/bitcoind.ts";
import type { CoinFinder } from "../../../../actors/bitcoin/coins.ts";
import { bitcoindCoins, esploraCoins } from "../../../../actors/bitcoin/coins.ts";
import { esploraBackend } from "../../../../actors/bitcoin/esplora.ts";
import { loggerFor } from "../../../../actors/logger.ts";
import type { Platform } from "../../../../actors/platform/platform.ts";
import type { ProcessHost } from "../../../../actors/platform/process.ts";
import { realProcessHost } from "../../../../actors/platform/process.ts";
import { realPlatform } from "../../../../actors/platform/real.ts";
import { realTcp } from "../../../../actors/platform/real/tcp.ts";
import { openKvStore } from "../../../../actors/store/kv.ts";
import { errorText } from "../../../../core/result.ts";
import { NodeError } from "../node.ts";
import { answer } from "./engine/desk.ts";
import { Engine } from "./engine/engine.ts";
import { CALLS_MAX } from "./limits.ts";
import type { LdkSettings } from "./settings.ts";
import { KNOWN_FLAWS } from "./settings.ts";
import type { Asked, Refused, Told } from "./wire.ts";
import { fromLine, toLine } from "./wire.ts";

function backendOf(platform: Platform, { chain }: LdkSettings): BitcoinBackend {
  return chain.kind === "esplora"
    ? esploraBackend(platform, chain.url)
    : bitcoindBackend(platform.network, chain.url, chain);
}

function finderOf(platform: Platform, { chain, network }: LdkSettings): CoinFinder {
  return chain.kind === "esplora"
    ? esploraCoins(platform, chain.url, network)
    : bitcoindCoins(platform.network, chain.url, chain);
}

function refusalOf(thrown: unknown): Refused {
  if (thrown instanceof NodeError) return { code: thrown.code, message: thrown.message };
  return { code: "unreachable", message: errorText(thrown) };
}

async function run(host: ProcessHost, platform: Platform): Promise<void> {
  const lines = host.stdin()[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) return;
  const settings = fromLine(first.value) as LdkSettings;
  /** One line after the other. */
  let writing: Promise<void> = Promise.resolve();
  const tell = (told: Told): Promise<void> => {
    writing = writing.then(() => host.stdout(toLine(told)));
    return writing;
  };
  let failing: Promise<never> | null = null;
  /** Ends the process, once the reason is told. */
  const fail = (thrown: unknown): Promise<never> =>
    failing ??= tell({ told: "failed", error: refusalOf(thrown) }).then(() => host.exit(1), () => host.exit(1));
  if (settings.network === "bitcoin" && !settings.acceptsKnownFlaws) {
    return await fail(new NodeError("refused", KNOWN_FLAWS));
  }
  const log = loggerFor("ldk", ({ level, message, ...record }) => {
    if (level === "debug") return;
    const facts = JSON.stringify(
      record.facts ?? {},
      (_key, value) => typeof value === "bigint" ? String(value) : value,
    );
    void tell({ told: "log", level, message, facts });
  });
  // it is asked nothing before it is ready: what comes earlier is the input's end, and starting may wait for long
  let isReady = false;
  const second = lines.next();
  second.then(({ done }) => {
    if (done && !isReady) host.exit(0);
  }, fail);
  await platform.files.makeDirectory(settings.folder, { secret: true });
  const store = await openKvStore({ path: join(settings.folder, "node.db"), platform });
  store.failed.catch(fail);
  let engine: Engine;
  let isChangeTold = false;
  try {
    engine = await Engine.start({
      settings,
      platform,
      tcp: realTcp,
      store,
      backend: backendOf(platform, settings),
      finder: finderOf(platform, settings),
      log,
      changed: () => {
        if (isChangeTold) return;
        isChangeTold = true;
        queueMicrotask(() => {
          isChangeTold = false;
          void tell({ told: "changed" });
        });
      },
      fail,
    });
  } catch (thrown) {
    return await fail(thrown);
  }
  isReady = true;
  const counter = countCommits(platform, engine, tell);
  await tell({ told: "ready" });
  let calls = 0;
  const handle = async ({ id, call, args }: Asked): Promise<void> => {
    if (calls >= CALLS_MAX) {
      const error: Refused = { code: "unreachable", message: "The node has too many calls to answer." };
      return await tell({ told: "refused", id, error });
    }
    calls++;
    try {
      await tell({ told: "answer", id, value: await answer(engine, call, args) });
    } catch (thrown) {
      if (!(thrown instanceof NodeError)) return engine.fail(thrown);
      await tell({ told: "refused", id, error: refusalOf(thrown) });
    } finally {
      calls--;
    }
  };
  // a terminal's ^C comes here too: the gateway is the one that ends it, by ending its input
  const off = host.onSignal(() => undefined);
  for (let line = await second; !line.done; line = await lines.next()) {
    void handle(fromLine(line.value) as Asked);
  }
  off();
  counter();
  await engine.close();
  await tell({ told: "commits", count: engine.commits.durable });
  await store.close();
}

/** The gateway is told how many commits there are, so that an older copy of the folder is known as one. */
function countCommits(platform: Platform, engine: Engine, tell: (told: Told) => Promise<void>): () => void {
  let told = -1, isOver = false;
  const step = (): void => {
    if (isOver) return;
    if (engine.commits.durable !== told) {
      told = engine.commits.durable;
      void tell({ told: "commits", count: told });
    }
    platform.clock.setTimer(COUNT_MS, step);
  };
  step();
  return () => isOver = true;
}

const COUNT_MS = 500;

if (import.meta.main) {
  // the bindings print their version, and standard output is for messages
  console.log = console.error;
  try {
    await run(realProcessHost, realPlatform());
    realProcessHost.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    realProcessHost.exit(1);
  }
}
