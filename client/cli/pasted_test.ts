/**
 * What people paste into commands: the same tolerance everywhere, things named as what they are, and nothing of them
 * repeated.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { parseDkgVersion } from "../../core/types/dkg_version.ts";
import { formatInviteCodeBase32, parseInviteCode } from "../../core/types/invite_code.ts";
import { formatSetupCode } from "../../core/types/setup_code.ts";
import { bls } from "../../core/crypto/bls/mod.ts";
import { formatEcash, makeEcash } from "../../modules/mintv2/ecash.ts";
import { ClientWorld } from "../testing/world.ts";
import type { Ran, RunOptions } from "./testing/mod.ts";
import { quietModules as modules, recordedFederation, recordedInvite, runInWorld, WALLET_DIR } from "./testing/mod.ts";

const DIR = ["--data-dir", WALLET_DIR];
const SECRET = "a-secret-of-the-api";
const ECASH = formatEcash(makeEcash("ab".repeat(32), [{
  denomination: 10,
  keypair: new Uint8Array(32).fill(1),
  signature: bls.g1.generator,
}]));
const SETUP = formatSetupCode({
  name: "alice",
  endpoints: { tag: "Tcp", value: { apiUrl: "ws://a:1/", p2pUrl: "fedimint://a:2", cert: Uint8Array.of(1, 2) } },
  federationName: null,
  disableBaseFees: null,
  enabledModules: null,
  federationSize: null,
  network: "regtest",
  fedimintVersion: parseDkgVersion("0.13.0"),
});

/** As a chat hands it over. */
function pasted(text: string): string {
  return `\ufeff“fedimint:${text.slice(0, 20)}\u200b\n> ${text.slice(20, 40)}\u00a0${text.slice(40)}”\r\n`.replace(
    "> ",
    " ",
  );
}

