import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { encode } from "../../core/encoding/mod.ts";
import { globalRoot } from "../../core/crypto/bip39.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import { signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { formatInviteCode, parseInviteCode } from "../../core/types/invite_code.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { Client } from "./client.ts";
import type { ClientOptions } from "./options.ts";
import { ClientError } from "../error.ts";
import { announcementsSlot, chainIdSlot, entropySlot, joinedSlot } from "../federation/join_state.ts";
import type { ToyFederation } from "../testing/federation.ts";
import { announcementOf, startGuardians, toyFederation } from "../testing/federation.ts";
import { TOY_KIND, toyModule } from "../testing/toy.ts";
import type { Asked, Script } from "../testing/world.ts";
import { ClientWorld, Refusal } from "../testing/world.ts";

type Setting = { readonly world: ClientWorld; readonly federation: ToyFederation; readonly asked: Asked[] };

/** Guardians that follow `script`, or are honest. */
async function setting(
  script: (asked: Asked, honest: Script) => ReturnType<Script> = (asked, honest) => honest(asked),
  federation = toyFederation(),
): Promise<Setting> {
  const world = new ClientWorld(1), asked: Asked[] = [];
  await world.finish(startGuardians(world, federation, (call) => {
    asked.push(call);
    return script(call, federation.honest);
  }));
  return { world, federation, asked };
}

async function open({ world }: Setting, options: Partial<ClientOptions> = {}): Promise<Client> {
  const store = await world.finish(world.openStore());
  return await world.finish(
    Client.open({ platform: world.platform, store, modules: [], log: () => {}, ...options }),
  );
}

async function joined(at: Setting, options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = await open(at, options);
  await at.world.finish(client.join(at.federation.invite));
  return client;
}

function never(): Promise<Json> {
  return new Promise(() => {});
}

Deno.test("a client joins, closes, and opens again without the network", async () => {
  const at = await setting();
  const client = await joined(at);
  const words = await at.world.finish(client.words());
  const invite = client.inviteCode(2);
  await at.world.finish(client.close());
  at.asked.length = 0;
  const offline = await open(at, { platform: at.world.world.process("elsewhere").platform });
  assert(offline.isJoined);
  assertEquals(await at.world.finish(offline.words()), words);
  assertEquals(offline.inviteCode(2), invite);
  assertEquals(at.asked, []);
  await at.world.finish(offline.close());
});

Deno.test("the config that is kept is what a threshold says, whatever one guardian says", async () => {
  const evil = toyFederation({ meta: { federation_name: "evil" } });
  for (const evilPeer of [0, 3]) {
    const at = await setting((asked, honest) => asked.peer === evilPeer ? evil.honest(asked) : honest(asked));
    const client = await joined(at);
    assertEquals(encode(clientConfig, client.running.joined.config), encode(clientConfig, at.federation.config));
    await at.world.finish(client.close());
  }
});

Deno.test("guardians that never answer, or can't be reached, don't keep a client from joining", async () => {
  const silent = await setting((asked, honest) => asked.peer === 3 ? never() : honest(asked));
  const client = await joined(silent);
  await silent.world.finish(client.close());
  // this guardian's port is closed
  const dead = toyFederation({ urlOf: (peer) => peer === 2 ? "ws://nowhere:1/" : `ws://127.0.0.1:${7_000 + peer}/` });
  const at = await setting(undefined, dead);
  const other = await joined(at);
  await at.world.finish(other.close());
});

Deno.test("a config of another federation than the invite's is refused, and nothing of it is kept", async () => {
  const other = toyFederation({ urlOf: (peer) => `ws://127.0.0.1:${7_000 + peer}/other` });
  const at = await setting((asked) => other.honest(asked));
  const client = await open(at);
  const error = await assertRejects(() => at.world.finish(client.join(at.federation.invite)), ApiError);
  assertStringIncludes(error.message, "FederationId in invite code does not match client config");
  const { store } = client.options;
  assertEquals(await store.read((tx) => joinedSlot.get(tx)), undefined);
  await at.world.finish(client.close());
});

Deno.test("joining goes on by itself when guardians come back within its tries", async () => {
  let calls = 0;
  const at = await setting((asked, honest) => {
    if (asked.method === "client_config" && calls++ < 3) throw new Refusal(500, "starting");
    return honest(asked);
  });
  const client = await joined(at);
  await at.world.finish(client.close());
});

