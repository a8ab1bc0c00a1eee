/** A federation as it is shown before it is joined. */
import { assertEquals, assertRejects } from "@std/assert";

import { formatInviteCode } from "../../core/types/invite_code.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { ClientError } from "../error.ts";
import { openClient, PastedError, previewFederation } from "../mod.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import { entropySlot, joinedSlot } from "./join_state.ts";

const federation = toyFederation({
  modules: new Map([[0, TOY_KIND], [3, "unheard"]]),
  meta: { federation_name: "toys", welcome_message: "Hello", federation_expiry_timestamp: "1800000000" },
});
const code = formatInviteCode(federation.invite);

Deno.test("a federation is shown before it is joined, and nothing of it is stored", async () => {
  const world = new ClientWorld(1);
  await world.finish(startGuardians(world, federation, federation.honest));
  const store = await world.finish(world.openStore());
  const wallet = await world.finish(openClient({ platform: world.platform, store, modules: [toyModule] }));
  const shown = await world.finish(wallet.preview(` ${code}\n`));
  const version = { major: 0, minor: 0 };
  assertEquals({ ...shown, meta: null, guardians: null }, {
    federationId: federation.invite.federationId,
    name: "toys",
    network: null,
    guardians: null,
    threshold: 3,
    modules: [
      { id: 0, kind: TOY_KIND, version, isKnown: true },
      { id: 3, kind: "unheard", version, isKnown: false },
    ],
    meta: null,
  });
  assertEquals(shown.guardians.map(({ peer, name }) => [peer, name]), [[0, "g0"], [1, "g1"], [2, "g2"], [3, "g3"]]);
  assertEquals(String(shown.guardians[0]!.url), String(federation.invite.url));
  assertEquals([shown.meta.welcome, shown.meta.expiresAtMs], ["Hello", 1_800_000_000_000]);
  const stored = await world.finish(store.read(async (tx) => [await joinedSlot.get(tx), await entropySlot.get(tx)]));
  assertEquals([wallet.isJoined, stored], [false, [undefined, undefined]]);
  await world.finish(wallet.close());
});

Deno.test("a federation is shown without any wallet, as often as it is wanted", async () => {
  const world = new ClientWorld(1), books = new ToyBooks();
  await world.finish(startGuardians(world, federation, books.script(federation.honest)));
  for (let i = 0; i < 2; i++) {
    const { name, modules } = await world.finish(previewFederation(code, { platform: world.platform }));
    assertEquals([name, modules.map(({ isKnown }) => isKnown)], ["toys", [false, false]]);
  }
});

Deno.test("what can't be shown is told by a code, and a look can be given up", async () => {
  const world = new ClientWorld(1), stop = new AbortController();
  const show = (text: string) => previewFederation(text, { platform: world.platform, signal: stop.signal });
  await assertRejects(() => world.finish(show("fed11nonsense")), PastedError);
  assertEquals((await assertRejects(() => world.finish(show(code)), ClientError)).code, "no_answer");
  const given = assertRejects(() => show(code), WaitError);
  stop.abort();
  assertEquals((await world.finish(given)).code, "aborted");
});
