/**
 * Wallets that have joined and are given another invite code: what they learn of it, and what nobody can make them
 * believe.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Listener } from "../../actors/platform/platform.ts";
import { encode, u64Number } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import type { Result } from "../../core/result.ts";
import { signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { newInviteCode, parseInviteCode } from "../../core/types/invite_code.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { Client } from "../core/client.ts";
import type { JoinOutcome } from "../core/joining.ts";
import { ClientError } from "../error.ts";
import { announcementOf, toyFederation } from "../testing/federation.ts";
import type { Script } from "../testing/world.ts";
import { ClientWorld, HONEST, serveGuardian } from "../testing/world.ts";
import { entropySlot, joinedSlot } from "./join_state.ts";

const PEERS = [0, 1, 2, 3];
const number = { method: "session_count", params: null, result: u64Number };

function authorization(secret: string): string {
  return `Basic ${btoa(`fedimint:${secret}`)}`;
}

/** Four guardians that are moved, and whose secrets are changed, as their operators like. */
class Federation {
  readonly world = new ClientWorld(1);
  readonly toy = toyFederation();
  /** A method that no guardian answers. */
  silentAt: string | null = null;
  /** Empty: everybody may connect. */
  secrets: readonly string[];
  #listeners: Listener[] = [];
  /** `Authorization` of all who tried to connect, by port. */
  readonly seen = new Map<number, (string | null)[]>();
  #script: Script = (asked) => this.toy.honest(asked);

  private constructor(secrets: readonly string[]) {
    this.secrets = secrets;
  }

  static async start(...secrets: readonly string[]): Promise<Federation> {
    const federation = new Federation(secrets);
    await federation.listen(7_000);
    return federation;
  }

  /** @param answer overrides what a guardian answers where it isn't undefined */
  async serve(port: number, peer: PeerId, script: Script, secrets = () => this.secrets): Promise<void> {
    const seen: (string | null)[] = [];
    this.seen.set(port, seen);
    const admits = (headers: Headers): boolean => {
      const given = headers.get("authorization");
      seen.push(given);
      return secrets().length === 0 || given !== null && secrets().map(authorization).includes(given);
    };
    this.#listeners.push(
      await this.world.finish(
        serveGuardian(this.world.platform, { hostname: "0.0.0.0", port }, peer, script, { ...HONEST, admits }),
      ),
    );
  }

  async listen(portsFrom: number): Promise<void> {
    for (const peer of PEERS) {
      await this.serve(portsFrom + peer, peer, (asked) => {
        return asked.method === this.silentAt ? new Promise(() => {}) : this.#script(asked);
      });
    }
  }

  /** All guardians go elsewhere, and say so. */
  async move(portsFrom: number): Promise<void> {
    for (const listener of this.#listeners.splice(0)) await this.world.finish(listener.close());
    await this.listen(portsFrom);
    const moved = PEERS.map((peer) => announcementOf(peer, url(portsFrom + peer), 1n));
    this.#script = (asked) =>
      asked.method === "api_announcements"
        ? Object.fromEntries(moved.map((signed, peer) => [String(peer), signedApiAnnouncement.toJson(signed)]))
        : this.toy.honest(asked);
  }

  invite(apiSecret: string | null, port = 7_000, peer: PeerId = 0): InviteCode {
    return newInviteCode({ url: url(port), peer, federationId: this.toy.invite.federationId, apiSecret });
  }

  async open(options: { readonly failAtCommit?: number } = {}): Promise<Client> {
    const { world } = this;
    const store = await world.finish(world.openStore("client.kv", options));
    return await world.finish(Client.open({ platform: world.platform, store, modules: [], log: () => {} }));
  }

  async joined(apiSecret: string | null): Promise<Client> {
    const client = await this.open();
    await this.world.finish(client.join(this.invite(apiSecret)));
    return client;
  }

  join(client: Client, invite: InviteCode): Promise<JoinOutcome> {
    return this.world.finish(client.join(invite));
  }

  /** What a call to the guardians comes to. */
  async reach(client: Client): Promise<Result<number, string>> {
    try {
      return ok(await this.world.finish(client.running.api.consensus(number)));
    } catch (thrown) {
      if (thrown instanceof ApiError) return err(thrown.code);
      throw thrown;
    }
  }
}

function url(port: number): string {
  return `ws://127.0.0.1:${port}/`;
}

function renewed(apiSecret: string, moved: readonly [PeerId, string][] = []): unknown {
  return { joined: "before", renewal: { apiSecret, moved: new Map(moved) } };
}

async function storedSecret(client: Client): Promise<string | null | undefined> {
  return (await client.options.store.read((tx) => joinedSlot.get(tx)))?.apiSecret;
}