Deno.test("an invite's API secret goes to every guardian, at joining and afterwards, and into new invites", async () => {
  const at = await setting(undefined, toyFederation({ apiSecret: "sesame" }));
  const client = await joined(at);
  const expected = `Basic ${btoa("fedimint:sesame")}`;
  assert(at.asked.length > 0);
  for (const { headers } of at.asked) assertEquals(headers.get("authorization"), expected);
  assertEquals(new Set(at.asked.map(({ peer }) => peer)).size, 4);
  assertEquals(parseInviteCode(client.inviteCode(1)).apiSecret, "sesame");
  await at.world.finish(client.close());
});

Deno.test("a client joins one federation, one join at a time", async () => {
  const at = await setting();
  const client = await open(at);
  const first = client.join(at.federation.invite);
  const second = await assertRejects(() => client.join(at.federation.invite), ClientError);
  assertEquals(await at.world.finish(first), { joined: "new" });
  const other = { ...at.federation.invite, federationId: "ab".repeat(32) };
  const another = await assertRejects(() => client.join(other), ClientError);
  assertEquals([second.code, another.code], ["already_joined", "already_joined"]);
  await at.world.finish(client.close());
});

Deno.test("a crash at any commit while joining leaves a wallet that can join, or has joined, with the words it had", async () => {
  let crashes = 0;
  // the first two commits are the empty store's own and its version
  for (let commit = 3; commit <= 10; commit++) {
    const at = await setting();
    const store = await at.world.finish(at.world.openStore("client.kv", { failAtCommit: commit }));
    const options = { platform: at.world.platform, store, modules: [], log: () => {} };
    const client = await at.world.finish(Client.open(options));
    await at.world.finish(client.join(at.federation.invite).catch(() => crashes++));
    const again = await open(at);
    const before = await again.options.store.read((tx) => entropySlot.get(tx));
    if (!again.isJoined) await at.world.finish(again.join(at.federation.invite));
    const after = await again.options.store.read((tx) => entropySlot.get(tx));
    if (before) assertEquals(after, before);
    await at.world.finish(again.close());
  }
  assert(crashes >= 4, `${crashes} of the joins crashed`);
});

Deno.test("a database is not opened with another secret than it was made with", async () => {
  const at = await setting();
  await at.world.finish((await joined(at)).close());
  const store = await at.world.finish(at.world.openStore());
  await at.world.finish(
    store.transact((tx) => entropySlot.set(tx, new Uint8Array(16) as Bytes)).then(({ durable }) => durable),
  );
  const options = { platform: at.world.platform, store, modules: [], log: () => {} };
  const error = await assertRejects(() => at.world.finish(Client.open(options)), ClientError);
  assertEquals(error.code, "wrong_secret");
  // opening failed and left the store to its owner
  assert(await store.read((tx) => joinedSlot.get(tx)) !== undefined);
  await at.world.finish(store.close());
});

Deno.test("opening a wallet whose words are gone fails; it doesn't make up others", async () => {
  const at = await setting();
  await at.world.finish((await joined(at)).close());
  const store = await at.world.finish(at.world.openStore());
  await at.world.finish(store.transact((tx) => entropySlot.delete(tx)).then(({ durable }) => durable));
  const options = { platform: at.world.platform, store, modules: [], log: () => {} };
  const error = await assertRejects(() => at.world.finish(Client.open(options)), ClientError);
  assertEquals(error.code, "no_words");
  assertEquals(await store.read((tx) => entropySlot.get(tx)), undefined);
  await at.world.finish(store.close());
});

Deno.test("a wallet joined with a given secret keeps no words and opens with that secret", async () => {
  const at = await setting();
  const secret = globalRoot(new Uint8Array(16) as Bytes);
  const client = await joined(at, { secret });
  // it has no words, and makes none up: they would bring nothing back
  const error = await at.world.finish(assertRejects(() => client.words(), ClientError));
  assertEquals(error.code, "no_words");
  assertEquals(await client.options.store.read((tx) => entropySlot.get(tx)), undefined);
  await at.world.finish(client.close());
  const again = await open(at, { secret });
  assert(again.isJoined);
  await at.world.finish(again.close());
});

