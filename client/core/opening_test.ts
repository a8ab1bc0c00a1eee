import { assert, assertEquals } from "@std/assert";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import type { Store } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { addState } from "../executor/states.ts";
import { logEvent, orderEvents } from "../logs/events.ts";
import { addOperation, listOperations } from "../logs/operations.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import { Client } from "./client.ts";

/** Counts entries that are read, however they are asked for. */
class CountingDisk extends MemoryBackend {
  reads = 0;

  override async get(key: Bytes): Promise<Bytes | undefined> {
    this.reads++;
    return await super.get(key);
  }

  override async list(range: Parameters<MemoryBackend["list"]>[0]): ReturnType<MemoryBackend["list"]> {
    const entries = await super.list(range);
    this.reads += entries.length;
    return entries;
  }
}

/** Each with its state, which is left, and its event. */
async function addOperations(store: Store, from: number, to: number): Promise<void> {
  const { durable } = await store.transact(async (tx) => {
    for (let i = from; i < to; i++) {
      const id = Uint8Array.from({ length: 32 }, (_, at) => i >> (8 * (at % 4)) & 0xff) as Bytes;
      const operationId = toHex(id) as OperationId;
      addOperation(tx, operationId, "toy", null, 1_000 + i);
      await addState(tx, { operationId, instance: 0, state: id }, 1_000 + i, true);
      logEvent(tx, { kind: "toy", module: null, tsUs: 1_000 + i, payload: null });
    }
    await orderEvents(tx);
  });
  await durable;
}

Deno.test("opening a wallet, and a page of its operations, reads no more when there are a thousand more", async () => {
  const world = new ClientWorld(1), federation = toyFederation(), disk = new CountingDisk();
  await world.finish(startGuardians(world, federation, (asked) => federation.honest(asked)));
  const opened = async (): Promise<Client> => {
    const store = await openMemoryStore({ clock: world.platform.clock, backend: disk });
    return await Client.open({ platform: world.platform, store, modules: [toyModule], log: () => {} });
  };
  const readsOf = async (): Promise<number> => {
    disk.reads = 0;
    const client = await world.finish(opened());
    const page = await world.finish(client.options.store.read((tx) => listOperations(tx, { limit: 10 })));
    const { reads } = disk;
    assert(page.length <= 10);
    await world.finish(client.close());
    return reads;
  };
  const first = await world.finish(opened());
  await world.finish(first.join(federation.invite));
  await world.finish(addOperations(first.options.store, 0, 20));
  await world.finish(first.close());
  const few = await readsOf();
  const second = await world.finish(opened());
  await world.finish(addOperations(second.options.store, 20, 1_500));
  await world.finish(second.close());
  assertEquals([await readsOf(), few > 10], [few, true]);
});
