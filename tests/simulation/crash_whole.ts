/** A guardian in which something crashes again and again: as a process, to its end. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ActorError } from "../../actors/error.ts";
import { MemoryBackend, openMemoryStore, StoreError } from "../../actors/store/mod.ts";
import { errorText } from "../../core/result.ts";
import type { AnyServerModuleDefinition } from "../../modules/contract/server.ts";
import { Guardian } from "../../server/guardian.ts";
import { builtInModules } from "../../server/modules.ts";
import { SimulatedFederation } from "./federation.ts";
import { guardianOptions } from "./guardians.ts";

const VICTIM = 0;

/** @param change of the module of the metadata, once it runs */
function definitionsWith(change: object): ReadonlyMap<string, AnyServerModuleDefinition> {
  const meta = builtInModules.get("meta")!;
  const start: typeof meta.start = async (env) => ({ ...await meta.start(env), ...change });
  return new Map([...builtInModules, ["meta", { ...meta, start }]]);
}

Deno.test("a guardian whose module always crashes ends in order, and says which", async () => {
  const federation = await SimulatedFederation.start({ seed: 12, total: 1, modules: ["meta"] });
  federation.kill(VICTIM);
  federation.world.process(`g${VICTIM}`).restart();
  const { platform } = federation.world.process(`g${VICTIM}`);
  const store = await federation.finish(openMemoryStore({ clock: platform.clock }));
  const definitions = definitionsWith({ consensusProposal: () => Promise.reject(new Error("no votes today")) });
  const log = federation.logOf(`g${VICTIM}`);
  const before = federation.records.length;
  const guardian = await federation.finish(Guardian.start(guardianOptions({ platform, store, log, definitions })));

  const thrown = await federation.finish(assertRejects(() => guardian.run(), ActorError));
  assertEquals(thrown.code, "gave_up");
  const text = errorText(thrown);
  assertStringIncludes(text, "guardian gave up after too many restarts: guardian/consensus gave up");
  assertStringIncludes(text, "no votes today");
  assertEquals(
    (await federation.finish(assertRejects(() => store.read(() => Promise.resolve(null)), StoreError))).code,
    "closed",
  );
  assertEquals(guardian.inspect().children, []);
  const said = federation.records.slice(before).filter(({ process, level }) =>
    process === `g${VICTIM}` && level !== "debug"
  );
  assert(said.length < 200, `${said.length} lines`);
});

Deno.test("a guardian whose disk fails ends by the database's reason, whatever crashed by it", async () => {
  const federation = await SimulatedFederation.start({ seed: 13, total: 1, modules: ["meta"] });
  for (const writes of [2, 3]) { // the empty store's own and its version came before
    federation.kill(VICTIM);
    federation.world.process(`g${VICTIM}`).restart();
    const { platform } = federation.world.process(`g${VICTIM}`);
    const backend = new MemoryBackend({
      clock: platform.clock,
      onWrite: (count) => {
        if (count > writes) throw new Error("disk is full");
      },
    });
    const store = await federation.finish(openMemoryStore({ clock: platform.clock, backend }));
    const guardian = await federation.finish(
      Guardian.start(guardianOptions({ platform, store, log: federation.logOf(`g${VICTIM}`) })),
    );
    const ended = assertRejects(() => guardian.run(), StoreError);
    assertEquals((await federation.finish(ended)).code, "failed");
  }
});
