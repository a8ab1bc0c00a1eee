/** Joining with codes and configs that are not what they should be: what is said, and that nothing of it is kept. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { LogRecord } from "../../actors/logger.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { encode } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import { newInviteCode } from "../../core/types/invite_code.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { builtInModules } from "../modules.ts";
import { Client } from "../core/client.ts";
import type { ClientOptions } from "../core/options.ts";
import { configJson } from "./config_json.ts";
import { ClientError } from "../error.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import type { ToyFederation } from "../testing/federation.ts";
import { damaged, garbage } from "../testing/garbage.ts";
import { networkOf } from "./network.ts";
import type { Asked } from "../testing/world.ts";
import { ClientWorld } from "../testing/world.ts";
import { joinedSlot } from "./join_state.ts";

type Setting = { readonly world: ClientWorld; readonly federation: ToyFederation; readonly records: LogRecord[] };
/** What a guardian answers to `client_config`; undefined: the truth. */
type Config = (asked: Asked, truth: Json) => Json | Promise<Json> | undefined;

async function setting(config: Config, federation = toyFederation()): Promise<Setting> {
  const world = new ClientWorld(1);
  await world.finish(startGuardians(world, federation, async (asked) => {
    const truth = await federation.honest(asked);
    return asked.method === "client_config" ? config(asked, truth) ?? truth : truth;
  }));
  return { world, federation, records: [] };
}

async function open({ world, records }: Setting, modules: ClientOptions["modules"] = []): Promise<Client> {
  const store = await world.finish(world.openStore());
  const log = (record: LogRecord): void => void records.push(record);
  return await world.finish(Client.open({ platform: world.platform, store, modules, log }));
}

async function assertNothingKept({ world }: Setting, client: Client): Promise<void> {
  assertEquals(await client.options.store.read((tx) => joinedSlot.get(tx)), undefined);
  await world.finish(client.close());
}

Deno.test("whatever config the inviting guardian makes up, the client joins nothing and says so", async () => {
  const honest = await toyFederation().honest({ method: "client_config" } as Asked) as JsonObject;
  // with another endpoint it is another federation; the rest is not its word alone
  const endpoints = damaged(honest.api_endpoints!).map((changed): Json => ({ ...honest, api_endpoints: changed }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(garbage, endpoints), async (answer) => {
      const at = await setting(({ peer }) => peer === 0 ? answer : undefined);
      const client = await open(at);
      const outcome = await at.world.finish(client.join(at.federation.invite).then(() => null, (thrown) => thrown));
      // what decodes to the same endpoints is the truth
      if (outcome === null) return at.world.finish(client.close());
      assert(outcome instanceof ApiError, String(outcome));
      assert(/Response deserialization error|does not match client config/.test(outcome.message), outcome.message);
      await assertNothingKept(at, client);
    }),
    { numRuns: 60 },
  );
});

Deno.test("whatever config one guardian makes up that didn't invite, the others' is joined", async () => {
  const honest = await toyFederation().honest({ method: "client_config" } as Asked);
  await fc.assert(
    fc.asyncProperty(fc.oneof(garbage, damaged(honest)), async (answer) => {
      const at = await setting(({ peer }) => peer === 2 ? answer : undefined);
      const client = await open(at);
      await at.world.finish(client.join(at.federation.invite));
      assertEquals(encode(clientConfig, client.running.joined.config), encode(clientConfig, at.federation.config));
      await at.world.finish(client.close());
    }),
    { numRuns: 60 },
  );
});

Deno.test("guardians that disagree on the config are not joined; the error says who said what", async () => {
  const other = toyFederation({ meta: { federation_name: "other" } });
  const at = await setting((asked) => asked.peer < 2 ? other.honest(asked) : undefined);
  const client = await open(at);
  const begunMs = at.world.world.nowMs;
  const error = await assertRejects(() => at.world.finish(client.join(at.federation.invite)), ApiError);
  assertEquals(error.code, "disagreement");
  assertStringIncludes(error.message, "Guardians disagree (peer 0: ");
  assert(at.world.world.nowMs - begunMs < 120_000, "it is tried again for a minute or two, not for ever");
  await assertNothingKept(at, client);
});

