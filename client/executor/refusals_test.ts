/** Refusals whose reason this client can't read: the money comes back all the same. */
import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { decode, u64 } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { TransactionError } from "../../core/types/transaction.ts";
import { Client } from "../core/client.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { getEvents } from "../logs/events.ts";
import { ClientWorld } from "../testing/world.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";

const OPERATION = "cd".repeat(32) as OperationId;
const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });
/** Its errors are numbers. */
const numbering = { ...toyModule, describeError: (_kind: unknown, body: Bytes) => `error ${decode(u64, body)}` };

/** The event that tells of the refusal, and what the wallet holds then of 1,000. */
async function refused(error: TransactionError): Promise<{ readonly text: unknown; readonly msat: bigint }> {
  const world = new ClientWorld(1), books = new ToyBooks();
  books.refuse = error;
  await world.finish(startGuardians(world, federation, books.script(federation.honest)));
  const store = await world.finish(world.openStore());
  const options = { platform: world.platform, store, modules: [numbering], log: () => {} };
  const client = await world.finish(Client.open(options));
  await world.finish(client.join(federation.invite));
  const toy = client.use(toyModule);
  await world.finish(toy.fund(1_000n));
  assert((await world.finish(toy.pay(OPERATION, 101n))).ok);
  await world.finish(client.awaitIdle());
  await world.finish(client.nextEventId());
  const events = await store.read((tx) => getEvents(tx, 0, 10));
  const rejected = events.find(({ kind }) => kind === "tx-rejected")?.payload as { error?: unknown } | undefined;
  const msat = await toy.balance();
  await world.finish(client.close());
  return { text: rejected?.error, msat };
}

function moduleError(instance: number, ...body: number[]): TransactionError {
  return { tag: "Input", value: { instance, body: Uint8Array.from(body) } };
}

Deno.test("a reason that the module reads is told in its words", async () => {
  assertEquals(await refused(moduleError(0, 7)), {
    text: "The transaction had an invalid input: 0-error 7",
    msat: 1_000n,
  });
});

Deno.test("a reason that no module of this version can read is shown as its bytes", async () => {
  for (const error of [moduleError(0), moduleError(0, 7, 7), moduleError(9, 7), moduleError(0, 0xff, 1)]) {
    const { text, msat } = await refused(error);
    assert(
      typeof text === "string" && /^The transaction had an invalid input: [09]-0[0-2][0-9a-f]*$/.test(text),
      `${text}`,
    );
    assertEquals(msat, 1_000n);
  }
});
