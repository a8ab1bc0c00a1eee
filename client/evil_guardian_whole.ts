/**
 * A guardian of four that answers every call with what it likes: the client joins, pays, refreshes what it knows and
 * opens again as ever.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LogRecord } from "../actors/logger.ts";
import { sleep } from "../actors/platform/platform.ts";
import type { Json } from "../core/encoding/mod.ts";
import { encode, moduleEncoding } from "../core/encoding/mod.ts";
import { err, ok } from "../core/result.ts";
import { clientConfig } from "../core/types/client_config.ts";
import type { OperationId, TransactionId } from "../core/types/ids.ts";
import { transactionSubmissionOutcome } from "../core/types/transaction.ts";
import { signedApiAnnouncement } from "../core/types/api_announcement.ts";
import { Client } from "./core/client.ts";
import { announcementOf, startGuardians, toyFederation } from "./testing/federation.ts";
import { damaged, garbage } from "./testing/garbage.ts";
import { getEvents } from "./logs/events.ts";
import type { Asked, Script } from "./testing/world.ts";
import { ClientWorld, Refusal } from "./testing/world.ts";
import { TOY_KIND, ToyBooks, toyModule } from "./testing/toy.ts";

const OPERATION = "cd".repeat(32) as OperationId;
const HOUR_MS = 3_600_000;
const HONEST_MS = 10;
const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });

/** A client pays 101 of its 1,000 and lives on for two hours, while `evil` answers for one guardian. */
async function life(evilPeer: number, evil: (asked: Asked, honest: Script) => Json | Promise<Json>): Promise<void> {
  const world = new ClientWorld(1), books = new ToyBooks(), records: LogRecord[] = [];
  const honest = books.script(federation.honest);
  await world.finish(startGuardians(world, federation, async (asked) => {
    if (asked.peer === evilPeer) return evil(asked, honest);
    // the evil one is always the first
    await sleep(world.platform.clock, HONEST_MS);
    return honest(asked);
  }));
  const open = async (): Promise<Client> => {
    const store = await world.finish(world.openStore());
    const log = (record: LogRecord): void => void records.push(record);
    return await world.finish(Client.open({ platform: world.platform, store, modules: [toyModule], log }));
  };
  const client = await open();
  await world.finish(client.join(federation.invite));
  const toy = client.use(toyModule);
  await world.finish(toy.fund(1_000n));
  assert((await world.finish(toy.pay(OPERATION, 101n))).ok);
  await world.finish(client.awaitIdle());
  assertEquals([books.accepted.size, await toy.balance()], [1, 1_000n - 101n - books.feesMsat]);
  await world.world.run({ forMs: 2 * HOUR_MS });
  await world.finish(client.nextEventId());
  const events = await client.options.store.read((tx) => getEvents(tx, 0, 10));
  assertEquals(events.map(({ kind }) => kind), ["tx-created", "tx-accepted"]);
  await world.finish(client.close());

  const again = await open();
  await world.world.run({ forMs: HOUR_MS / 60 });
  const { joined, urls, versions } = again.running;
  assertEquals(encode(clientConfig, joined.config), encode(clientConfig, federation.config));
  for (const [peer, { url }] of joined.config.global.apiEndpoints) {
    if (peer !== evilPeer) assertEquals(urls.get(peer), url, "nobody speaks for another guardian");
  }
  // what one guardian offers is part of what is chosen from: it can take away, not add
  assertEquals([versions.core.major, versions.modules.has(0)], [0, true]);
  assertEquals(await again.use(toyModule).balance(), 1_000n - 101n - books.feesMsat);
  await world.finish(again.close());
  assertEquals(records.filter(({ level }) => level === "error"), []);
}

Deno.test("a guardian that answers everything with anything changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.nat(), async (peer, seed) => {
      await life(peer, () => fc.sample(garbage, { numRuns: 1, seed: seed++ })[0]!);
    }),
    { numRuns: 15 },
  );
});

Deno.test("a guardian that damages every answer in one place changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.nat(), async (peer, seed) => {
      await life(peer, async (asked, honest) => {
        const answer = await honest(asked);
        return fc.sample(damaged(answer), { numRuns: 1, seed: seed++ })[0]!;
      });
    }),
    { numRuns: 25 },
  );
});

/** Answers that are well formed, and lies. */
const LIES: Readonly<Record<string, (asked: Asked, honest: Script) => Json | Promise<Json>>> = {
  "that all it is asked fails": () => {
    throw new Refusal(500, "no");
  },
  "that it knows no method": () => {
    throw new Refusal(-32601, "Method not found");
  },
  "that transactions are refused": (asked, honest) =>
    asked.method === "submit_transaction"
      ? moduleEncoding(transactionSubmissionOutcome).toJson(err({ tag: "InvalidWitnessLength", value: null }))
      : honest(asked),
  "that another transaction was accepted": (asked, honest) => {
    const other = "ee".repeat(32) as TransactionId;
    if (asked.method === "await_transaction") return other;
    return asked.method === "submit_transaction"
      ? moduleEncoding(transactionSubmissionOutcome).toJson(ok(other))
      : honest(asked);
  },
  "that it speaks versions of the future too": (asked, honest) =>
    asked.method === "version"
      ? {
        core: { core_consensus: { major: 2, minor: 99 }, api: [{ major: 0, minor: 99 }, { major: 1, minor: 0 }] },
        modules: {
          "0": {
            core_consensus: { major: 2, minor: 99 },
            module_consensus: { major: 0, minor: 9 },
            api: [{ major: 0, minor: 99 }, { major: 9, minor: 0 }],
          },
          "9": { core_consensus: { major: 2, minor: 1 }, module_consensus: { major: 0, minor: 0 }, api: [] },
        },
      }
      : honest(asked),
  "that it speaks no version": (asked, honest) =>
    asked.method === "version"
      ? { core: { core_consensus: { major: 2, minor: 1 }, api: [] }, modules: {} }
      : honest(asked),
  "that others have moved": (asked, honest) =>
    asked.method === "api_announcements"
      ? Object.fromEntries(
        [0, 1, 2].map((peer) => [
          String(peer),
          signedApiAnnouncement.toJson(announcementOf(3, "ws://evil.example/", 9n)),
        ]),
      )
      : honest(asked),
  "that it has moved to nowhere": (asked, honest) =>
    asked.method === "api_announcements"
      ? { "3": signedApiAnnouncement.toJson(announcementOf(3, "ws://nowhere.example:1/", (1n << 64n) - 1n)) }
      : honest(asked),
};

for (const [name, lie] of Object.entries(LIES)) {
  Deno.test(`a guardian that says ${name} changes nothing`, () => life(3, lie));
}
