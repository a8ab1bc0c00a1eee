import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import { bls } from "../../core/crypto/bls/mod.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { encodeHex, parseJson } from "../../core/encoding/mod.ts";
import { parseDkgVersion } from "../../core/types/dkg_version.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import type { PeerSetupCode } from "../../core/types/setup_code.ts";
import { formatSetupCode } from "../../core/types/setup_code.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import { transaction, transactionIdOf } from "../../core/types/transaction.ts";
import { defineClientModule } from "../../modules/contract/client.ts";
import type { AnyClientModuleDefinition, ClientCommand } from "../../modules/contract/client.ts";
import { CommandError } from "../../modules/contract/command_error.ts";
import { EcashError } from "../../modules/mintv2/client/api.ts";
import { addNotes } from "../../modules/mintv2/client/db.ts";
import type { Denomination } from "../../modules/mintv2/denomination.ts";
import type { SpendableNote } from "../../modules/mintv2/ecash.ts";
import { modulePrefix } from "../core/database.ts";
import { databasePath } from "../core/database_path.ts";
import { joinedSlot } from "../federation/join_state.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { ClientWorld, unknownMethod } from "../testing/world.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";
import {
  joinedWorld,
  quietModules,
  recordedFederation,
  recordedInvite,
  runInWorld,
  WALLET_DIR,
} from "./testing/mod.ts";
import { moneyless } from "../testing/moneyless.ts";

const modules = quietModules;
const others = quietModules.filter(({ kind }) => kind !== "meta");
const DIR = ["--data-dir", WALLET_DIR];

/** A module in the meta module's place, with commands that end in every way. */
function moduleWith(commands: Record<string, ClientCommand["run"]>): AnyClientModuleDefinition {
  return defineClientModule<null, null, null>({
    kind: "meta",
    ...moneyless,
    api: null,
    start: () =>
      Promise.resolve({
        transitions: () => [],
        api: null,
        commands: Object.fromEntries(
          Object.entries(commands).map((
            [name, run],
          ) => [name, { usage: `${name} ARGS`, help: `Help of ${name}`, run }]),
        ),
      }),
  });
}

Deno.test("commands that only look ask no guardian where nothing is under way", async () => {
  const asked: string[] = [];
  const world = await recordedFederation((call, recorded) => {
    asked.push(call.method);
    return recorded(call);
  });
  const run = (...args: readonly string[]) => runInWorld(world, [...DIR, ...args], { modules });
  assertEquals((await run("join", recordedInvite())).exit, 0);
  // what was asked before has arrived
  await world.finish(sleep(world.platform.clock, 60_000));
  asked.length = 0;
  const looks = [["info"], ["invite-code", "0"], ["list-operations"], ["module"], ["module", "mintv2", "help"]];
  for (const args of [...looks, ["module", "mintv2", "count"]]) assertEquals((await run(...args)).exit, 0);
  assertEquals(asked, []);
  assertEquals([(await run("dev", "session-count")).exit, asked.includes("session_count")], [0, true]);
});

Deno.test("a join asks for what it needs, and nothing more of it once it has joined", async () => {
  const asked = new Map<string, number>();
  const world = await recordedFederation((call, recorded) => {
    asked.set(call.method, (asked.get(call.method) ?? 0) + 1);
    return recorded(call);
  });
  assertEquals((await runInWorld(world, [...DIR, "join", recordedInvite()], { modules })).exit, 0);
  // of the invite's guardian, and of all
  assertEquals([asked.get("client_config"), asked.get("version")], [5, 4]);
});

