/** `join` with an invite code of the federation that the wallet has joined. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { formatInviteCode, newInviteCode, parseInviteCode } from "../../core/types/invite_code.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { ClientWorld, HONEST } from "../testing/world.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld, WALLET_DIR } from "./testing/mod.ts";

const DIR = ["--data-dir", WALLET_DIR];
const KEPT = "This wallet has joined the federation before, and keeps everything.\n";

Deno.test("a wallet that is shut out is told to join again with a newer code, and that helps", async () => {
  const world = new ClientWorld(1), federation = toyFederation();
  let secret = "old";
  const admits = (headers: Headers): boolean => headers.get("authorization") === `Basic ${btoa(`fedimint:${secret}`)}`;
  await world.finish(startGuardians(world, federation, federation.honest, { ...HONEST, admits }));
  const { url, peer, federationId } = federation.invite;
  const codeWith = (apiSecret: string): string =>
    formatInviteCode(newInviteCode({ url, peer, federationId, apiSecret }));
  const run = (...args: readonly string[]) => runInWorld(world, [...DIR, ...args], { modules: [] });
  assertEquals((await run("join", codeWith("old"))).exit, 0);
  secret = "new";
  const shutOut = await run("dev", "session-count");
  assertEquals(shutOut.exit, 1);
  assertStringIncludes(shutOut.out, "It wants the federation's API secret, and this wallet has none or an old one");
  const wrong = await run("join", codeWith("guess"));
  assertEquals(wrong.exit, 1);
  assertStringIncludes(wrong.out, "another API secret than this invite code has, and than the wallet has");
  const { exit, out, err } = await run("join", codeWith("new"));
  assertEquals([exit, parseJson(out)], [0, {
    joined: codeWith("new"),
    renewed: { api_secret: "replaced", moved: {} },
  }]);
  assertEquals(err, `Asking ${url} …\n${KEPT}The guardians' API secret is replaced.\n`);
  assertEquals(parseJson((await run("dev", "session-count")).out), { count: 5 });
  const { invite_code } = parseJson((await run("invite-code", "2")).out) as JsonObject;
  assertEquals(parseInviteCode(invite_code as string).apiSecret, "new");
});

Deno.test("a code that has no news is refused as by the official client, and changes nothing", async () => {
  const world = await recordedFederation(), code = recordedInvite(), options = { modules: quietModules };
  await runInWorld(world, [...DIR, "join", code], options);
  const before = await runInWorld(world, [...DIR, "print-secret"], options);
  const { exit, out, err } = await runInWorld(world, [...DIR, "join", code], options);
  assertEquals([exit, parseJson(out)], [1, { error: "The client database is already initialized" }]);
  assertEquals(err.slice(err.indexOf("\n") + 1), `${KEPT}The invite code has no news for it.\n`);
  assertEquals((await runInWorld(world, [...DIR, "print-secret"], options)).out, before.out);
});