Deno.test("a wallet that is shut out by a new secret learns it from an invite code, is used at once, and keeps everything", async () => {
  const federation = await Federation.start("old");
  const { world } = federation;
  const first = await federation.joined("old");
  const entropy = await first.options.store.read((tx) => entropySlot.get(tx));
  await world.finish(first.close());
  federation.secrets = ["new"];
  const client = await federation.open();
  assertEquals(await federation.reach(client), err("unauthorized"));
  // as payments under way do
  const waiting = client.running.api.consensus(number, { retry: true });
  await world.world.run({ forMs: 60_000 });
  assertEquals(await federation.join(client, federation.invite("new", 7_002, 2)), renewed("replaced"));
  assertEquals(await world.finish(waiting), 5);
  assertEquals(await federation.reach(client), ok(5));
  assertEquals(parseInviteCode(client.inviteCode(1)).apiSecret, "new");
  await world.finish(client.close());
  const again = await federation.open();
  assertEquals(await federation.reach(again), ok(5));
  assertEquals(await again.options.store.read((tx) => entropySlot.get(tx)), entropy);
  const { config } = again.running.joined;
  assertEquals(encode(clientConfig, config), encode(clientConfig, federation.toy.config));
  await world.finish(again.close());
});

Deno.test("a wallet whose guardians have all moved finds them by an invite code of one of them, and from then on without", async () => {
  const federation = await Federation.start("secret");
  const { world } = federation;
  await world.finish((await federation.joined("secret")).close());
  await federation.move(7_900);
  const client = await federation.open();
  assertEquals(await federation.reach(client), err("federation"));
  const moved = PEERS.map((peer): [PeerId, string] => [peer, url(7_900 + peer)]);
  assertEquals(await federation.join(client, federation.invite("secret", 7_901, 1)), renewed("same", moved));
  assertEquals(await federation.reach(client), ok(5));
  await world.finish(client.close());
  const again = await federation.open();
  assertEquals(await federation.reach(again), ok(5));
  assertEquals(again.inviteCode(3), again.inviteCode(3));
  assertEquals(parseInviteCode(again.inviteCode(3)).url, url(7_903));
  await world.finish(again.close());
});

Deno.test("guardians that have moved and changed their secret are found as well", async () => {
  const federation = await Federation.start("old");
  await federation.world.finish((await federation.joined("old")).close());
  await federation.move(7_900);
  federation.secrets = ["new"];
  const client = await federation.open();
  const moved = PEERS.map((peer): [PeerId, string] => [peer, url(7_900 + peer)]);
  assertEquals(await federation.join(client, federation.invite("new", 7_900)), renewed("replaced", moved));
  assertEquals(await federation.reach(client), ok(5));
  await federation.world.finish(client.close());
});

Deno.test("which secret a wallet has after an invite code: the table", async () => {
  const table = [
    // guardians take, the wallet has, the code has → what is said, what the wallet has then
    [["a"], "a", "a", "same", "a"],
    [["a", "b"], "a", "b", "replaced", "b"],
    [["a"], "a", "evil", "refused", "a"],
    [["a"], "a", null, "refused", "a"],
    [[], null, null, "same", null],
    [[], null, "evil", "not_needed", null],
    [[], "a", "evil", "not_needed", "a"],
    [["b"], null, "b", "replaced", "b"],
    [["b"], "a", "evil", "unauthorized", "a"],
    [["b"], null, null, "unauthorized", null],
  ] as const;
  for (const [taken, own, invited, said, kept] of table) {
    const federation = await Federation.start();
    const client = await federation.joined(own);
    federation.secrets = taken;
    const outcome = await federation.join(client, federation.invite(invited)).catch((thrown) => {
      if (thrown instanceof ApiError) return thrown.code;
      throw thrown;
    });
    const row = `${taken} ${own} ${invited}`;
    assertEquals(outcome, said === "unauthorized" ? said : renewed(said), row);
    assertEquals([await storedSecret(client), client.running.joined.apiSecret], [kept, kept], row);
    await federation.world.finish(client.close());
  }
});