Deno.test("e-cash of notes that are there is spent without a guardian, as whoever asks for it; other amounts ask", async () => {
  let asks = 0;
  const world = await recordedFederation((call, recorded) => {
    asks++;
    // what is asked before notes leave the wallet for an exchange
    return call.method.endsWith("recovery_count") ? unknownMethod() : recorded(call);
  });
  assertEquals((await runInWorld(world, [...DIR, "join", recordedInvite()], { modules })).exit, 0);
  const store = await world.finish(world.openStore(databasePath(WALLET_DIR)));
  const joined = (await world.finish(store.read((tx) => joinedSlot.get(tx))))!;
  const [instance] = [...joined.config.modules].find(([, { kind }]) => kind === "mintv2")!;
  const notes = [10, 10, 11, 12].map((denomination, i) => ({
    denomination: denomination as Denomination,
    keypair: new Uint8Array(32).fill(i + 1) as SpendableNote["keypair"],
    signature: bls.g1.generator,
  }));
  await world.finish(store.transact((tx) => addNotes(tx.view(modulePrefix(instance)), notes)));
  await world.finish(store.close());
  await world.finish(sleep(world.platform.clock, 60_000));
  const askedBy = async (...args: string[]): Promise<[number, number, number]> => {
    asks = 0;
    const { exit, out } = await runInWorld(world, [...DIR, ...args], { modules });
    const texts = out.match(/fedimint\w+/g) ?? [];
    return [exit, asks, texts.length];
  };
  assertEquals(await askedBy("spend", "--quote", "3072"), [0, 0, 0]);
  assertEquals(await askedBy("spend", "3072"), [0, 0, 1]);
  assertEquals(await askedBy("module", "mintv2", "send", "1024"), [0, 0, 1]);
  assertEquals(await askedBy("module", "mintv2", "count"), [0, 0, 0]);
  // 4096 msat are left, one note: for half of it there must be an exchange
  const [exit, asked, texts] = await askedBy("module", "mintv2", "send", "2048");
  assertEquals([exit, asked > 0, texts], [1, true, 0]);
  // what isn't there at all
  assertEquals((await askedBy("module", "mintv2", "send", "4608"))[0], 1);
  assertEquals(await askedBy("module", "mintv2", "send", "4096"), [0, 0, 1]);
  assertEquals((await askedBy("module", "mintv2", "send", "0"))[0], 1);
  assertEquals((await askedBy("module", "mintv2", "send"))[0], 2);
});

Deno.test("every command has a help text", async () => {
  const world = new ClientWorld(1);
  const paths = [
    [],
    ["balance"],
    ["spend"],
    ["receive"],
    ["deposit"],
    ["withdraw"],
    ["join"],
    ["info"],
    ["invite-code"],
    ["print-secret"],
    ["restore"],
    ["backup"],
    ["list-operations"],
    ["module"],
    ["admin"],
    ["admin", "auth"],
    ["admin", "setup"],
    ["admin", "sign-api-announcement"],
    ["dev"],
    ["dev", "api"],
    ["dev", "decode"],
    ["dev", "decode", "setup-code"],
    ["dev", "peer-version"],
    ["dev", "submit-transaction"],
    ["dev", "show-event-log"],
    ["dev", "encode", "invite-code"],
    ["dev", "decode", "transaction"],
    ["dev", "show-event-log-trimable"],
    ["dev", "test-event-log-handling"],
    ["dev", "config-decrypt"],
    ["dev", "config-encrypt"],
    ["dev", "visualize"],
    ["dev", "visualize", "operations"],
    ["dev", "advance-note-idx"],
    ["dev", "panic"],
    ["completion"],
  ];
  for (const path of paths) {
    const { exit, out, err } = await runInWorld(world, [...path, "--help"], { modules });
    assertEquals([exit, err], [0, ""], path.join(" "));
    assertMatch(out, /Usage: /);
    // a command without a description has nothing behind its name
    for (const line of out.split("\n")) assert(!/^ {2}[a-z][a-z-]+$/.test(line), line);
  }
});

