/** Guardians' answers to a wallet that looks for its backup. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8, toHex } from "../../core/bytes.ts";
import type { LogRecord } from "../../actors/logger.ts";
import { loggerFor } from "../../actors/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { ClientBackup } from "../../core/types/backup.ts";
import { BACKUP_PAYLOAD_BYTES_MAX, clientBackupSnapshot } from "../../core/types/backup.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { Derivation } from "../../modules/contract/recovery.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { Client } from "../core/client.ts";
import { ClientError } from "../error.ts";
import { urlsOf } from "../federation/join.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { garbage } from "../testing/garbage.ts";
import { ClientWorld, Refusal, unknownMethod } from "../testing/world.ts";
import type { BackupKeys } from "./keys.ts";
import { SEARCH_MS } from "./limits.ts";
import type { BackupsFound } from "./newest.ts";
import { newestBackups } from "./newest.ts";
import { backupOf, keysOf, WORDS } from "./testing/backups.ts";

const federation = toyFederation();
const keys = keysOf(WORDS, federation.invite.federationId);
const own = keys.get("standard")!, sdk = keys.get("sdk")!;
const TIME = { secsSinceEpoch: 1_700_000_000n, nanosSinceEpoch: 0 };

/** What a guardian answers for a wallet. A promise that stays open: nothing. */
type Keeps = (peer: PeerId, id: string) => Json | Promise<Json>;

class Setting {
  readonly world = new ClientWorld(1);
  readonly logged: LogRecord[] = [];
  asked = 0;

  kept(of: BackupKeys, backup: ClientBackup): Json {
    return clientBackupSnapshot.toJson({ timestamp: TIME, data: of.seal(backup, this.world.platform.dice) });
  }

  async search(
    keeps: Keeps,
    options: { readonly keys?: ReadonlyMap<Derivation, BackupKeys>; readonly signal?: AbortSignal } = {},
  ) {
    const { world } = this;
    await world.finish(startGuardians(world, federation, (call) => {
      if (call.method !== "recover") return federation.honest(call);
      this.asked++;
      return keeps(call.peer, String(call.params));
    }));
    const store = await world.finish(world.openStore());
    const client = await world.finish(Client.open({ platform: world.platform, store, modules: [], log: () => {} }));
    const log = loggerFor("client", (record) => this.logged.push(record));
    const signal = options.signal ?? new AbortController().signal;
    try {
      return await world.finish(
        client.withGuardians(
          urlsOf(federation.config),
          null,
          (api) => newestBackups({ api, keys: options.keys ?? keys, platform: world.platform, log }, signal),
        ),
      );
    } finally {
      await world.finish(client.close());
    }
  }
}

function sessions({ newest }: BackupsFound): Record<string, number> {
  return Object.fromEntries([...newest].map(([derivation, { backup }]) => [derivation, backup.sessionCount]));
}

const never = (): Promise<Json> => new Promise(() => {});
const nothing = { newest: new Map(), rejected: new Map() };

Deno.test("a wallet that was never backed up has none; each guardian is asked once for each way from the words", async () => {
  const at = new Setting();
  assertEquals(await at.search(() => null), nothing);
  assert(at.asked <= 8, `${at.asked} questions`);
});

Deno.test("the newest backup is found with all that is in it, at whichever guardian it is; both ways from the words are told apart", async () => {
  const at = new Setting();
  const newest = backupOf(9, '{"a":1}', { 3: Uint8Array.of(1, 2) });
  const found = await at.search((peer, id) => {
    if (peer === 0) return never();
    if (id === toHex(sdk.id)) return peer === 1 ? null : at.kept(sdk, backupOf(4));
    return at.kept(own, peer === 2 ? newest : backupOf(peer));
  });
  assertEquals(sessions(found), { standard: 9, sdk: 4 });
  assertEquals(found.newest.get("standard"), { backup: newest, timestamp: TIME, peer: 2 });
  assertEquals(found.rejected.size, 0);
});

/** Metadata of the backup that is taken when guardians have these, all of one session, and whose it is. */
async function takenOf(
  metadata: readonly (string | null)[],
  sessions: readonly number[] = [],
): Promise<[string, PeerId]> {
  const at = new Setting();
  const found = await at.search((peer, id) => {
    const text = metadata[peer];
    return id === toHex(sdk.id) || text == null ? never() : at.kept(own, backupOf(sessions[peer] ?? 5, text));
  }, { keys: new Map([["standard", own]]) });
  const { backup, peer } = found.newest.get("standard")!;
  return [fromUtf8(backup.metadata), peer];
}

Deno.test("of backups of one session, as of two devices, the one that most guardians have is taken, then the larger one", async () => {
  assertEquals(await takenOf(["one", "two", "two", null]), ["two", 1]);
  assertEquals(await takenOf(["two", "one", null, "two"]), ["two", 0]);
  assertEquals(await takenOf(["one", "three", null, "two"]), ["three", 1]);
  // a later session outweighs whatever is older
  assertEquals(await takenOf(["one", "one", "two", null], [5, 5, 6]), ["two", 2]);
});

