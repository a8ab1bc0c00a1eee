/** What is decoded of a session that comes from another guardian as a whole: each item once, when it is taken. */
import { assert, assertEquals } from "@std/assert";
import { loggerFor } from "../../../actors/logger.ts";
import type { Clock } from "../../../actors/platform/platform.ts";
import type { Codec } from "../../../core/encoding/mod.ts";
import { bytes, DecodeError, encode } from "../../../core/encoding/mod.ts";
import { ok } from "../../../core/result.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { signedSessionOutcome } from "../../../core/types/session.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import type { Sealed } from "../engine/engine.ts";
import type { Modules } from "../engine/transaction.ts";
import { ADOPTED_BYTES_MAX, ADOPTED_ITEMS_MAX, MEMO_BYTES_MAX, MEMO_BYTES_PER_BYTE } from "../limits.ts";
import { itemsIn } from "../testing/db.ts";
import { keychains, sealedWith, SESSION, SETTINGS, signed } from "../testing/outcome.ts";
import { codecsWith, INSTANCE, refs, withConsensus } from "../testing/processing.ts";
import { adopt } from "./adopt.ts";
import { checkOutcome } from "./fetched_outcome.ts";

/** Takes everything. */
const MODULE: Partial<AnyServerModule> = {
  processConsensusItem: () => Promise.resolve(ok(null)),
  processOutput: () => Promise.resolve(ok({ amounts: new Map(), fees: new Map() })),
  audit: () => Promise.resolve(0n),
};
const OUTPUT_BYTES = 20_000;
const UNKNOWN_INSTANCE = INSTANCE + 1;

const voted = (value: Dyn): AcceptedItem => ({ item: { tag: "Module", value }, peer: 1 });

/** A vote and a transaction by turns, all different. */
function manyItems(count: number): AcceptedItem[] {
  return Array.from({ length: count }, (_, i) => {
    const nonce = new Uint8Array(new BigUint64Array([BigInt(i)]).buffer);
    if (i % 2 === 0) return voted(toDyn(INSTANCE, bytes, nonce));
    const outputs = [toDyn(INSTANCE, bytes, new Uint8Array(OUTPUT_BYTES))];
    const value: Transaction = { inputs: [], outputs, nonce, signatures: { tag: "NaiveMultisig", value: [] } };
    return { item: { tag: "Transaction", value }, peer: i % 4 };
  });
}

/** `decoded`: items that the module's codecs have read. `take`: the session, as another guardian tells it. */
type Test = {
  readonly decoded: () => number;
  readonly take: (items: AcceptedItem[]) => Promise<Sealed | string | DecodeError>;
  readonly stored: () => Promise<AcceptedItem[]>;
  /** Items that came to the engine at a time. */
  readonly slices: readonly number[];
};

async function withGuardian(body: (test: Test) => Promise<void>): Promise<void> {
  let decoded = 0, modules: Modules | undefined;
  const counted: Codec<Uint8Array<ArrayBuffer>> = {
    ...bytes,
    read: (reader) => {
      decoded++;
      return bytes.read(reader);
    },
  };
  const slices: number[] = [];
  const codecs = codecsWith({ consensusItem: counted, output: counted });
  await withConsensus(MODULE, codecs, async ({ system, clock: { platform }, store, log }) => {
    const clock: Clock = {
      ...platform.clock,
      setTimer: (_, run) => (queueMicrotask(run), { cancel: () => undefined }),
    };
    const check = { session: SESSION, peers: SETTINGS.peers, keychain: keychains[0]!, modules: modules!, clock };
    const sender: Parameters<typeof adopt>[0] = {
      tell: (...args) => system.tell(...args),
      ask: (...args) => system.ask(...args),
      log: loggerFor("adopt", (record) => log.push(record)),
      platform,
    };
    await body({
      decoded: () => decoded,
      slices,
      take: async (all) => {
        const outcome = await checkOutcome(encode(signedSessionOutcome, signed(all)), check);
        assert(typeof outcome !== "string", "the session is what was signed");
        const items = async function* (count: number) {
          for await (const some of outcome.items(count)) {
            slices.push(some.length);
            yield some;
          }
        };
        return await adopt(sender, { session: SESSION, engine: refs.engine }, { ...outcome, items });
      },
      stored: () => store.read((tx) => itemsIn(tx, SESSION)),
    });
  }, (made) => {
    modules = made;
    return [];
  });
}

Deno.test("each item of a session that is taken from another guardian is decoded once, also of one larger than what is remembered", async () => {
  await withGuardian(async ({ decoded, take, stored, slices }) => {
    const items = manyItems(Math.ceil(2.5 * MEMO_BYTES_MAX / MEMO_BYTES_PER_BYTE / OUTPUT_BYTES) * 2);
    assertEquals(await take(items), sealedWith(items));
    assertEquals(decoded(), items.length);
    assertEquals((await stored()).length, items.length);
    const most = Math.max(...slices) / 2 * OUTPUT_BYTES;
    assert(most <= ADOPTED_BYTES_MAX + OUTPUT_BYTES && most > ADOPTED_BYTES_MAX / 2, `${most} bytes in one commit`);
  });
});

Deno.test("small items are taken so many in one commit", async () => {
  await withGuardian(async ({ take, slices }) => {
    const items = manyItems(2 * ADOPTED_ITEMS_MAX + 2).filter(({ item }) => item.tag === "Module");
    await take(items);
    assertEquals(slices, [ADOPTED_ITEMS_MAX, 1]);
  });
});

Deno.test("of a session that a guardian has whole nothing is decoded", async () => {
  await withGuardian(async ({ decoded, take }) => {
    const items = manyItems(20);
    const sealed = await take(items), before = decoded();
    assertEquals([await take(items), decoded()], [sealed, before]);
  });
});

Deno.test("of a session that holds what a guardian can't decode, what comes before is taken, and the rest is not", async () => {
  await withGuardian(async ({ take, stored }) => {
    const items = manyItems(2 * ADOPTED_ITEMS_MAX).filter(({ item }) => item.tag === "Module");
    const unreadable = voted({ instance: UNKNOWN_INSTANCE, body: new Uint8Array(1) });
    assert(await take([...items, unreadable, ...manyItems(1)]) instanceof DecodeError);
    assertEquals(await stored(), items);
  });
});