Deno.test("a missing or unknown command and a flag in the wrong place are told on standard error with exit code 2", async () => {
  const world = new ClientWorld(1);
  const wrong = [
    [],
    ["dev"],
    ["admin"],
    ["admin", "setup"],
    ["admin", "setup", "ws://g:1"],
    ["admin", "setup", "ws://g:1", "nonsense"],
    ["admin", "setup", "not a url", "status"],
    ["nonsense"],
    ["balance", "--data-dir", "/x"],
    ["balance", "extra"],
    ["spend"],
    ["spend", "0"],
    ["spend", "1.5"],
    ["spend", "10 zats"],
    ["withdraw", "bc1q", "1500 msat"],
    ["withdraw", "nowhere", "1500 sat"],
    ["withdraw", "nowhere", "all"],
    ["dev", "wait", "-1"],
    ["dev", "show-event-log", "--limit", "10001"],
    ["list-operations", "--limit", "100001"],
    ["dev", "encode", "invite-code", "--url", "ws://g", "--peer", "65536"],
    ["--our-id", "-1", "info"],
    ["--db-backend", "sqlite", "info"],
    ["--iroh-enable-dht", "maybe", "info"],
  ];
  for (const args of wrong) {
    const { exit, out, err } = await runInWorld(world, args, { modules });
    assertEquals([exit, out], [2, ""], args.join(" "));
    assert(err !== "", args.join(" "));
  }
});

Deno.test("environment variables stand in for global flags, and flags beat them", async () => {
  const world = await joinedWorld();
  const env = { FM_CLIENT_DIR: WALLET_DIR };
  assertEquals((await runInWorld(world, ["info"], { modules, env })).exit, 0);
  const elsewhere = await runInWorld(world, ["--data-dir", "/other", "info"], { modules, env });
  assertEquals(parseJson(elsewhere.out), { error: "Encoded client secret not present in DB" });
  const admin = { ...env, FM_OUR_ID: "0", FM_PASSWORD_API: "pass" };
  assertEquals((await runInWorld(world, ["admin", "audit"], { modules, env: admin })).exit, 0);
  const refused = await runInWorld(world, ["--password", "bad", "admin", "audit"], { modules, env: admin });
  assertEquals(refused.exit, 1);
  const unreadable = await runInWorld(world, ["info"], { modules, env: { ...env, FM_OUR_ID: "x" } });
  assertEquals([unreadable.exit, unreadable.out], [2, ""]);
  assertStringIncludes(unreadable.err, "FM_OUR_ID");
  const empty = await runInWorld(world, ["info"], { modules, env: { ...env, FM_OUR_ID: "", FM_USE_TOR: "" } });
  assertEquals(empty.exit, 0);
});

Deno.test("Tor is refused, not silently left out", async () => {
  const world = await joinedWorld();
  for (const [args, env] of [[["--use-tor"], {}], [[], { FM_USE_TOR: "1" }]] as const) {
    const { exit, out } = await runInWorld(world, [...args, ...DIR, "info"], { modules, env });
    assertEquals(exit, 1);
    assertStringIncludes(out, "Tor");
  }
});

Deno.test("an official client's data directory is refused and left as it is", async () => {
  const world = new ClientWorld(1);
  await world.finish(world.platform.files.makeDirectory(`${WALLET_DIR}/client.db`));
  const opened: string[] = [];
  const { exit, out } = await runInWorld(world, [...DIR, "info"], {
    modules,
    openStore: (path) => {
      opened.push(path);
      return world.openStore(path);
    },
  });
  assertEquals([exit, opened], [1, []]);
  assertStringIncludes(out, "another program");
});

Deno.test("who joins hears at once who is asked, and after 15 s that nobody answers and what to do", async () => {
  const world = await recordedFederation(() => new Promise(() => {}));
  const begunMs = world.world.nowMs, toldMs: number[] = [];
  const { exit, out, err } = await runInWorld(world, [...DIR, "join", recordedInvite()], {
    modules,
    onOutput: () => toldMs.push(world.world.nowMs - begunMs),
  });
  assertEquals(exit, 1);
  assert(/^Asking ws:\/\/\S+ …\n$/.test(err), err);
  assertStringIncludes((parseJson(out) as JsonObject).error as string, "an invite code of another guardian");
  const [firstMs, lastMs] = toldMs as [number, number];
  assert(firstMs < 100 && lastMs >= 15_000 && lastMs < 15_200, `${toldMs}`);
});

