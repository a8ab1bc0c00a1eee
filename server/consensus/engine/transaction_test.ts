import { assertEquals } from "@std/assert";
import type { Sender } from "../../../actors/actor.ts";
import { refTo } from "../../../actors/mod.ts";
import { u64 } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import type { ModuleInstanceId } from "../../../core/types/ids.ts";
import { testStore } from "../../../modules/contract/testing/mod.ts";
import { codecsWith } from "../testing/processing.ts";
import type { ModuleMessage } from "./module_actor.ts";
import { decodeTransaction, modulesWith, processTransaction } from "./transaction.ts";

const SIGNING = 0, OTHER = 1, REFUSED = 99n;
const version = { major: 2, minor: 1 };

/** Two modules, of which one signs its outputs. @returns which outputs were processed, in order, and what came of it */
async function processed(outputs: readonly Dyn[], submission: boolean) {
  const instances: ModuleInstanceId[] = [SIGNING, OTHER];
  const refs = new Map(instances.map((id) => [id, refTo<ModuleMessage>(`root/${id}:test`)] as const));
  const modules = modulesWith(
    refs,
    new Map(instances.map((id) => [id, codecsWith({ output: u64, outputError: u64 })])),
  );
  for (const id of instances) {
    const module = id === SIGNING ? { checkOutput: () => {} } : {};
    modules.live.publish(id, { module, definition: {}, signal: new AbortController().signal } as never);
  }
  const asked: [path: string, outIdx: number][] = [];
  const sender = {
    ask: (
      { path }: { path: string },
      _: string,
      { output, outPoint }: { output: bigint; outPoint: { outIdx: number } },
    ) => {
      asked.push([path, outPoint.outIdx]);
      return Promise.resolve(
        output === REFUSED ? err(toDyn(OTHER, u64, output)) : ok({ amounts: new Map(), fees: new Map() }),
      );
    },
  } as unknown as Sender;
  const signatures = { tag: "NaiveMultisig" as const, value: [] };
  const decoded = decodeTransaction(modules, {
    inputs: [],
    outputs: [...outputs],
    nonce: new Uint8Array(8),
    signatures,
  });
  const store = await testStore();
  const { value } = await store.transact((tx) =>
    processTransaction(sender, modules, tx, decoded, { version, submission })
  );
  return { ok: value.ok, asked };
}

Deno.test("once ordered, outputs that are signed come behind all others, each module's in order; at a submission as they stand", async () => {
  const of = (instance: ModuleInstanceId, number: bigint) => toDyn(instance, u64, number);
  const some = [of(SIGNING, 1n), of(OTHER, 2n), of(SIGNING, 3n), of(OTHER, 4n)];
  const [signing, other] = [`root/${SIGNING}:test`, `root/${OTHER}:test`];
  const asTheyStand: [string, number][] = [[signing, 0], [other, 1], [signing, 2], [other, 3]];
  assertEquals(await processed(some, true), { ok: true, asked: asTheyStand });
  assertEquals(await processed(some, false), { ok: true, asked: [[other, 1], [other, 3], [signing, 0], [signing, 2]] });
  // what is refused costs no signature
  assertEquals(await processed([...some.slice(0, 3), of(OTHER, REFUSED)], false), {
    ok: false,
    asked: [[other, 1], [other, 3]],
  });
});
