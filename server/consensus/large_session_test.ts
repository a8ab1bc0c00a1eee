/**
 * A session as large as an evil guardian can make it: more than the store holds in one value, or takes in one commit.
 */
import { assert, assertEquals } from "@std/assert";
import { VALUE_BYTES_MAX } from "../../actors/store/limits.ts";
import { bytes, encode, list } from "../../core/encoding/mod.ts";
import { ok } from "../../core/result.ts";
import { toDyn } from "../../core/types/dyn.ts";
import { consensusItem } from "../../core/types/session.ts";
import type { AnyServerModule } from "../../modules/contract/server.ts";
import { acceptedItems, getSessionEnd } from "./store/db.ts";
import { endSession, processOne } from "./testing/engine.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";
import { codecsWith, INSTANCE, withConsensus } from "./testing/processing.ts";

/** Takes every text, as the meta module takes votes. */
const TEXTS: Partial<AnyServerModule> = {
  processConsensusItem: () => Promise.resolve(ok(null)),
  consensusProposal: () => Promise.resolve([]),
  audit: () => Promise.resolve(0n),
  apiEndpoints: {},
};
const codecs = codecsWith({ consensusItem: bytes });

const text = (at: number) => ({
  tag: "Module" as const,
  value: toDyn(INSTANCE, bytes, new Uint8Array(49_900).fill(at)),
});

Deno.test("a session of more than the store's largest value ends, small, and the next one begins", async () => {
  const count = Math.ceil(VALUE_BYTES_MAX / 49_900) + 1;
  assert(encode(list(consensusItem), [text(0)]).length <= BATCH_BYTES_MAX, "one unit each");
  await withConsensus(TEXTS, codecs, async (test) => {
    const { store } = test;
    for (let at = 0; at < count; at++) {
      assertEquals(await processOne(test, { session: 0, position: at, item: text(at), peer: at % 4 }), ok(null));
    }
    const { durable } = await store.transact(() => null);
    await durable;
    await endSession(test, 0, count);
    const end = await store.read((tx) => getSessionEnd(tx, 0));
    assert(end!.items === count && end!.bytes > VALUE_BYTES_MAX);
    let stored = 0;
    await store.read(async (tx) => {
      for await (const encoded of acceptedItems(tx, 0)) stored += encoded.length;
    });
    assertEquals(stored, end!.bytes);
    assertEquals(await processOne(test, { session: 1, position: 0, item: text(0), peer: 0 }), ok(null));
  });
});
