/** `restore`, and what other commands say while something is left to recover; with a toy module that recovers. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { entropyOfWords } from "../../core/crypto/bip39.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { toHex } from "../../core/bytes.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { otherSecretsOfModule, secretOfModule, secretsOfEntropy } from "../core/secrets.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { ownerOf, recoveringToy, ToyLog } from "../testing/recovering_toy.ts";
import { TOY_KIND, ToyBooks } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import type { Ran, RunOptions } from "./testing/mod.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld, WALLET_DIR } from "./testing/mod.ts";

const WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const OTHER_WORDS = "abandon ".repeat(11) + "about";
const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]), meta: { federation_name: "Ours" } });
const INVITE = formatInviteCode(federation.invite);
const secrets = secretsOfEntropy(entropyOfWords(WORDS), federation.invite.federationId);
const OWN = ownerOf(secretOfModule(secrets, 0)), SDK = ownerOf(otherSecretsOfModule(secrets, 0)[0]!.secret);
const DIR = ["--data-dir", WALLET_DIR], TERMINAL = { columns: 80, rows: 24 };

/** Words stand in no line that is printed, whatever it says. */
function assertDiscreet({ out, err }: Ran): void {
  for (const word of ["legal", "winner", "sausage", "yellow"]) assert(!`${out}${err}`.includes(word), `${out}${err}`);
}

class Setting {
  readonly world = new ClientWorld(1);
  readonly log = new ToyLog(this.world.platform.clock);
  modules: readonly AnyClientModuleDefinition[] = [recoveringToy({ runsMeanwhile: true })];

  static async started(entries = 4): Promise<Setting> {
    const setting = new Setting();
    setting.log.entries.push({ owner: OWN, msat: 100_000n }, { owner: SDK, msat: 30_000n }, {
      owner: "else",
      msat: 7n,
    });
    while (setting.log.entries.length < entries) setting.log.entries.push({ owner: OWN, msat: 10n });
    const script = setting.log.script(new ToyBooks().script(federation.honest));
    await setting.world.finish(startGuardians(setting.world, federation, script));
    return setting;
  }