Deno.test("a module's command prints its JSON; its errors have the exit code of their kind", async () => {
  const failing = (thrown: unknown) => (): Promise<Json> => Promise.reject(thrown);
  const definitions = [
    moduleWith({
      echo: (args) => Promise.resolve([...args]),
      usage: failing(CommandError.usage("one ARG is needed")),
      failed: failing(CommandError.failed("it was tried", { cause: new Error("the reason") })),
      typed: failing(new EcashError({ code: "offline" }, "no connection")),
      bug: failing(new TypeError("undefined is not a function")),
    }),
    ...others,
  ];
  const world = await joinedWorld(definitions);
  const run = (...args: string[]) => runInWorld(world, [...DIR, "module", "meta", ...args], { modules: definitions });
  // flags behind the module's name are the module's
  assertEquals(parseJson((await run("echo", "a", "--include-invite", "--data-dir")).out), [
    "a",
    "--include-invite",
    "--data-dir",
  ]);
  assertEquals((await runInWorld(world, [...DIR, "module", "1", "echo"], { modules: definitions })).exit, 0);
  const usage = await run("usage");
  assertEquals([usage.exit, usage.out], [2, ""]);
  assertStringIncludes(usage.err, "one ARG is needed");
  assertStringIncludes(usage.err, "Usage: module meta usage ARGS");
  const failed = await run("failed");
  assertEquals([failed.exit, parseJson(failed.out)], [1, { error: "it was tried: the reason" }]);
  assertEquals((await run("typed")).exit, 1);
  const bug = await run("bug");
  assertEquals([bug.exit, bug.out], [101, ""]);
  assertStringIncludes(bug.err, "undefined is not a function");
  assertEquals((await run("toString")).exit, 2);
});

Deno.test("a module lists its commands and explains each", async () => {
  const definitions = [moduleWith({ echo: () => Promise.resolve(null) }), ...others];
  const world = await joinedWorld(definitions);
  for (const args of [["--help"], ["help"], ["echo", "--help"]]) {
    const { exit, out } = await runInWorld(world, [...DIR, "module", "meta", ...args], { modules: definitions });
    assertEquals(exit, 0);
    assertStringIncludes(out, "echo ARGS");
    assertStringIncludes(out, "Help of echo");
  }
});

Deno.test("joining prints the federation's welcome without what could fool a terminal", async () => {
  const value = new TextEncoder().encode(JSON.stringify({ welcome_message: "Hello\u001b[2J\u202e\nworld" }));
  const hex = [...value].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const world = await recordedFederation((asked, recorded) =>
    asked.method === "module_1_get_consensus" ? { revision: 0, value: hex } : recorded(asked)
  );
  const { exit, err } = await runInWorld(world, [...DIR, "join", recordedInvite()], { modules });
  const [asking, ...welcome] = err.split("\n");
  assertEquals([exit, welcome.join("\n")], [0, "Hello[2J\nworld\n"]);
  assertMatch(asking!, /^Asking ws:\S+ …$/);
});

Deno.test("a welcome that can't be read is no reason not to have joined", async () => {
  const world = await recordedFederation((asked, recorded) =>
    asked.method === "module_1_get_consensus" ? { revision: 0, value: "ff" } : recorded(asked)
  );
  const joined = await runInWorld(world, [...DIR, "join", recordedInvite()], { modules });
  assertEquals(joined.exit, 0);
  assertStringIncludes(joined.err, "welcome message could not be read");
  assertEquals((await runInWorld(world, [...DIR, "info"], { modules })).exit, 0);
});

