/** A client from words, with a toy module that recovers. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { entropyOfWords, globalRoot, wordsOfEntropy } from "../../core/crypto/bip39.ts";
import { CryptoError } from "../../core/crypto/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { secretsOfPreRoot } from "../core/secrets.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { ClientError } from "../error.ts";
import { toyFederation } from "../testing/federation.ts";
import { recoveringToy } from "../testing/recovering_toy.ts";
import { END, endOf, Restoring, WORDS } from "../testing/restoring.ts";
import { TOY_KIND, toyModule } from "../testing/toy.ts";
import type { RecoveryStatus } from "./status.ts";

const OTHER_WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow";

for (const runsMeanwhile of [true, false]) {
  const modules = [recoveringToy({ runsMeanwhile })];
  const how = runsMeanwhile ? "beside it" : "after it";

  Deno.test(`words bring back what the log shows, once; the module runs ${how}`, async () => {
    const at = await Restoring.started();
    const client = await at.open({ modules });
    assertEquals(await at.restore(client), { restored: "new", backups: [], rejected: [] });
    assertEquals(await at.finish(client.words()), WORDS);
    assertEquals(await at.finish(endOf(client)), END);
    const [status] = await at.finish(client.recoveries()) as [RecoveryStatus];
    const { operationId, ...told } = status;
    assertEquals(operationId.length, 64);
    assertEquals(told, {
      instance: 0,
      kind: TOY_KIND,
      complete: 8,
      total: 8,
      status: "done",
      amountMsat: 180n,
      otherMsat: [{ derivation: "sdk", amountMsat: 30n }],
    });
    await at.finish(client.close());
    const asked = at.log.asked;
    const again = await at.open({ modules });
    assertEquals(await at.finish(endOf(again)), END);
    assertEquals(await at.finish(again.hasPendingRecoveries()), false);
    assertEquals(at.log.asked, asked);
    await at.finish(again.close());
  });
}

Deno.test("a module that recovers first says so until it is done, and then runs without another opening", async () => {
  const at = await Restoring.started();
  at.log.silentFrom = 3;
  const modules = [recoveringToy({ runsMeanwhile: false })];
  const client = await at.open({ modules });
  await at.restore(client);
  await at.world.world.run({ forMs: 1_000 });
  for (const use of [() => client.use(toyModule), () => client.primary()]) {
    const { message, code } = assertThrows(use, ClientError);
    assertStringIncludes(message, "still being recovered");
    assert(code === "no_module" || code === "no_primary_module");
  }
  const [{ status, complete, total }] = await at.finish(client.recoveries()) as [RecoveryStatus];
  assertEquals([status, complete, total], ["running", 3, 8]);
  assertEquals(client.modules().map(({ active }) => active), [false]);
  at.log.silentFrom = Infinity;
  await at.finish(client.reconnect());
  assertEquals(await at.finish(endOf(client)), END);
  assertEquals(client.modules().map(({ active }) => active), [true]);
  await at.finish(client.close());
});

Deno.test("a recovery goes on where it stopped when the wallet is closed and opened, guardians away meanwhile", async () => {
  const at = await Restoring.started();
  at.log.silentFrom = 3;
  const client = await at.open();
  await at.restore(client);
  await at.world.world.run({ forMs: 1_000 });
  await at.finish(client.close());
  // nobody answers: it opens all the same, and waits
  const away = await at.open({ platform: at.world.world.process("elsewhere").platform });
  assertEquals((await at.finish(away.recoveries())).map(({ complete }) => complete), [3]);
  await at.world.world.run({ forMs: 60_000 });
  assertEquals(await at.finish(away.hasPendingRecoveries()), true);
  await at.finish(away.close());
  at.log.silentFrom = Infinity;
  at.log.asked = 0;
  const again = await at.open();
  assertEquals(await at.finish(endOf(again)), END);
  // the other five entries, by four guardians each at the most
  assert(at.log.asked <= 20, `${at.log.asked}`);
  await at.finish(again.close());
});

Deno.test("words of every valid number are restored, and only the same ones again", async () => {
  for (const bytes of [16, 20, 24, 28, 32]) {
    const words = wordsOfEntropy(new Uint8Array(bytes).fill(7)), at = await Restoring.started();
    const client = await at.open();
    await at.restore(client, ` ${words.replaceAll(" ", "\n")} `);
    assertEquals(await at.finish(client.words()), words);
    await at.finish(client.awaitRecoveries());
    const [status] = await at.finish(client.recoveries()) as [RecoveryStatus];
    assertEquals(status.status, "done");
    await at.finish(client.awaitOperation(status.operationId));
    assertEquals(await at.restore(client, words), { restored: "before" });
    assertEquals(await at.finish(client.restore(at.federation.invite)), { restored: "before" });
    const other = await assertRejects(() => at.restore(client, OTHER_WORDS), ClientError);
    assertEquals(other.code, "wrong_secret");
    await at.finish(client.close());
  }
});

Deno.test("bad words, none, and words beside a secret are refused, and nothing is stored", async () => {
  const at = await Restoring.started();
  const client = await at.open();
  const bad = await assertRejects(() => at.restore(client, "abandon ".repeat(12)), CryptoError);
  assertEquals([bad.code, bad.message.includes("abandon")], ["bad_words", false]);
  const none = await assertRejects(() => at.finish(client.restore(at.federation.invite)), ClientError);
  assertEquals([none.code, client.isJoined], ["no_words", false]);
  await at.finish(client.close());
  const secret = globalRoot(new Uint8Array(16) as Bytes);
  const other = await at.open({ secret });
  const both = await assertRejects(() => at.restore(other), ClientError);
  assertEquals(both.code, "invalid");
  await at.finish(other.close());
});

Deno.test("a wallet with words of its own takes no others, and one that has joined isn't restored", async () => {
  const at = await Restoring.started();
  const client = await at.open();
  const made = await at.finish(client.words());
  const other = await assertRejects(() => at.restore(client), ClientError);
  assertEquals([other.code, client.isJoined], ["wrong_secret", false]);
  await at.finish(client.join(at.federation.invite));
  const joined = await assertRejects(() => at.restore(client, made), ClientError);
  assertEquals(joined.code, "already_joined");
  assertEquals(await at.finish(client.recoveries()), []);
  assertEquals(await at.finish(client.hasPendingRecoveries()), false);
  await at.finish(client.awaitRecoveries());
  assertEquals(await at.finish(Array.fromAsync(client.recoveryProgress())), [[]]);
  await at.finish(client.close());
});

Deno.test("words that were made here and never used can be restored from as well", async () => {
  const at = await Restoring.started();
  const client = await at.open();
  const made = await at.finish(client.words());
  assertEquals(await at.restore(client, made), { restored: "new", backups: [], rejected: [] });
  await at.finish(client.awaitRecoveries());
  await at.finish(client.close());
});

Deno.test("a secret that is no words is restored, with nothing of other programs", async () => {
  const secret = globalRoot(entropyOfWords(OTHER_WORDS));
  const federationId = toyFederation().invite.federationId;
  const at = await Restoring.started({ secrets: secretsOfPreRoot(secret, federationId) });
  const client = await at.open({ secret });
  await at.finish(client.restore(at.federation.invite));
  assertEquals((await at.finish(endOf(client))).balanceMsat, 180n);
  const [status] = await at.finish(client.recoveries()) as [RecoveryStatus];
  assertEquals(status.status === "done" && status.otherMsat, []);
  await at.finish(client.close());
});

Deno.test("given words are restored and never joined afresh", async () => {
  const at = await Restoring.started();
  const client = await at.open({ entropy: entropyOfWords(WORDS), entropyGiven: true });
  const error = await assertRejects(() => at.finish(client.join(at.federation.invite)), ClientError);
  assertEquals([error.code, client.isJoined], ["has_history", false]);
  assertStringIncludes(error.message, "restore it instead");
  assertEquals(await at.restore(client, undefined), { restored: "new", backups: [], rejected: [] });
  assertEquals(await at.finish(endOf(client)), END);
  // once it is restored, newer invite codes are taken as by any wallet
  assertEquals((await at.finish(client.join(at.federation.invite))).joined, "before");
  await at.finish(client.close());
});

Deno.test("a module without a recovery begins afresh", async () => {
  const at = await Restoring.started();
  const client = await at.open({ modules: [toyModule] });
  await at.restore(client);
  assertEquals(await at.finish(client.recoveries()), []);
  assertEquals(await at.finish(client.use(toyModule).balance()), 0n);
  await at.finish(client.use(toyModule).fund(50n));
  await at.finish(client.close());
  // by a program whose toy recovers, later: what it did since is its own, and is not counted again
  const later = await at.open();
  assertEquals(await at.finish(later.recoveries()), []);
  assertEquals(await at.finish(later.use(toyModule).balance()), 50n);
  await at.finish(later.close());
});

for (const runsMeanwhile of [true, false]) {
  const modules = [recoveringToy({ runsMeanwhile })];

  Deno.test(`a module that only a later program knows recovers then, before it runs (${runsMeanwhile})`, async () => {
    const at = await Restoring.started();
    const without = await at.open({ modules: [] });
    await at.restore(without);
    assertEquals(await at.finish(without.recoveries()), []);
    await at.finish(without.close());
    // nobody says how far the log reaches: it doesn't run yet
    const away = await at.open({ modules, platform: at.world.world.process("elsewhere").platform });
    assertThrows(() => away.use(toyModule), ClientError, "still being recovered");
    assertEquals((await at.finish(away.recoveries())).map(({ status }) => status), ["running"]);
    await at.finish(away.close());
    const client = await at.open({ modules });
    assertEquals(await at.finish(endOf(client)), END);
    await at.finish(client.close());
  });
}

Deno.test("a module that only a later program knows waits for guardians that don't say how far their log reaches", async () => {
  let silent = false;
  const at = await Restoring.started({
    script: (honest) => (asked) =>
      silent && asked.method === "module_0_log_length" ? new Promise(() => {}) : honest(asked),
  });
  const without = await at.open({ modules: [] });
  await at.restore(without);
  await at.finish(without.close());
  silent = true;
  const client = await at.open();
  await at.world.world.run({ forMs: 600_000 });
  assertEquals((await at.finish(client.recoveries())).map(({ status }) => status), ["running"]);
  assertThrows(() => client.use(toyModule), ClientError, "still being recovered");
  silent = false;
  assertEquals(await at.finish(endOf(client), 600_000), END);
  await at.finish(client.close());
});

Deno.test("progress is told from the first value on until all are done, and a slow reader misses some", async () => {
  const at = await Restoring.started();
  const client = await at.open();
  await at.restore(client);
  const seen: [string, number][] = [];
  const following = (async () => {
    for await (const [status] of client.recoveryProgress()) {
      seen.push([status!.status, status!.complete]);
      if (seen.length === 1) await client.awaitRecoveries();
    }
  })();
  await at.finish(following);
  assertEquals(seen.at(-1), ["done", 8]);
  assertEquals(seen.length, 2);
  const aborted = new AbortController();
  aborted.abort();
  assertEquals(await at.finish(Array.fromAsync(client.recoveryProgress(aborted.signal))), []);
  await at.finish(client.close());
});

Deno.test("while a federation is away restoring stores nothing, says why, and can be tried again", async () => {
  const at = await Restoring.started({ federation: toyFederation({ modules: new Map([[0, TOY_KIND]]) }) });
  const elsewhere = at.world.world.process("elsewhere").platform;
  const client = await at.open({ platform: elsewhere });
  const error = await assertRejects(() => at.restore(client), ClientError);
  assertEquals([error.code, client.isJoined], ["no_answer", false]);
  await at.finish(client.close());
  const again = await at.open();
  const before = await assertRejects(() => at.finish(again.restore(at.federation.invite)), ClientError);
  assertEquals(before.code, "no_words");
  await at.restore(again);
  assertEquals(await at.finish(endOf(again)), END);
  await at.finish(again.close());
});

Deno.test("guardians that don't say how far their log reaches don't hold restoring for ever", async () => {
  const at = await Restoring.started({
    script: (honest) => (asked) => asked.method === "module_0_log_length" ? new Promise(() => {}) : honest(asked),
  });
  const client = await at.open();
  const error = await assertRejects(() => at.restore(client), ApiError);
  assertEquals(error.code, "federation");
  assertEquals(client.isJoined, false);
  // it may join as a new wallet: nothing of the words was kept
  assertEquals((await at.finish(client.join(at.federation.invite))).joined, "new");
  await at.finish(client.close());
});

Deno.test("there is nothing to wait for after a recovery that found nothing, and that is no error", async () => {
  const at = await Restoring.started();
  const finish = () => Promise.resolve({ amountMsat: 0n, otherMsat: [] });
  const client = await at.open({ modules: [recoveringToy({ runsMeanwhile: true, change: { finish } })] });
  await at.restore(client);
  await at.finish(client.awaitRecoveries());
  const [status] = await at.finish(client.recoveries()) as [RecoveryStatus];
  await at.finish(client.awaitOperation(status.operationId));
  const unknown = await assertRejects(
    () => at.finish(client.awaitOperation("ab".repeat(32) as OperationId)),
    WaitError,
  );
  assertEquals(unknown.code, "unknown_operation");
  await at.finish(client.close());
});

Deno.test("restoring that is given up, or cut off by closing, stores nothing; two at once are one", async () => {
  const at = await Restoring.started({
    script: (honest) => (asked) => asked.method === "module_0_log_length" ? new Promise(() => {}) : honest(asked),
  });
  const client = await at.open();
  const mine = new AbortController();
  const given = assertRejects(() => client.restore(at.federation.invite, { words: WORDS }, mine.signal), WaitError);
  await assertRejects(() => client.restore(at.federation.invite, { words: WORDS }), ClientError);
  await assertRejects(() => client.join(at.federation.invite), ClientError);
  await at.world.world.run({ forMs: 2_000 });
  mine.abort();
  assertEquals((await at.finish(given)).code, "aborted");
  const cut = assertRejects(() => client.restore(at.federation.invite, { words: WORDS }), WaitError);
  await at.world.world.run({ forMs: 2_000 });
  await at.finish(client.close());
  assertEquals((await cut).code, "closed");
  const again = await at.open();
  assertEquals(again.isJoined, false);
  const none = await assertRejects(() => at.finish(again.restore(at.federation.invite)), ClientError);
  assertEquals(none.code, "no_words");
  await at.finish(again.close());
});