Deno.test("an invite code of a stranger points a wallet nowhere, and the stranger learns no secret of it", async () => {
  const evilUrls = new Map(PEERS.map((peer) => [peer, url(6_660 + peer)]));
  const forged = PEERS.map((peer) => announcementOf((peer + 1) % 4, evilUrls.get(peer)!, 9n));
  const federation = await Federation.start("secret");
  const { world } = federation;
  // it knows all that is public, and announces addresses of its own
  for (const peer of PEERS) {
    await federation.serve(
      6_660 + peer,
      peer,
      (asked) =>
        asked.method === "api_announcements"
          ? Object.fromEntries(forged.map((signed, of) => [String(of), signedApiAnnouncement.toJson(signed)]))
          : federation.toy.honest(asked),
      () => [],
    );
  }
  const client = await federation.joined("secret");
  for (const secret of ["evil", null]) {
    assertEquals(await federation.join(client, federation.invite(secret, 6_660)), renewed("refused"));
  }
  assertEquals(await federation.reach(client), ok(5));
  assertEquals(await storedSecret(client), "secret");
  await world.finish(client.close());
  const again = await federation.open();
  assertEquals([...again.running.urls.values()], PEERS.map((peer) => url(7_000 + peer)));
  assertEquals(federation.seen.get(6_660), [authorization("evil"), null]);
  assertEquals([6_661, 6_662, 6_663].flatMap((port) => federation.seen.get(port)!), []);
  await world.finish(again.close());
});

Deno.test("an old statement that somebody brings again takes back no newer one", async () => {
  const federation = await Federation.start();
  await federation.move(7_900);
  await federation.listen(7_000);
  const client = await federation.joined(null);
  const before = PEERS.map((peer) => announcementOf(peer, url(6_660 + peer), 0n));
  await federation.serve(
    6_660,
    0,
    (asked) =>
      asked.method === "api_announcements"
        ? Object.fromEntries(before.map((signed, of) => [String(of), signedApiAnnouncement.toJson(signed)]))
        : federation.toy.honest(asked),
  );
  const moved = PEERS.map((peer): [PeerId, string] => [peer, url(7_900 + peer)]);
  assertEquals(await federation.join(client, federation.invite(null, 6_660)), renewed("same", moved));
  await federation.world.finish(client.close());
});

Deno.test("an invite code of a guardian that is away still brings the secret, and of another federation nothing", async () => {
  const federation = await Federation.start("old");
  const client = await federation.joined("old");
  federation.secrets = ["new"];
  const other = newInviteCode({ url: url(7_000), peer: 0, federationId: "ab".repeat(32), apiSecret: "new" });
  const error = await assertRejects(() => federation.join(client, other), ClientError);
  assertEquals([error.code, await storedSecret(client)], ["already_joined", "old"]);
  assertEquals(await federation.join(client, federation.invite("new", 7_999)), renewed("replaced"));
  await federation.world.finish(client.close());
});

Deno.test("guardians that can't be reached change nothing, and are told of in time", async () => {
  const federation = await Federation.start("old");
  const client = await federation.joined("old");
  await federation.move(7_900);
  const begunMs = federation.world.world.nowMs;
  const error = await assertRejects(() => federation.join(client, federation.invite("new", 7_000)), ClientError);
  assertEquals(error.code, "no_answer");
  assertStringIncludes(error.message, "Too few of the federation's guardians answer");
  assertEquals(federation.world.world.nowMs - begunMs < 30_000, true);
  assertEquals([...client.running.urls.values()], PEERS.map((peer) => url(7_000 + peer)));
  assertEquals(await storedSecret(client), "old");
  await federation.world.finish(client.close());
});

Deno.test("a crash at any commit leaves the old or the new, and it can be done again", async () => {
  const after = new Set<string | null | undefined>();
  for (let commit = 1; commit <= 6; commit++) {
    const federation = await Federation.start("old");
    const { world } = federation;
    await world.finish((await federation.joined("old")).close());
    federation.secrets = ["new"];
    const crashing = await federation.open({ failAtCommit: commit });
    await world.finish(crashing.join(federation.invite("new")).catch(() => undefined));
    const again = await federation.open();
    after.add(await storedSecret(again));
    const outcome = await federation.join(again, federation.invite("new"));
    assertEquals(outcome.joined, "before");
    assertEquals([await federation.reach(again), await storedSecret(again)], [ok(5), "new"]);
    await world.finish(again.close());
  }
  assertEquals([...after].sort(), ["new", "old"]);
});

Deno.test("it can be given up and closed at any call, and the wallet is as it was", async () => {
  for (const how of ["aborted", "closed"] as const) {
    for (const silentAt of ["api_announcements", "client_config"]) {
      const federation = await Federation.start("old");
      const { world } = federation;
      const client = await federation.joined("old");
      federation.secrets = ["new"];
      federation.silentAt = silentAt;
      const patience = new AbortController();
      const outcome = client.join(federation.invite("new"), patience.signal).catch((thrown) => thrown.code);
      await world.world.run({ forMs: 2_000 });
      if (how === "aborted") patience.abort();
      else void client.close();
      assertEquals(await world.finish(outcome), how);
      if (how === "aborted") {
        assertEquals([await storedSecret(client), client.running.joined.apiSecret], ["old", "old"]);
        await world.finish(client.close());
      }
      const again = await federation.open();
      assertEquals(await storedSecret(again), "old");
      await world.finish(again.close());
    }
  }
});
