/** E-cash that comes back from words, on the command line. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { quietModules, runInWorld } from "../../client/cli/testing/mod.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { MintFederation } from "./federation.ts";

const world = new ClientWorld(8);
const federation = await MintFederation.start(world), invite = formatInviteCode(federation.toy.invite);

function run(dir: string, args: readonly string[], stdin = "") {
  return runInWorld(world, ["--data-dir", dir, ...args], { modules: quietModules, stdin });
}

async function balance(dir: string): Promise<number> {
  const { out } = await run(dir, ["balance"]);
  return Number(/\(([0-9,]+) msat\)/.exec(out)![1]!.replaceAll(",", ""));
}

Deno.test("words bring e-cash back, also that which was given away and nobody redeemed; it is there when `restore` ends", async () => {
  await run("/lost", ["join", invite]);
  await run("/lost", ["receive", federation.text(await federation.note(17), await federation.note(12))]);
  await run("/other", ["join", invite]);
  const [redeemed, unredeemed] = [await run("/lost", ["spend", "60000"]), await run("/lost", ["spend", "50000"])];
  await run("/other", ["receive", redeemed.out.trim()]);
  const heldMsat = await balance("/lost");
  const { secret } = parseJson((await run("/lost", ["print-secret"])).out) as JsonObject;

  const restored = await run("/new", ["restore", "--invite-code", invite, "-"], secret as string);
  assertEquals([restored.exit, parseJson(restored.out)], [0, null], restored.err);
  // 50,000 msat in notes of powers of two that were rounded up to 512
  const givenMsat = await balance("/new") - heldMsat;
  assertEquals(givenMsat >= 50_000 && givenMsat < 50_512, true, `${givenMsat}`);
  assertStringIncludes(restored.err, "E-cash: ");
  assertStringIncludes(restored.err, `Balance: ${((heldMsat + givenMsat) / 1_000).toLocaleString("en")} sat`);
  // whoever has the e-cash that was given away is quicker here: a later restore knows it
  assertEquals((await run("/other", ["receive", unredeemed.out.trim()])).exit, 0);
  assertEquals((await run("/third", ["restore", "--invite-code", invite, "-"], secret as string)).exit, 0);
  assertEquals(await balance("/third"), heldMsat);
});

Deno.test("`restore` doesn't wait for ever for what guardians don't hand out: it comes when they do", async () => {
  await run("/a", ["join", invite]);
  await run("/a", ["receive", federation.text(await federation.note(14))]);
  const heldMsat = await balance("/a");
  const { secret } = parseJson((await run("/a", ["print-secret"])).out) as JsonObject;
  federation.lie = ({ method }) => method === "module_0_recovery_signature_shares" ? new Promise(() => {}) : undefined;
  const restored = await run("/b", ["restore", "--invite-code", invite, "-"], secret as string);
  assertEquals([restored.exit, parseJson(restored.out)], [0, null]);
  assertStringIncludes(restored.err, "Balance: 0 sat (0 msat)\nOn its way in: ");
  assertEquals(await balance("/b"), 0);
  federation.lie = () => undefined;
  await run("/b", ["dev", "wait-complete"]);
  assertEquals(await balance("/b"), heldMsat);
});
