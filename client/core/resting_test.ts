import { assertEquals, assertRejects } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import type { Inspection } from "../../actors/system.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import { Client } from "./client.ts";
import { isResting } from "./resting.ts";

const OPERATION = "cd".repeat(32) as OperationId;

/** Paths of all actors. */
function actorsOf({ kind, path, children }: Inspection): string[] {
  return [...kind === "actor" ? [path] : [], ...children.flatMap(actorsOf)];
}

function isMachine(path: string): boolean {
  return path.startsWith("client/federation/machines/");
}

/** A federation with the toy's money, how often its guardians were asked, and a wallet there. */
class Setting {
  readonly world = new ClientWorld(1);
  asked = 0;
  /** Connections on which they were asked. */
  readonly connections = new Set<Headers>();
  /** Whether guardians answer what the toy's machines ask. */
  answers = true;
  readonly #federation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });

  async start({ onlyLooks = false } = {}): Promise<void> {
    const script = new ToyBooks().script(this.#federation.honest);
    await this.world.finish(startGuardians(this.world, this.#federation, (asked) => {
      this.asked++;
      this.connections.add(asked.headers);
      if (asked.method === "module_0_tick" && !this.answers) return new Promise<Json>(() => {});
      return script(asked);
    }));
    await this.opened(async (client) => {
      await client.join(this.#federation.invite);
      if (!onlyLooks) await client.use(toyModule).fund(1_000n);
    }, onlyLooks);
  }

  /** An opened wallet while it is used; whether nothing was under way before. */
  async opened(use: (client: Client) => Promise<unknown>, onlyLooks = false): Promise<boolean> {
    const { world } = this, { platform } = world;
    const store = await world.finish(world.openStore()), rested = await world.finish(store.read(isResting));
    const client = await world.finish(Client.open({ platform, store, modules: [toyModule], log: () => {}, onlyLooks }));
    await world.finish(use(client));
    await world.finish(client.close());
    return rested;
  }
}

Deno.test("a look into a wallet asks no guardian, however long it takes, and shows what an opened one shows", async () => {
  const at = new Setting();
  await at.start();
  const shown = async (client: Client): Promise<unknown[]> => {
    await sleep(at.world.platform.clock, 600_000);
    await client.awaitIdle();
    const active = await client.activeMachines();
    return [active, await client.balanceMsat(), await client.pending(), client.inviteCode(1), client.modules()];
  };
  const looks: unknown[][] = [];
  // what was asked before has arrived
  await at.world.finish(sleep(at.world.platform.clock, 60_000));
  at.asked = 0;
  await at.opened(async (client) => {
    assertEquals(actorsOf(client.inspect()), ["client/federation/modules/0:toy"]);
    looks.push(await shown(client));
  }, true);
  assertEquals(at.asked, 0);
  await at.opened(async (client) => looks.push(await shown(client)));
  assertEquals([looks[0], at.asked > 0], [looks[1], true]);
});

Deno.test("a wallet rests when it has joined and nothing is under way; what is goes on when it is opened", async () => {
  const at = new Setting();
  assertEquals(await at.world.finish((await at.world.openStore()).read(isResting)), false);
  await at.start();
  at.answers = false;
  const begun = await at.opened((client) => client.use(toyModule).count(OPERATION));
  const looked = await at.opened(async (client) => assertEquals(await client.activeMachines(), 1), true);
  at.answers = true;
  const opened = await at.opened(async (client) => {
    await client.awaitIdle();
    assertEquals(await client.use(toyModule).counted(), 5n);
  });
  assertEquals([begun, looked, opened, await at.opened(() => Promise.resolve())], [true, false, false, true]);
});

Deno.test("a client that looked goes on as one that was opened for all: once, and not after it was closed", async () => {
  const at = new Setting();
  await at.start();
  at.answers = false;
  await at.opened((client) => client.use(toyModule).count(OPERATION));
  let looking: Client | undefined, all: string[] = [];
  await at.opened((client) => Promise.resolve(all = actorsOf(client.inspect()).filter((path) => !isMachine(path))));
  await at.world.finish(sleep(at.world.platform.clock, 60_000));
  at.answers = true;
  await at.opened(async (client) => {
    looking = client;
    const asked = at.asked;
    await sleep(at.world.platform.clock, 60_000);
    assertEquals(at.asked, asked);
    await client.goOn();
    await client.awaitIdle();
    assertEquals([actorsOf(client.inspect()), client.options.onlyLooks], [all, false]);
    assertEquals(await client.use(toyModule).counted(), 5n);
    await client.goOn();
    assertEquals(await client.balanceMsat(), 1_000n);
  }, true);
  await assertRejects(() => at.world.finish(looking!.wait(undefined, () => looking!.goOn())), WaitError);
});

Deno.test("a join makes one connection to each guardian, beside that to the invite's, and they stay", async () => {
  for (const onlyLooks of [false, true]) {
    const at = new Setting();
    await at.start({ onlyLooks });
    // a guardian each, and the one of the invite code
    assertEquals(at.connections.size, 5, `onlyLooks: ${onlyLooks}`);
  }
});