Deno.test("joining also learns where guardians have moved, and the next start finds them there", async () => {
  const moved = announcementOf(1, "ws://127.0.0.1:7901/", 3n);
  const at = await setting((asked, honest) =>
    asked.method === "api_announcements" ? { "1": signedApiAnnouncement.toJson(moved) } : honest(asked)
  );
  const client = await joined(at);
  const { store } = client.options;
  assertEquals(
    (await store.read((tx) => announcementsSlot.get(tx)))?.get(1)?.apiAnnouncement.apiUrl,
    "ws://127.0.0.1:7901/",
  );
  assertEquals(await store.read((tx) => chainIdSlot.get(tx)), "ab".repeat(32));
  await at.world.finish(client.close());
  const again = await open(at);
  assertEquals(again.running.urls.get(1), "ws://127.0.0.1:7901/");
  assertEquals(parseInviteCode(again.inviteCode(1)).url, "ws://127.0.0.1:7901/");
  await at.world.finish(again.close());
});

Deno.test("modules that a federation gains are used from the next opening on; one that changes a module is not taken", async () => {
  const before = toyFederation({ modules: new Map([[0, "a"]]) });
  const more = toyFederation({ modules: new Map([[0, "a"], [1, "b"]]) });
  const other = toyFederation({ modules: new Map([[0, "changed"], [1, "b"]]) });
  for (const [later, kinds] of [[more, ["a", "b"]], [other, ["a"]]] as const) {
    let current = before;
    const at = await setting((asked) => current.honest(asked), before);
    const client = await joined(at);
    current = later;
    await at.world.finish(client.close());
    // this opening learns of it, the next one uses it
    const learning = await open(at);
    await at.world.world.run({ forMs: 60_000 });
    await at.world.finish(learning.close());
    const using = await open(at);
    assertEquals(using.modules().map(({ kind }) => kind), [...kinds]);
    await at.world.finish(using.close());
  }
});

Deno.test("a module that the program has only since this opening runs at once, without the network too", async () => {
  const at = await setting(undefined, toyFederation({ modules: new Map([[0, TOY_KIND]]) }));
  const activeOf = (client: Client): boolean[] => client.modules().map(({ active }) => active);
  const without = await joined(at);
  assertEquals(activeOf(without), [false]);
  await at.world.finish(without.close());
  const elsewhere = at.world.world.process("elsewhere").platform;
  const withIt = await open(at, { modules: [toyModule], platform: elsewhere });
  assertEquals(activeOf(withIt), [true]);
  await at.world.finish(withIt.close());
  // a command of a program without it, then one with it again
  const again = await open(at);
  await at.world.world.run({ forMs: 60_000 });
  await at.world.finish(again.close());
  const last = await open(at, { modules: [toyModule], platform: elsewhere });
  assertEquals(activeOf(last), [true]);
  await at.world.finish(last.close());
});

Deno.test("guardians of an unknown major version are told apart from a missing network", async () => {
  const at = await setting((asked, honest) =>
    asked.method === "version"
      ? { core: { core_consensus: { major: 9, minor: 0 }, api: [{ major: 0, minor: 0 }] }, modules: {} }
      : honest(asked)
  );
  const client = await open(at);
  const error = await assertRejects(() => at.world.finish(client.join(at.federation.invite)), ClientError);
  assertEquals(error.code, "no_common_version");
  await at.world.finish(client.close());
});

Deno.test("versions are waited for until a threshold answers, or half a minute until anybody has", async () => {
  for (const [answering, leastMs, mostMs] of [[[0, 1, 2], 0, 5_000], [[2], 30_000, 35_000]] as const) {
    const at = await setting((asked, honest) =>
      asked.method === "version" && !(answering as readonly number[]).includes(asked.peer) ? never() : honest(asked)
    );
    const begunMs = at.world.world.nowMs;
    const client = await joined(at);
    const tookMs = at.world.world.nowMs - begunMs;
    assert(tookMs >= leastMs && tookMs < mostMs, `${answering}: ${tookMs} ms`);
    await at.world.finish(client.close());
  }
});

Deno.test("a guardian that stopped answering counts with the versions that it told before", async () => {
  let away = false;
  const at = await setting((asked, honest) => {
    if (away && asked.peer > 0) throw new Refusal(500, "away");
    return honest(asked);
  });
  const client = await joined(at);
  away = true;
  const begunMs = at.world.world.nowMs;
  const versions = await at.world.finish(client.refreshVersions());
  assertEquals([versions.core, at.world.world.nowMs - begunMs < 1_000], [{ major: 0, minor: 9 }, true]);
  await at.world.finish(client.close());
});

Deno.test("an invite code that was printed is read back", async () => {
  const at = await setting();
  const client = await joined(at);
  assertEquals(formatInviteCode(at.federation.invite), client.inviteCode(0));
  await at.world.finish(client.close());
});
