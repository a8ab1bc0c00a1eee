/** What a federation says of itself: asked for, kept, and read without trust. */
import { assertEquals, assertRejects } from "@std/assert";
import { utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { ClientError } from "../error.ts";
import { KEPT_META_CHARACTERS_MAX } from "../limits.ts";
import type { FederationClient } from "../mod.ts";
import { openClient } from "../mod.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { ClientWorld, Refusal } from "../testing/world.ts";
import { metaOf } from "./known_meta.ts";

const federation = toyFederation({ modules: new Map([[3, "meta"]]), meta: { federation_name: "config" } });

class Setting {
  readonly world = new ClientWorld(1);
  /** Guardians' value, as JSON; null: none · undefined: they can't be asked. */
  value: Json | undefined;
  wallet!: FederationClient;

  static async joined(): Promise<Setting> {
    const setting = new Setting();
    const { world } = setting;
    await world.finish(startGuardians(world, federation, (asked) => {
      if (asked.method !== "module_3_get_consensus") return federation.honest(asked);
      if (setting.value === undefined) throw new Refusal(500, "no");
      if (setting.value === null) return null;
      const text = stringifyJson(setting.value);
      return { revision: 7, value: [...utf8(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
    }));
    await setting.open();
    for (const ask of [() => setting.wallet.meta(), () => setting.wallet.knownMeta()]) {
      assertEquals((await assertRejects(async () => void await ask(), ClientError)).code, "not_joined");
    }
    await world.finish(setting.wallet.client.join(federation.invite));
    return setting;
  }

  async open(): Promise<void> {
    const { world } = this;
    const store = await world.finish(world.openStore());
    this.wallet = await world.finish(openClient({ platform: world.platform, store, modules: [] }));
  }

  async told(): Promise<[string | null, bigint, boolean]> {
    const { name, revision, askedAtMs } = await this.world.finish(this.wallet.meta());
    return [name, revision, askedAtMs !== null];
  }

  async known(): Promise<[string | null, bigint, boolean]> {
    const { name, revision, askedAtMs } = await this.world.finish(this.wallet.knownMeta());
    return [name, revision, askedAtMs !== null];
  }
}

Deno.test("what a federation says is kept, for when nobody answers and for the next opening", async () => {
  const at = await Setting.joined();
  assertEquals(await at.known(), ["config", 0n, false]);
  assertEquals(await at.told(), ["config", 0n, false], "guardians can't be asked");
  at.value = { federation_name: "module" };
  assertEquals([await at.told(), await at.known()], [["module", 7n, true], ["module", 7n, true]]);
  at.value = undefined;
  assertEquals(await at.told(), ["module", 7n, true]);
  await at.world.finish(at.wallet.close());
  await at.open();
  assertEquals(await at.known(), ["module", 7n, true]);
  at.value = null;
  assertEquals(await at.told(), ["config", 0n, true], "guardians took their value back");
  await at.world.finish(at.wallet.close());
});

Deno.test("what is too large to be kept is told, and what was kept before stays", async () => {
  const at = await Setting.joined();
  at.value = { federation_name: "small" };
  await at.told();
  at.value = { federation_name: "large", padding: "x".repeat(KEPT_META_CHARACTERS_MAX) };
  assertEquals([await at.told(), await at.known()], [["large", 7n, true], ["small", 7n, true]]);
  await at.world.finish(at.wallet.close());
});

Deno.test("guardians that say nothing for long don't keep anybody waiting", async () => {
  const world = new ClientWorld(1);
  const script = (asked: Parameters<typeof federation.honest>[0]) =>
    asked.method === "module_3_get_consensus" ? new Promise<Json>(() => {}) : federation.honest(asked);
  await world.finish(startGuardians(world, federation, script));
  const store = await world.finish(world.openStore());
  const wallet = await world.finish(openClient({ platform: world.platform, store, modules: [] }));
  await world.finish(wallet.client.join(federation.invite));
  const begunMs = world.platform.clock.nowMs();
  assertEquals((await world.finish(wallet.meta())).name, "config");
  assertEquals(Math.round((world.platform.clock.nowMs() - begunMs) / 1_000), 15);
  await world.finish(wallet.close());
});

Deno.test("a federation's end is a date or none, and fields of other forms are no texts", () => {
  const endOf = (value: Json): number | null =>
    metaOf({ revision: 0n, values: { federation_expiry_timestamp: value } }, null).expiresAtMs;
  assertEquals([endOf(1_800_000_000), endOf("1800000000"), endOf(0)], [1_800_000_000_000, 1_800_000_000_000, 0]);
  const noDates: Json[] = [null, "", "soon", -1, 1.5, "-1", {}, [1], true, 8_640_000_000_001, 2n ** 64n - 1n, "1e400"];
  for (const value of noDates) assertEquals(endOf(value), null, `${stringifyJson(value)}`);
  const { name, welcome } = metaOf({ revision: 0n, values: { federation_name: 5, welcome_message: { a: 1 } } }, null);
  assertEquals([name, welcome], [null, null]);
});
