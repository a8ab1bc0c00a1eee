import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../../../core/encoding/mod.ts";
import { EndpointError } from "../../../contract/error.ts";
import { toHex } from "../../../../core/bytes.ts";
import { blindedNonce } from "../issuance.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import { notesOf, recoverySetting, valueMsat } from "../../testing/own_log.ts";
import { testSecret } from "../../testing/restored_wallet.ts";

const SHARES = "recovery_signature_shares";

/** Two guardians of four refuse whatever names one of these notes, as if they had never signed it. */
function forget(
  guardians: Awaited<ReturnType<typeof recoverySetting>>["guardians"],
  notes: readonly NoteIssuanceRequest[],
): void {
  const missing = new Set(notes.map((note) => toHex(blindedNonce(note))));
  for (const peer of [1, 2]) {
    guardians.answers.set(peer, ({ method, params, honest }) => {
      if (method !== SHARES || !(params as string[]).some((nonce) => missing.has(nonce))) return honest();
      return Promise.reject(EndpointError.badRequest("No blinded signature share found"));
    });
  }
}

Deno.test("more notes than one request takes come in several, and none is asked for twice", async () => {
  const { guardians, wallet, finish } = await recoverySetting();
  const notes = notesOf(testSecret, 120);
  await guardians.issue(...notes);
  const restored = wallet();
  await finish(restored.open());
  await finish(restored.restore());
  assertEquals(await restored.money(), { heldMsat: valueMsat(notes), comingMsat: 0n, missingMsat: 0n });
  const sizes = guardians.asked.filter(({ method, peer }) => method === SHARES && peer === 0)
    .map(({ params }) => (params as string[]).length);
  assertEquals(sizes, [100, 20]);
});

Deno.test("what is found is under way until it is held, also across a restart", async () => {
  const { guardians, wallet, finish } = await recoverySetting();
  const notes = notesOf(testSecret, 5), amountMsat = valueMsat(notes);
  await guardians.issue(...notes);
  const restored = wallet();
  await finish(restored.open());
  await finish(restored.prepare());
  await finish(restored.run());
  const underWay = { heldMsat: 0n, comingMsat: amountMsat, missingMsat: 0n };
  assertEquals(await restored.money(), underWay);
  await finish(restored.open());
  assertEquals(await restored.money(), underWay);
  await finish(restored.restore());
  assertEquals(await restored.money(), { heldMsat: amountMsat, comingMsat: 0n, missingMsat: 0n });
});

Deno.test("a note that too few guardians know is put off, the others come, and it comes when they know it", async () => {
  const { guardians, wallet, finish, world } = await recoverySetting();
  const notes = notesOf(testSecret, 40), lost = notes.slice(17, 19);
  await guardians.issue(...notes);
  forget(guardians, lost);
  const restored = wallet();
  await finish(restored.open());
  await finish(restored.prepare());
  await finish(restored.run());
  await finish(restored.claim());
  const others = notes.filter((note) => !lost.includes(note));
  assertEquals(await restored.money(), {
    heldMsat: valueMsat(others),
    comingMsat: 0n,
    missingMsat: valueMsat(lost),
  });
  // halving forty notes takes some 20 requests, not one a note again and again
  assert(guardians.count(SHARES) < 4 * 40, `${guardians.count(SHARES)} requests`);
  // in the background of the open wallet, now and then
  const asking = restored.askForMissing();
  const asked = guardians.count(SHARES);
  await world.run({ forMs: 590_000 });
  assertEquals(guardians.count(SHARES), asked);
  await world.run({ forMs: 600_000 });
  assertEquals((await restored.money()).missingMsat, valueMsat(lost));
  guardians.answers.clear();
  await world.run({ forMs: 1_200_000 });
  assertEquals(await restored.money(), { heldMsat: valueMsat(notes), comingMsat: 0n, missingMsat: 0n });
  const askedThen = guardians.count(SHARES);
  await world.run({ forMs: 3_600_000 });
  assertEquals(guardians.count(SHARES), askedThen);
  restored.close();
  await finish(asking);
});

Deno.test("guardians that are behind for some seconds don't have notes put off", async () => {
  const { guardians, wallet, finish, world } = await recoverySetting();
  const notes = notesOf(testSecret, 3);
  await guardians.issue(...notes);
  forget(guardians, notes);
  const restored = wallet();
  await finish(restored.open());
  await finish(restored.prepare());
  await finish(restored.run());
  const claiming = restored.claim();
  await world.run({ forMs: 3_000 });
  guardians.answers.clear();
  await finish(claiming);
  assertEquals((await restored.money()).heldMsat, valueMsat(notes));
  assertEquals(restored.records.filter(({ level }) => level === "warn"), []);
});

Deno.test("an evil guardian's shares, whatever they are, keep no note from coming", async () => {
  const shares: ((honest: string[]) => Json | Promise<Json>)[] = [
    (honest) => honest.toReversed(),
    (honest) => honest.map(() => "c0" + "00".repeat(47)),
    (honest) => honest.map(() => "ff".repeat(48)),
    (honest) => honest.slice(1),
    (honest) => [...honest, ...honest],
    () => "none",
    () => new Promise(() => {}),
    () => Promise.reject(EndpointError.badRequest("No blinded signature share found")),
  ];
  for (const change of shares) {
    const { guardians, wallet, finish } = await recoverySetting();
    const notes = notesOf(testSecret, 3);
    await guardians.issue(...notes);
    guardians.answers.set(0, async ({ method, honest }) => {
      const json = await honest();
      return method === SHARES ? await change(json as string[]) : json;
    });
    const restored = wallet();
    await finish(restored.open());
    await finish(restored.restore());
    assertEquals(await restored.money(), { heldMsat: valueMsat(notes), comingMsat: 0n, missingMsat: 0n });
  }
});