  async run(args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ran> {
    const ran = await runInWorld(this.world, [...DIR, ...args], { modules: this.modules, ...options });
    if (!args.includes("print-secret")) assertDiscreet(ran);
    return ran;
  }

  /** Ctrl-C after some time. */
  interrupted(args: readonly string[], afterMs: number, options: Partial<RunOptions> = {}): Promise<Ran> {
    const interruption = new AbortController();
    void sleep(this.world.platform.clock, afterMs).then(() => interruption.abort(new Error("Interrupted")));
    return this.run(args, { ...options, signal: interruption.signal });
  }

  async balance(): Promise<number> {
    const { out } = await this.run(["balance"]);
    return Number(/\(([0-9,]+) msat\)/.exec(out)![1]!.replaceAll(",", ""));
  }
}

Deno.test("words are asked for on the terminal, the federation is shown, and what came is told by its source", async () => {
  const at = await Setting.started();
  const lines = ["1. LEGAL 2. winner 3. thank", "year wave saus worth", "useful, legal, winner, thank, yellow", ""];
  const { exit, out, err } = await at.run(["restore", "--invite-code", INVITE], { answer: [...lines, "y"] });
  assertEquals([exit, parseJson(out)], [0, null], err);
  for (
    const said of [
      "Type the words of the wallet",
      "Federation: Ours",
      `Its id: ${federation.invite.federationId}`,
      "Guardians: g0, g1, g2, g3",
      "Restore here? (y/N): ",
      "toy: 130.01 sat (130,010 msat)",
      "of it under the keys of the JavaScript SDK: 30 sat (30,000 msat)",
      "Balance: 130.01 sat (130,010 msat)",
      "nobody has redeemed is among it",
    ]
  ) assertStringIncludes(err, said);
  assertEquals(await at.balance(), 130_010);
  assertEquals(parseJson((await at.run(["print-secret"])).out), { secret: WORDS });
});

Deno.test("what the lost wallet had done is in list-operations, marked, in fedimint-cli's form", async () => {
  const at = await Setting.started();
  await at.run(["restore", "--yes", "--invite-code", INVITE, "--mnemonic", WORDS]);
  const { operations } = parseJson((await at.run(["list-operations"])).out) as { readonly operations: JsonObject[] };
  assertEquals<unknown>(
    operations.map(({ id, creation_time, ...told }) => [typeof id, typeof creation_time, told]),
    [10, 30_000, 100_000].map((Recovered) => {
      const told = { operation_kind: TOY_KIND, operation_meta: { Recovered }, outcome: "Done", recovered: true };
      return ["string", "string", told];
    }),
  );
});

Deno.test("whoever sees that it is the wrong federation says no, and nothing is stored", async () => {
  const at = await Setting.started();
  for (const last of ["n", ""]) {
    const { exit, out } = await at.run(["restore", "--invite-code", INVITE], { answer: [WORDS, "", last] });
    assertEquals([exit, parseJson(out)], [1, { error: "Nothing was restored." }]);
  }
  assertEquals(parseJson((await at.run(["info"])).out), { error: "Encoded client secret not present in DB" });
});

Deno.test("nobody types words for a federation that is away: it is asked first", async () => {
  const world = new ClientWorld(1),
    options = { modules: [recoveringToy({ runsMeanwhile: true })], answer: [WORDS, ""] };
  const { exit, out, err } = await runInWorld(world, [...DIR, "restore", "--invite-code", INVITE], options);
  assertEquals(exit, 1);
  assertStringIncludes(out, "an invite code of another guardian");
  assert(!err.includes("Type the words"), err);
});

Deno.test("a mistyped word is named by its place and asked for again, three times", async () => {
  const at = await Setting.started(), wrong = WORDS.replace("sausage", "sausqge");
  const restore = ["restore", "--yes", "--invite-code", INVITE];
  const ran = runInWorld(at.world, [...DIR, ...restore], { modules: at.modules, answer: [wrong, "", WORDS, ""] });
  const { exit, err } = await ran;
  assertEquals(exit, 0);
  assertStringIncludes(err, `Word 6 isn't in the list of wallets' words; did you mean "sausage"?\nOnce more`);
  const giveUp = await (await Setting.started()).run(restore, { answer: ["legal", "", "legal", "", "", "y"] });
  assertEquals(giveUp.exit, 1);
  assertStringIncludes(giveUp.out, "There are no words in the text");
});

Deno.test("words come from standard input or from fedimint-cli's option, and never stand in the command", async () => {
  const ways: [string[], Partial<RunOptions>][] = [
    [["-"], { stdin: `{\n  "secret": "${WORDS}"\n}\n` }],
    [["-"], { stdin: WORDS.replaceAll(" ", "\n"), answer: "" }],
    [["--mnemonic", WORDS], {}],
    [["--mnemonic", ` ${WORDS.toUpperCase()} `], { answer: "never asked" }],
  ];
  for (const [args, options] of ways) {
    const at = await Setting.started();
    const { exit, out } = await at.run(["restore", "--invite-code", INVITE, ...args], options);
    assertEquals([exit, parseJson(out)], [0, null]);
    assertEquals(await at.balance(), 130_010);
  }
  const at = await Setting.started();
  const wrong: [string[], Partial<RunOptions>, number, string][] = [
    [["--invite-code", INVITE, ...WORDS.split(" ")], {}, 2, "Words don't stand in a command"],
    [["--invite-code", INVITE, WORDS], {}, 2, "Words don't stand in a command"],
    [["--invite-code", INVITE, "-", "--mnemonic", WORDS], {}, 2, "Words are given once"],
    [["--invite-code", INVITE], {}, 1, "There is no terminal to ask for the words on"],
    [["-"], { stdin: WORDS }, 2, "--invite-code"],
    [["--invite-code", INVITE, "-"], { stdin: "" }, 1, "There are no words in the text"],
    [["--invite-code", INVITE, "-"], { stdin: INVITE }, 1, "Expected the words of a wallet. This is an invite code"],
    [["--invite-code", "fed1", "-"], { stdin: WORDS }, 1, "invalid invite code"],
    [["--invite-code", INVITE, "--mnemonic", WORDS.slice(0, -7)], {}, 1, "there are 11: a wallet has 12"],
    [["--invite-code", INVITE, "-"], { stdin: WORDS.split(" ").reverse().join(" ") }, 1, "don't belong together"],
    [["--invite-code", INVITE, "-"], { stdin: "legal ".repeat(20_000) }, 1, "too long to be the words"],
  ];
  for (const [args, options, code, said] of wrong) {
    const { exit, out, err } = await at.run(["restore", ...args], options);
    assertEquals(exit, code, `${out}${err}`);
    assertStringIncludes(`${out}${err}`, said);
  }
  assertEquals(parseJson((await at.run(["info"])).out), { error: "Encoded client secret not present in DB" });
});

Deno.test("progress is a line that is redrawn on a terminal, and one every ten seconds elsewhere, with the time left", async () => {
  for (const terminal of [TERMINAL, null]) {
    const at = await Setting.started(200);
    at.log.delayMs = 500;
    const { exit, err } = await at.run(["restore", "--invite-code", INVITE, "--mnemonic", WORDS], { terminal });
    assertEquals(exit, 0);
    const shown = err.split(/[\r\n]+/).filter((line) => /toy \d+ %/.test(line));
    assertEquals(err.includes("\x1b[K"), terminal !== null);
    if (terminal) assert(shown.length > 100, `${shown.length}`);
    // entries take 500 ms each: 100 s
    else assertEquals(shown.length, 10);
    if (!terminal) assertMatch(shown[4]!, /^toy \d\d % \(\d+ of 200\), about \d+ seconds left$/);
  }
});

Deno.test("a line that is redrawn is no wider than the terminal, where that is known", async () => {
  for (const [columns, ending] of [[12, "toy 5"], [0, "left"]] as const) {
    const at = await Setting.started(20);
    at.log.delayMs = 500;
    const options = { terminal: { columns, rows: 24 } };
    const { err } = await at.run(["restore", "--invite-code", INVITE, "--mnemonic", WORDS], options);
    const shown = err.split(/[\r\n]+/).map((line) => line.replace("\x1b[K", "")).filter((line) =>
      /^toy \d+ %/.test(line)
    );
    assert(shown.length > 0 && shown.every((line) => columns === 0 || line.length < columns), `${shown}`);
    assert(shown.some((line) => columns === 0 ? line.endsWith(ending) : line.startsWith(ending)), `${shown}`);
  }
});

Deno.test("guardians that stop answering are waited for, and it is said for how long nothing has come", async () => {
  const at = await Setting.started(20);
  at.log.silentFrom = 3;
  const restore = ["restore", "--invite-code", INVITE, "--mnemonic", WORDS];
  const { exit, err } = await at.interrupted(restore, 65_000);
  assertEquals(exit, 130);
  const still = err.split("\n").filter((line) => line.startsWith("toy 15 % (3 of 20)"));
  assert(!still[0]!.includes("nothing has come"), still[0]);
  assertMatch(still.at(-1)!, /; nothing has come for \d+ seconds: guardians that are away are waited for$/);
  at.log.silentFrom = Infinity;
  assertEquals((await at.run(["restore"])).exit, 0);
});

Deno.test("Ctrl-C keeps what was found; every command says what is left, and the money comes with them", async () => {
  const at = await Setting.started(40);
  at.log.delayMs = 500;
  const restore = ["restore", "--invite-code", INVITE, "--mnemonic", WORDS];
  const stopped = await at.interrupted(restore, 5_000);
  assertEquals([stopped.exit, stopped.out], [130, ""]);
  assertStringIncludes(stopped.err, "What was found is kept. It goes on with the next command");
  const info = await at.run(["dev", "wait", "5"]);
  assertEquals([info.exit, parseJson(info.out)], [0, null]);
  assertMatch(info.err, /^What belongs to this wallet's words is still being looked for \(toy \d+ % \(\d+ of 40\)\)/);
  // neither words nor a code are needed to go on
  const on = await at.run(["restore"]);
  assertEquals([on.exit, parseJson(on.out)], [0, null]);
  assertEquals(on.err.includes("Type the words"), false);
  assertEquals(await at.balance(), 130_000 + 37 * 10);
  assertEquals((await at.run(["dev", "wait", "1"])).err, "");
  assert(
    at.log.asked < 4 * 40 + 40,
    `a step is repeated for each command at most, each by four guardians: ${at.log.asked}`,
  );
});

Deno.test("the same words once more find nothing to do; other words are refused and leave all as it is", async () => {
  const at = await Setting.started(), restore = (...words: string[]) => ["restore", "--invite-code", INVITE, ...words];
  assertEquals((await at.run(restore("--mnemonic", WORDS))).exit, 0);
  const again = await at.run(restore("--mnemonic", WORDS));
  assertEquals([again.exit, parseJson(again.out)], [0, null]);
  assertStringIncludes(again.err, "This wallet was restored before");
  const other = await at.run(restore("--mnemonic", OTHER_WORDS));
  assertEquals(other.exit, 1);
  assertStringIncludes(other.out, "There is a wallet of other words here already");
  assertEquals(await at.balance(), 130_010);
  assertEquals(parseJson((await at.run(["print-secret"])).out), { secret: WORDS });
});

Deno.test("a recovery that fails is told with its reason, and the next command tries it again", async () => {
  const at = await Setting.started(), { modules } = at;
  const change = { run: () => Promise.reject(new Error("out of order")) };
  at.modules = [recoveringToy({ runsMeanwhile: true, change })];
  const failed = await at.run(["restore", "--invite-code", INVITE, "--mnemonic", WORDS]);
  assertEquals(failed.exit, 1);
  assertMatch((parseJson(failed.out) as JsonObject).error as string, /^Recovery of module 0 failed: /);
  const info = await at.run(["dev", "wait", "1"]);
  assertStringIncludes(info.err, "The recovery of module 0 (toy) failed: ");
  assertStringIncludes(info.err, "the next command tries it again");
  at.modules = modules;
  assertEquals((await at.run(["restore"])).exit, 0);
  assertEquals(await at.balance(), 130_010);
});

Deno.test("a federation's secret restores without words, and opens the wallet from then on", async () => {
  const at = await Setting.started(), { preRoot } = secrets;
  const secret = ["--federation-secret-hex", toHex(preRoot.toBytes())];
  const run = (...args: string[]) => at.run([...secret, ...args]);
  const both = await run("restore", "--invite-code", INVITE, "--mnemonic", WORDS);
  assertEquals(parseJson(both.out), {
    error: "restore accepts either --mnemonic or --federation-secret-hex, not both",
  });
  assertEquals((await run("restore", "--invite-code", INVITE)).exit, 0);
  // what the JavaScript SDK made of the words no secret of one federation tells
  assertStringIncludes((await run("balance")).out, "100.01 sat (100,010 msat)");
  assertEquals(parseJson((await run("print-secret")).out), { error: "Encoded client secret not present in DB" });
  assertEquals(parseJson((await run("print-secret", "--secret")).out), { secret: secret[1]! });
  assertEquals((await at.run(["balance"])).exit, 1);
});

Deno.test("`print-secret` says what the words bring back and what not, and prints the federation's secret when asked", async () => {
  const at = await Setting.started();
  await at.run(["restore", "--invite-code", INVITE, "--mnemonic", WORDS]);
  const words = await at.run(["print-secret"]);
  assertStringIncludes(words.err, "They bring back:");
  assertStringIncludes(words.err, "They don't bring back:");
  const secret = await at.run(["print-secret", "--secret"]);
  assertEquals(parseJson(secret.out), { secret: toHex(secrets.preRoot.toBytes()) });
  assertStringIncludes(secret.err, "--federation-secret-hex");
});

Deno.test("`info` has what is still being recovered, `balance` says it, and both work meanwhile", async () => {
  // guardians as they were recorded: they name a log, and don't hand it out
  const world = await recordedFederation((asked, recorded) => {
    if (asked.method.includes("recovery_slice")) return new Promise<Json>(() => {});
    return asked.method.endsWith("output_info_slice") ? [] : recorded(asked);
  });
  const stop = new AbortController();
  void sleep(world.platform.clock, 5_000).then(() => stop.abort(new Error("Interrupted")));
  const run = (args: string[], options: Partial<RunOptions> = {}) =>
    runInWorld(world, [...DIR, ...args], { modules: quietModules, ...options });
  const restore = ["restore", "--invite-code", recordedInvite(), "-"];
  const stopped = await run(restore, { stdin: WORDS, signal: stop.signal });
  assertEquals(stopped.exit, 130, stopped.out + stopped.err);
  const info = await run(["info"]), { recovering, total_amount_msat } = parseJson(info.out) as JsonObject;
  assertEquals([info.exit, total_amount_msat], [0, 0]);
  assertEquals((recovering as JsonObject[]).map(({ kind }) => kind), ["mintv2"]);
  const balance = await run(["balance"]);
  assertEquals(balance.exit, 0);
  for (const { err } of [info, balance]) {
    assertStringIncludes(err, "What belongs to this wallet's words is still being looked for (mintv2 ");
  }
});