Deno.test("of those that are alike in that the lowest guardian's is taken, whoever answers first", async () => {
  const at = new Setting();
  const found = await at.search(async (peer, id) => {
    if (id === toHex(sdk.id)) return null;
    if (peer === 3) return await never();
    if (peer === 0) await new Promise<void>((resolve) => at.world.platform.clock.setTimer(2_000, resolve));
    return at.kept(own, backupOf(5, String(peer)));
  });
  assertEquals([found.newest.get("standard")!.peer, found.newest.get("standard")!.backup.metadata[0]], [0, 0x30]);
});

/** What one evil guardian may answer; the others keep session 9. */
const LIES: Readonly<Record<string, (at: Setting, id: string) => Json | Promise<Json>>> = {
  "none": () => null,
  "an older one": (at) => at.kept(own, backupOf(2)),
  "that of the other way": (at, id) => at.kept(id === toHex(own.id) ? sdk : own, backupOf(99)),
  "another wallet's": (at) => at.kept(keysOf(WORDS, "11".repeat(32)).get("standard")!, backupOf(99)),
  "128 KiB of noise": () =>
    clientBackupSnapshot.toJson({ timestamp: TIME, data: new Uint8Array(BACKUP_PAYLOAD_BYTES_MAX).fill(7) as Bytes }),
  "a byte more than there can be": () =>
    clientBackupSnapshot.toJson({ timestamp: TIME, data: new Uint8Array(BACKUP_PAYLOAD_BYTES_MAX + 1) as Bytes }),
  "a megabyte": () => clientBackupSnapshot.toJson({ timestamp: TIME, data: new Uint8Array(1_000_000) as Bytes }),
  "no snapshot": () => ({ data: 5 }),
  "a number": () => 5,
  "nothing, ever": never,
  "an error": () => {
    throw new Refusal(-32_000, "no");
  },
  "that it knows no backups": () => unknownMethod(),
};

for (const [lie, answer] of Object.entries(LIES)) {
  Deno.test(`a guardian that answers ${lie} costs nothing but itself`, async () => {
    for (const liar of [0, 3]) {
      const at = new Setting();
      const found = await at.search((peer, id) => {
        if (peer === liar) return answer(at, id);
        return id === toHex(own.id) ? at.kept(own, backupOf(9)) : null;
      });
      assertEquals(sessions(found), { standard: 9 });
      for (const peer of found.rejected.keys()) assertEquals(peer, liar);
    }
  });
}

Deno.test("whatever a guardian answers, the others' backup is found", async () => {
  await fc.assert(
    fc.asyncProperty(garbage, async (json) => {
      const at = new Setting();
      const found = await at.search((peer, id) => {
        if (peer === 1) return json;
        return id === toHex(own.id) ? at.kept(own, backupOf(9)) : null;
      });
      assertEquals(sessions(found), { standard: 9 });
    }),
    { numRuns: 30 },
  );
});

Deno.test("who answers with garbage is named, in the answer and in the log", async () => {
  const at = new Setting();
  const found = await at.search((peer) => {
    if (peer === 3) return never();
    return peer === 1 ? at.kept(sdk, backupOf(1)) : null;
  }, { keys: new Map([["standard", own]]) });
  assertEquals([...found.rejected], [[1, "it isn't encrypted with our key"]]);
  assertEquals(at.logged.map(({ message, facts }) => [message, facts.peer]), [[
    "A guardian's answer is no backup of this wallet",
    1,
  ]]);
});

Deno.test("a guardian that is busy is asked again, until a threshold has said what it keeps", async () => {
  const at = new Setting();
  const tries = new Map<PeerId, number>();
  const found = await at.search((peer, id) => {
    if (peer === 0) return never();
    const before = tries.get(peer) ?? 0;
    tries.set(peer, before + 1);
    if (before < 5) throw new Refusal(-32_000, "try again later");
    return id === toHex(own.id) ? at.kept(own, backupOf(9)) : null;
  });
  assertEquals(sessions(found), { standard: 9 });
});

Deno.test("guardians of a version without backups keep none: a wallet is restored all the same", async () => {
  assertEquals(await new Setting().search(() => unknownMethod()), nothing);
});

Deno.test("when too few answer it is said who doesn't, in time; giving up and closing end it", async () => {
  const at = new Setting();
  const begunMs = at.world.world.nowMs;
  const error = await assertRejects(
    () =>
      at.search((peer) => {
        if (peer < 2) return null;
        throw new Refusal(-32_000, "the disk is on fire");
      }),
    ClientError,
  );
  assertEquals(error.code, "no_answer");
  assertStringIncludes(error.message, "guardian 3: Unspecified server error: the disk is on fire");
  assert(at.world.world.nowMs - begunMs < SEARCH_MS + 10_000);
  const stop = new AbortController();
  const given = new Setting();
  given.world.platform.clock.setTimer(1_000, () => stop.abort());
  assertEquals((await assertRejects(() => given.search(never, { signal: stop.signal }), WaitError)).code, "aborted");
});