Deno.test("a federation without guardians is none", async () => {
  const none = { ...toyFederation().config, global: { ...toyFederation().config.global, apiEndpoints: new Map() } };
  const at = await setting(() => clientConfig.toJson(none));
  const client = await open(at);
  const { url, peer } = at.federation.invite;
  const federationId = federationIdOf(none.global.apiEndpoints);
  const invite = newInviteCode({ url, peer, federationId, apiSecret: null });
  const error = await assertRejects(() => at.world.finish(client.join(invite)), ApiError);
  assertStringIncludes(error.message, "The federation has no guardians");
  await assertNothingKept(at, client);
});

Deno.test("joining ends with its caller's patience, though a guardian never answers", async () => {
  const at = await setting(({ peer }) => peer === 0 ? new Promise(() => {}) : undefined);
  const client = await open(at);
  const patience = new AbortController();
  void sleep(at.world.platform.clock, 3_000).then(() => patience.abort(new Error("no patience")));
  const begunMs = at.world.world.nowMs;
  const join = client.join(at.federation.invite, patience.signal);
  const error = await assertRejects(() => at.world.finish(join), WaitError);
  assertEquals([error.code, (error.cause as Error).message], ["aborted", "no patience"]);
  assert(at.world.world.nowMs - begunMs < 3_100);
  await assertNothingKept(at, client);
});

Deno.test("an inviting guardian that is silent or away is told after 15 s, with a way out, and a second one in the code is enough", async () => {
  const nowhere = toyFederation({ urlOf: (peer) => `ws://${peer === 0 ? "nowhere" : "127.0.0.1"}:${7_000 + peer}/` });
  const silent = await setting(({ peer }) => peer === 0 ? new Promise(() => {}) : undefined);
  const at = await setting(() => undefined, nowhere);
  const client = await open(at);
  for (const [{ world, federation }, joining] of [[silent, await open(silent)], [at, client]] as const) {
    const begunMs = world.world.nowMs;
    const error = await assertRejects(() => world.finish(joining.join(federation.invite)), ClientError);
    assertEquals(error.code, "no_answer");
    assertStringIncludes(error.message, "an invite code of another guardian");
    assert(world.world.nowMs - begunMs <= 15_100, `${world.world.nowMs - begunMs} ms`);
  }
  const both = { ...nowhere.invite, guardians: new Map([[0, nowhere.invite.url], [1, "ws://127.0.0.1:7001/"]]) };
  await at.world.finish(client.join(both));
  await at.world.finish(client.close());
});

Deno.test("a config as large as a message holds is joined and opened again", async () => {
  const large = toyFederation({ meta: { welcome_message: "x".repeat(8_000_000) } });
  const at = await setting(() => undefined, large);
  const client = await open(at);
  await at.world.finish(client.join(large.invite));
  await at.world.finish(client.close());
  const again = await open(at);
  assertEquals(encode(clientConfig, again.running.joined.config), encode(clientConfig, large.config));
  await at.world.finish(again.close());
});

Deno.test("a module whose config can't be read, or that is not known, is left out and kept; the others run", async () => {
  const body = Uint8Array.of(1, 2, 3) as Bytes;
  const configs = new Map(["mintv2", "walletv2", "meta", "unheard"].map((kind, instance) => {
    const version = builtInModules.find((module) => module.kind === kind)?.consensusVersion ?? { major: 7, minor: 7 };
    const config = { instance, body: kind === "meta" ? new Uint8Array(0) as Bytes : body };
    return [instance, { kind, version, config }];
  }));
  const federation = toyFederation({ configs });
  const at = await setting(() => undefined, federation);
  for (const joins of [true, false]) {
    const client = await open(at, builtInModules);
    if (joins) await at.world.finish(client.join(federation.invite));
    assertEquals(client.modules().map(({ kind, active }) => [kind, active]), [
      ["mintv2", false],
      ["walletv2", false],
      ["meta", true],
      ["unheard", false],
    ]);
    const { config } = client.running.joined;
    assertEquals(encode(clientConfig, config), encode(clientConfig, federation.config));
    assertEquals(networkOf(config), null);
    const shown = (configJson(config, builtInModules) as { modules: JsonObject }).modules;
    for (const id of [0, 1, 3]) {
      assertEquals(shown[String(id)], { kind: configs.get(id)!.kind, unknown_module_hex: `0${id}03010203` });
    }
    const thrown = await assertRejects(async () => await client.balanceMsat(), FedimintError);
    assertEquals(thrown.code, "no_primary_module");
    await at.world.finish(client.close());
  }
  const left = at.records.filter(({ level }) => level === "error").map(({ facts }) => facts?.instance);
  assertEquals(left, [0, 1, 0, 1]);
});
