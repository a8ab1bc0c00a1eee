/** Public calls beside consensus: however many there are, the actors that consensus needs get what it sends them. */
import { assertEquals } from "@std/assert";
import { newDiskRoom } from "../disk_watch.ts";
import { settle } from "../../actors/testing/manual_clock.ts";
import { refTo } from "../../actors/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { u64, unit } from "../../core/encoding/mod.ts";
import { ok } from "../../core/result.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import type { AnyServerModule } from "../../modules/contract/server.ts";
import { endpoint } from "../../modules/contract/server.ts";
import type { SessionsMessage } from "../consensus/session/sessions.ts";
import { processOne } from "../consensus/testing/engine.ts";
import { codecsWith, INSTANCE, refs, restartsOf, vote, withConsensus } from "../consensus/testing/processing.ts";
import type { Modules } from "../consensus/engine/transaction.ts";
import { clientConfigFor } from "../config/guardian_config.ts";
import { call } from "./testing/calls.ts";
import { testConfig } from "../config/testing/config.ts";
import { consensusMethods } from "./tree.ts";

/** More than any mailbox holds. */
const CALLS = 11_000;

Deno.test("while an item waits for Bitcoin, 11,000 questions of each kind are answered and the next item is taken", async () => {
  const gate = Promise.withResolvers<void>();
  const module: Partial<AnyServerModule> = {
    processConsensusItem: async (_tx, number: bigint) => {
      if (number === 1n) await gate.promise;
      return ok(null);
    },
    audit: () => Promise.resolve(0n),
    apiEndpoints: {
      seven: endpoint({
        since: { major: 0, minor: 0 },
        params: unit,
        result: u64,
        handle: () => Promise.resolve(7n),
      }),
    },
  };
  let modules: Modules | undefined;
  await withConsensus(module, codecsWith({ consensusItem: u64 }), async ({ system, clock, store, board }) => {
    const config = testConfig(0);
    const clientConfig = clientConfigFor(config, new Map());
    const methods = consensusMethods({
      sender: system,
      platform: clock.platform,
      store,
      config,
      modules: modules!,
      configured: new Map(),
      clientConfig,
      federationId: federationIdOf(clientConfig.global.apiEndpoints),
      board,
      room: newDiskRoom(),
      connected: new Set(),
      submissions: refs.submissions,
      sessions: refTo<SessionsMessage>("root/sessions"),
      bitcoin: {
        status: () => Promise.resolve(null),
        blockAt: () => Promise.reject(),
        broadcast: () => Promise.reject(),
      },
      apiSecrets: [],
      apiPassword: null,
    });
    const waits = processOne({ system }, { session: 0, position: 0, item: vote(1n), peer: 1 });
    await settle();
    const flood = [
      "status",
      "p2p_connection_status",
      "consensus_ord_latency",
      "session_count",
      `module_${INSTANCE}_seven`,
    ]
      .map((name): [string, Promise<Json>[]] => [
        name,
        Array.from({ length: CALLS }, () => call(methods, name, null)),
      ]);
    const next = processOne({ system }, { session: 0, position: 1, item: vote(2n), peer: 1 });
    for (const [name, answers] of flood) {
      const failed = (await Promise.all(answers)).filter((answer) =>
        typeof answer === "object" && answer !== null && "code" in answer
      );
      assertEquals([name, failed.length], [name, 0]);
    }
    gate.resolve();
    assertEquals([await waits, await next], [ok(null), ok(null)]);
    const found = system.inspect().children.map(({ path, refused }) => [path, refused]);
    assertEquals(found.filter(([, refused]) => refused !== 0), []);
    assertEquals(restartsOf({ system } as Parameters<typeof restartsOf>[0]), 0);
  }, (made) => {
    modules = made;
    return [];
  });
});