const run = (world: ClientWorld, args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ran> =>
  runInWorld(world, [...DIR, ...args], { modules, ...options });

Deno.test("invite codes are read however they were pasted, in pieces, and from standard input", async () => {
  const invite = recordedInvite(), code = parseInviteCode(invite);
  const expected = { url: code.url, federation_id: code.federationId };
  const forms: [string[], string?][] = [
    [[pasted(invite)]],
    [[invite.toUpperCase()]],
    [[pasted(formatInviteCodeBase32(code)).toUpperCase()]],
    [[invite.slice(0, 30), invite.slice(30)]],
    [["-"], `${invite.slice(0, 30)}\n${invite.slice(30)}\n`],
  ];
  for (const [pieces, stdin = ""] of forms) {
    const { exit, out, err } = await run(new ClientWorld(1), ["dev", "decode", "invite-code", ...pieces], { stdin });
    assertEquals([exit, err], [0, ""]);
    assertEquals(parseJson(out), expected);
    const world = await recordedFederation();
    const joined = await run(world, ["join", ...pieces], { stdin });
    assertEquals(joined.exit, 0, joined.out);
  }
  const setup = await run(new ClientWorld(1), ["dev", "decode", "setup-code", pasted(SETUP)]);
  assertEquals(((parseJson(setup.out) as JsonObject).setup_code as JsonObject).name, "alice");
});

Deno.test("a code that is given to the wrong command is named as what it is, and goes nowhere", async () => {
  const world = await recordedFederation(), invite = recordedInvite();
  assertEquals((await run(world, ["join", invite])).exit, 0);
  const cases: [string[], string, string?][] = [
    [["receive", invite], "This is an invite code of a federation. `join` takes it."],
    [["receive", SETUP], "This is a guardian's setup code"],
    [["receive", "what is this"], "Expected Fedimint e-cash, which begins with fedimint…. It is not known"],
    [["receive", ECASH.slice(0, 40)], "begins like e-cash or a code of Fedimint, and is cut off or changed"],
    [["receive", "-"], "There is nothing in the text."],
    [["receive", "--quote", "-"], "This is an invite code of a federation", invite],
    [["receive", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"], "This is a Bitcoin address. `withdraw` pays to it."],
    [["join", ECASH], "This is e-cash: whoever has the text has the money. `receive` redeems it."],
    [["join", "-"], "This is e-cash: whoever", ECASH],
    [["restore", "--mnemonic", "a b c", "--invite-code", ECASH], "This is e-cash: whoever"],
    [["dev", "decode", "invite-code", ECASH], "This is e-cash: whoever"],
    [["dev", "decode", "setup-code", invite], "This is an invite code"],
    [["--password", "p", "admin", "setup", "ws://g:1", "add-peer", ECASH], "This is e-cash: whoever"],
    [[ECASH], "unknown command. This is e-cash: whoever has the text has the money. `receive` redeems it."],
    [["module", "mintv2", "receive", ECASH.slice(0, 40)], "This is no Fedimint e-cash, or it is cut off or changed"],
  ];
  for (const [args, said, stdin = ""] of cases) {
    const { exit, out, err } = await run(world, args, { stdin });
    assert(exit === 1 || exit === 2, `${exit} ${out}${err}`);
    assertStringIncludes(`${out}${err}`, said);
    assertDiscreet({ exit, out, err }, [ECASH, invite, SETUP]);
  }
});

/** Nothing of any of the texts, not even a short part, is in what was printed. */
function assertDiscreet({ out, err }: Ran, texts: readonly string[]): void {
  for (const text of texts) {
    for (let at = 8; at + 10 < text.length; at += 10) {
      assert(!`${out}${err}`.includes(text.slice(at, at + 10)), `${out}${err}`);
    }
  }
}

Deno.test("what is refused is repeated nowhere, whichever argument it was", async () => {
  const world = await recordedFederation(), texts = [ECASH, SECRET];
  const wrong: ((text: string) => string[])[] = [
    (text) => [text],
    (text) => [`--${text}`],
    (text) => ["spend", text],
    (text) => ["spend", "5 sat", "--no-qr", text],
    (text) => ["withdraw", text, "5 sat"],
    (text) => ["withdraw", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", text],
    (text) => ["join", text],
    (text) => ["receive", text],
    (text) => ["balance", text],
    (text) => ["invite-code", text],
    (text) => ["list-operations", "--limit", text],
    (text) => ["dev", "wait", text],
    (text) => ["dev", text],
    (text) => ["dev", "decode", "invite-code", text],
    (text) => ["dev", "decode", "setup-code", text],
    (text) => ["--our-id", text, "balance"],
    (text) => ["admin", "setup", text, "status"],
    (text) => ["module", "walletv2", "send", text, "5 sat"],
    (text) => ["module", "walletv2", "send", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", text],
    (text) => ["module", "mintv2", "send", text],
    (text) => ["module", "mintv2", text],
    (text) => ["module", "mintv2", "count", text],
    (text) => ["module", text, "count"],
    (text) => ["dev", "submit-transaction", text],
    (text) => ["dev", "encode", "invite-code", "--url", text, "--federation_id", text, "--peer", "0"],
    (text) => ["dev", "encode", "invite-code", "--url", "ws://a:1", "--federation_id", text, "--peer", "0"],
    (text) => ["restore", "--mnemonic", text, "--invite-code", recordedInvite()],
    (text) => ["admin", "shutdown", text],
    (text) => ["help", text],
  ];
  assertEquals((await run(world, ["join", recordedInvite()])).exit, 0);
  for (const text of texts) {
    for (const args of wrong) {
      const ran = await run(world, args(text));
      assert(ran.exit === 1 || ran.exit === 2, args("…").join(" "));
      assert(!`${ran.out}${ran.err}`.includes(text), `${args("…").join(" ")}: ${ran.out}${ran.err}`);
    }
  }
});

Deno.test("who mistypes a command still hears which was meant", async () => {
  const { exit, err } = await run(new ClientWorld(1), ["balanse"]);
  assertEquals(exit, 2);
  assertStringIncludes(err, "unknown command 'balanse'");
  assertStringIncludes(err, "Did you mean balance?");
});

Deno.test("a terminal is told what to do when a text is read from it", async () => {
  const world = await recordedFederation();
  const { err } = await run(world, ["join", "-"], { stdin: recordedInvite(), answer: "" });
  assertStringIncludes(err, "Paste it here, then press Ctrl-D on a line of its own.");
});
