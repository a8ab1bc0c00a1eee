import { assertEquals } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { Client } from "../core/client.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";
import type { Script } from "../testing/world.ts";
import { ClientWorld, Refusal } from "../testing/world.ts";

const REFRESHED = ["client_config", "version", "api_announcements", "guardian_metadata"] as const;
const MINUTE_MS = 60_000;

/** A wallet that has joined; how often guardians are asked for what while it is open. */
class Setting {
  readonly world = new ClientWorld(3);
  refused: string | null = null;
  readonly #federation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });
  readonly #asked = new Map<string, number>();

  async start(): Promise<void> {
    const script: Script = new ToyBooks().script(this.#federation.honest);
    await this.world.finish(startGuardians(this.world, this.#federation, (asked): Promise<Json> | Json => {
      this.#asked.set(asked.method, (this.#asked.get(asked.method) ?? 0) + 1);
      if (asked.method === this.refused) throw new Refusal(404, "unknown method");
      return script(asked);
    }));
    await this.opened((client) => client.join(this.#federation.invite));
  }

  async opened(use: (client: Client) => Promise<unknown> = () => Promise.resolve(), minutes = 1): Promise<number[]> {
    const { world } = this, { platform } = world;
    this.#asked.clear();
    const store = await world.finish(world.openStore());
    const client = await world.finish(Client.open({ platform, store, modules: [toyModule], log: () => {} }));
    await world.finish(use(client));
    for (let passed = 0; passed < minutes; passed++) await this.pass(1);
    await world.finish(client.close());
    return REFRESHED.map((method) => this.#asked.get(method) ?? 0);
  }

  pass(minutes: number): Promise<void> {
    return this.world.finish(sleep(this.world.platform.clock, minutes * MINUTE_MS));
  }
}

Deno.test("what one opening asked guardians for the next ones ask for again after ten minutes", async () => {
  const at = new Setting();
  await at.start();
  assertEquals(await at.opened(), [0, 0, 0, 0]);
  await at.pass(7);
  assertEquals(await at.opened(), [0, 0, 0, 0]);
  await at.pass(1);
  assertEquals(await at.opened(), [4, 4, 4, 4]);
  assertEquals(await at.opened(), [0, 0, 0, 0]);
});

Deno.test("what wasn't answered is asked for at the next opening, and all else with it", async () => {
  const at = new Setting();
  at.refused = "chain_id";
  await at.start();
  assertEquals(await at.opened(), [4, 4, 4, 4]);
  at.refused = null;
  assertEquals(await at.opened(), [4, 4, 4, 4]);
  assertEquals(await at.opened(), [0, 0, 0, 0]);
});

Deno.test("an open wallet asks each hour, however fresh it was when it was opened", async () => {
  const at = new Setting();
  await at.start();
  await at.pass(1);
  const hours = 3, asked = await at.opened(undefined, hours * 60 + 1);
  assertEquals(asked, Array(4).fill(4 * hours));
});