Deno.test("friendly commands say in sentences what is wrong and what to do, and nothing on standard output", async () => {
  const world = await recordedFederation();
  const fresh = await runInWorld(world, [...DIR, "balance"], { modules });
  assertEquals([fresh.exit, fresh.out], [1, ""]);
  assertStringIncludes(fresh.err, "join INVITE_CODE");
  await runInWorld(world, [...DIR, "join", recordedInvite()], { modules });
  const balance = await runInWorld(world, [...DIR, "balance"], { modules });
  assertEquals([balance.exit, balance.out], [
    0,
    [
      "0 sat (0 msat) in 0 notes",
      // the module's background is silent in these tests
      "It was never looked for deposits: it took longer than 5 seconds to look for more. `deposit --wait` waits as long as it takes.",
      "Federation: testfed, on regtest",
      "",
    ].join("\n"),
  ]);
  const spend = await runInWorld(world, [...DIR, "spend", "10 sat"], { modules });
  assertEquals([spend.exit, spend.out], [1, ""]);
  assertStringIncludes(spend.err, "`deposit` adds to it");
  const receive = await runInWorld(world, [...DIR, "receive", "fedimintabc"], { modules });
  assertEquals([receive.exit, receive.out], [1, ""]);
  const noDir = await runInWorld(world, ["balance"], { modules });
  assertEquals(noDir.exit, 1);
  assertStringIncludes(noDir.err, "FM_CLIENT_DIR");
});

Deno.test("storing a guardian's password asks first on a terminal", async () => {
  const world = await joinedWorld();
  const auth = [...DIR, "admin", "auth", "--peer-id", "0", "--password", "pass"];
  const no = await runInWorld(world, auth, { modules, answer: "n\n" });
  assertEquals([no.exit, parseJson(no.out)], [1, { error: "Endpoint verification cancelled by user." }]);
  const yes = await runInWorld(world, auth, { modules, answer: "Y\n" });
  assertEquals(yes.exit, 0);
  // no text of the program shows it
  for (const text of [yes.out, yes.err]) assert(!text.includes("pass\n") && !text.includes('"pass"'));
});

Deno.test("a setup code is shown as the JSON that it stands for", async () => {
  const code: PeerSetupCode = {
    name: "g0",
    endpoints: {
      tag: "Tcp",
      value: { apiUrl: "ws://a:1/", p2pUrl: "fedimint://a:2", cert: new Uint8Array([1, 2]) as Bytes },
    },
    federationName: "x",
    disableBaseFees: null,
    enabledModules: ["lnv2"],
    federationSize: 4,
    network: "regtest",
    fedimintVersion: parseDkgVersion("0.13.0"),
  };
  const args = ["dev", "decode", "setup-code", formatSetupCode(code)];
  const { exit, out } = await runInWorld(new ClientWorld(1), args, { modules });
  assertEquals([exit, parseJson(out)], [0, {
    setup_code: {
      name: "g0",
      endpoints: { Tcp: { api_url: "ws://a:1/", p2p_url: "fedimint://a:2", cert: "020102" } },
      federation_name: "x",
      disable_base_fees: null,
      enabled_modules: ["lnv2"],
      federation_size: 4,
      network: "regtest",
      fedimint_version: "0.13.0",
    },
  }]);
});

Deno.test("a transaction that is submitted by hand prints its id, or why it is refused", async () => {
  const world = new ClientWorld(1), books = new ToyBooks();
  const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });
  await world.finish(startGuardians(world, federation, books.script(federation.honest)));
  const options = { modules: [toyModule] };
  await runInWorld(world, [...DIR, "join", formatInviteCode(federation.invite)], options);
  const tx: Transaction = {
    inputs: [],
    outputs: [],
    nonce: new Uint8Array(8) as Bytes,
    signatures: { tag: "NaiveMultisig", value: [] },
  };
  const submit = [...DIR, "dev", "submit-transaction", encodeHex(transaction, tx)];
  const accepted = await runInWorld(world, submit, options);
  assertEquals([accepted.exit, parseJson(accepted.out)], [0, transactionIdOf(tx)]);
  books.refuse = { tag: "Input", value: { instance: 0, body: new Uint8Array(0) as Bytes } };
  const refused = await runInWorld(world, submit, options);
  assertEquals(refused.exit, 1);
  assertStringIncludes(refused.out, "no such coin");
});
