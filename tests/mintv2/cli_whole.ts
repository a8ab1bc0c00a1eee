/** E-cash on the command line, in a federation with fees. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { quietModules, runInWorld } from "../../client/cli/testing/mod.ts";
import { builtInModules } from "../../client/modules.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { bls, scalarFromBigInt } from "../../core/crypto/bls/mod.ts";
import { MintFederation } from "./federation.ts";

const world = new ClientWorld(6);

Deno.test("people are told what e-cash costs, what came of it, and why not all of it did", async () => {
  const federation = await MintFederation.start(world, { fees: true });
  const run = (...args: string[]) => runInWorld(world, ["--data-dir", "/wallet", ...args], { modules: quietModules });
  assertEquals((await run("join", formatInviteCode(federation.toy.invite))).exit, 0);

  const text = federation.text(await federation.note(22), await federation.note(10));
  const quote = await run("receive", "--quote", text);
  const arrives = /, ([0-9,.]+) sat \([0-9,]+ msat\) would arrive/.exec(quote.out)![1]!;
  const received = await run("receive", text);
  assertEquals(received.exit, 0);
  assertStringIncludes(received.out, `Received ${arrives} sat (`);
  assertStringIncludes(received.out, `Balance: ${arrives} sat (`);

  const free = await run("spend", "--quote", "512");
  assertStringIncludes(free.out, "E-cash of 0.512 sat (512 msat) costs 0 sat (0 msat) in fees.");
  const spent = await run("spend", "512");
  assertMatch(spent.out, /^fedimint[a-z0-9]+\n$/);
  const nothing = await run("receive", spent.out.trim());
  assertEquals([nothing.exit, nothing.out], [1, ""]);
  assertStringIncludes(nothing.err, "worth less than the fees");

  const note = await federation.note(11);
  const forged = { ...note, signature: bls.g1.multiply(bls.g1.generator, scalarFromBigInt(7n)) };
  const refused = await run("receive", federation.text(forged));
  assertStringIncludes(refused.err, "didn't sign");
  const twice = await run("receive", federation.text(note, note));
  assertStringIncludes(twice.err, "twice");

  // what `spend` prints of a payment of many notes: a line each, one of them spent before
  const [fresh, spentOnce] = [federation.text(await federation.note(22)), text];
  const several = await run("receive", `${spentOnce}\n${fresh}\n`);
  assertEquals([several.exit, several.out.match(/Received/g)?.length], [1, 1]);
  assertStringIncludes(several.err, "1 of 2 texts were refused.");

  const partly = await run("receive", federation.text(await federation.note(22), note));
  assertEquals(partly.exit, 0);
  const late = await run("receive", federation.text(note, await federation.note(14)));
  assertEquals(late.exit, 1);
  assertMatch(late.err, /already spent.* 1[0-9.]+ sat \([0-9,]+ msat\) of it came\./);
  const balance = await run("balance");
  assertStringIncludes(balance.out, "In doubt: 2.048 sat (2,048 msat)");
  const retried = await run("retry-refunds");
  assertStringIncludes(retried.out, "0 sat (0 msat) came back.");
  assertStringIncludes(retried.err, "A note of 2.048 sat (2,048 msat) is still refused: ");

  for (const amount of ["0", "-1", "-2000"]) assert((await run("spend", amount)).exit !== 0);
  assert((await run("module", "mintv2", "send", "0")).exit !== 0);
  assertEquals((await run("balance")).out, balance.out);
});

Deno.test("no command looks ahead for what a later payment needs, as it ends before that", async () => {
  const world = new ClientWorld(7), federation = await MintFederation.start(world, { fees: true });
  const ahead: (boolean | undefined)[] = [];
  const modules = builtInModules.map((definition): typeof definition => ({
    ...definition,
    start: (env) => {
      ahead.push(env.findsAhead);
      return definition.start(env);
    },
  }));
  const run = (...args: string[]) => runInWorld(world, ["--data-dir", "/short", ...args], { modules });
  assertEquals((await run("join", formatInviteCode(federation.toy.invite))).exit, 0);
  assertEquals((await run("receive", federation.text(await federation.note(22)))).exit, 0);
  assert(ahead.length >= 2);
  assertEquals(new Set(ahead), new Set([false]));
});

Deno.test("what a receive brings is there when the command ends, and waiting for it sets nothing going", async () => {
  const world = new ClientWorld(8), federation = await MintFederation.start(world, { fees: false });
  let opened = 0, started = 0;
  const modules = builtInModules.map((definition): typeof definition => ({
    ...definition,
    start: async (env) => {
      const module = await definition.start(env);
      opened++;
      return { ...module, background: () => Promise.resolve(void started++) };
    },
  }));
  const run = (...args: string[]) => runInWorld(world, ["--data-dir", "/quick", ...args], { modules });
  assertEquals((await run("join", formatInviteCode(federation.toy.invite))).exit, 0);
  const text = federation.text(await federation.note(22), await federation.note(20));
  assertEquals(JSON.parse((await run("module", "mintv2", "receive", text)).out), "Success");
  assert(started > 0);
  opened = started = 0;
  assertEquals((await run("dev", "wait-complete")).exit, 0);
  assert(opened > 0);
  assertEquals(started, 0);
  assertMatch((await run("balance")).out, /^5,242\.88 sat .* in \d+ notes\nFederation: /);
});
