/**
 * `dev …` where it needs no guardian: files of old guardians, events, pictures of a wallet's inside; and `completion`.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testsNeeding } from "../../core/testing/permissions.ts";
import { utf8 } from "../../core/bytes.ts";
import { encodeHex, parseJson } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { transaction } from "../../core/types/transaction.ts";
import { databasePath } from "../core/database_path.ts";
import { openClient } from "../open.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { ToyBooks, toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import type { Ran } from "./testing/mod.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld, WALLET_DIR } from "./testing/mod.ts";

const DIR = ["--data-dir", WALLET_DIR];
const COUNTED = "5e".repeat(32) as OperationId;

/** What `fedimint-cli dev config-encrypt` made of this text, this salt and the password `pw`. */
const OLD = {
  plain: '{"a":"secret"}',
  salt: "c2FsdHNhbHRzYWx0",
  encrypted: "e0a1b4ac6d6a594498bcf9b29bec822ddc8ee5b9cbf44e7df078e72063e64b1a7697ee0919c46c78fa9a",
};

Deno.test("an old guardian's secrets are decrypted and encrypted as by fedimint-cli, and nothing is overwritten", async () => {
  const world = new ClientWorld(1), { files } = world.platform;
  const read = async (path: string) => new TextDecoder().decode(await world.finish(files.read(path, 1_000)));
  const dev = (name: string, from: string, to: string, ...rest: string[]): Promise<Ran> =>
    runInWorld(world, ["dev", name, "--in-file", from, "--out-file", to, ...rest], { modules: [] });
  await world.finish(files.makeDirectory("/old"));
  const given = { "/old/private.salt": OLD.salt, "/old/private.encrypt": OLD.encrypted, "/salt": "other salt" };
  for (const [path, text] of Object.entries(given)) await world.finish(files.create(path, utf8(text)));

  assertEquals(await dev("config-decrypt", "/old/private.encrypt", "/plain", "pw"), {
    exit: 0,
    out: "null\n",
    err: "",
  });
  assertEquals(await read("/plain"), OLD.plain);
  assertEquals((await dev("config-encrypt", "/plain", "/new", "--salt-file", "/salt", "pw2")).exit, 0);
  assertMatch(await read("/new"), /^[0-9a-f]{84}$/);
  assertEquals((await dev("config-decrypt", "/new", "/again", "--salt-file", "/salt", "pw2")).exit, 0);
  assertEquals(await read("/again"), OLD.plain);

  const salted = ["--salt-file", "/salt"];
  const refused: readonly (readonly [number, string, Parameters<typeof dev>])[] = [
    [1, "can't be written", ["config-decrypt", "/old/private.encrypt", "/plain", "pw"]],
    [1, "Another password", ["config-decrypt", "/old/private.encrypt", "/x", "wrong"]],
    [1, "no file /nothing", ["config-decrypt", "/nothing", "/x", ...salted, "pw"]],
    [1, "no file /private.salt", ["config-decrypt", "/new", "/x", "pw"]],
    [1, "no hex", ["config-decrypt", "/plain", "/x", ...salted, "pw"]],
    [2, "PASSWORD", ["config-decrypt", "/new", "/x", ...salted]],
  ];
  for (const [exit, text, args] of refused) {
    const ran = await dev(...args);
    assertEquals(ran.exit, exit, ran.out + ran.err);
    assertStringIncludes(ran.out + ran.err, text);
  }
  assertEquals(await read("/plain"), OLD.plain);
  assertEquals(await world.finish(files.read("/x", 1)), undefined);
});

/** A wallet with an operation that counted, and then one that paid. */
async function toyWallet(): Promise<{
  readonly dev: (...args: string[]) => Promise<Ran>;
  readonly until: (text: string, ...args: string[]) => Promise<Ran>;
  readonly act: () => Promise<void>;
}> {
  const world = new ClientWorld(1), federation = toyFederation({ modules: new Map([[0, "toy"]]) });
  await world.finish(startGuardians(world, federation, new ToyBooks().script(federation.honest)));
  const options = { modules: [toyModule], env: { RUST_LOG: "info" } };
  const dev = (...args: string[]): Promise<Ran> => runInWorld(world, [...DIR, "dev", ...args], options);
  const until = (text: string, ...args: string[]): Promise<Ran> => {
    const stop = new AbortController();
    const onOutput = (printed: string): void => {
      if (printed.includes(text)) stop.abort();
    };
    return runInWorld(world, [...DIR, "dev", ...args], { ...options, signal: stop.signal, onOutput });
  };
  await runInWorld(world, [...DIR, "join", formatInviteCode(federation.invite)], options);
  const act = async (): Promise<void> => {
    const store = await world.openStore(databasePath(WALLET_DIR));
    const wallet = await openClient({ platform: world.platform, store, modules: [toyModule] });
    const toy = wallet.client.use(toyModule);
    await toy.count(COUNTED);
    await toy.fund(1_000n);
    assert((await toy.pay("7a".repeat(32) as OperationId, 101n)).ok);
    await wallet.client.awaitIdle();
    await wallet.close();
  };
  return { dev, until, act: () => world.finish(act()) };
}

Deno.test("operations and transactions are shown with their steps, and nothing of what is in them", async () => {
  const { dev, act } = await toyWallet();
  assertEquals((await dev("visualize", "operations")).out, "  (no operations)\n{}\n");
  assertEquals((await dev("visualize", "transactions")).out, "{}\n");
  await act();

  const { exit, out } = await dev("visualize", "operations");
  assertEquals(exit, 0);
  const [mined, counted] = out.split("### ").slice(1);
  assertMatch(counted!, /^Operation 5e5e5e5e_5e5e5e5e \(toy\) \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d \[(done|pending)\]\n\n/);
  const step = / {4}\[done {2}\] \(toy\) \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d \(\d+ms\)\n {13}Count(ing|ed)\n/g;
  assertEquals(counted!.match(step)!.length, 6);
  assertStringIncludes(mined!, "(tx)");
  assert(out.endsWith("\n\n{}\n"));
  assertEquals((await dev("visualize", "operations", "--limit", "1")).out.split("### ").length, 2);

  const transactions = (await dev("visualize", "transactions")).out;
  assertMatch(
    transactions,
    /### Transactions for op [0-9a-f]{64} \(toy\)\n\n {2}tx [0-9a-f]{8}_[0-9a-f]{8} \[accepted\] {2}\S{19}\n {4}inputs:\n {6}\[0\] mod=0 \(toy\) \d+ bytes\n/,
  );
  assertStringIncludes(transactions, `### Transactions for op ${COUNTED} (toy)\n\n  (no transactions found)\n`);
  assertEquals(
    (await dev("visualize", "operations", COUNTED)).out,
    `### ${counted}{}\n`.replace("\n{}\n{}", "\n{}"),
  );
  const unknown = await dev("visualize", "operations", "00".repeat(32));
  assertEquals([unknown.exit, parseJson(unknown.out)], [1, { error: "Operation not found: 00000000_00000000" }]);
  assertEquals((await dev("visualize", "operations", "5e")).exit, 2);
});

Deno.test("events are logged as they are and come, until Ctrl-C; of those that are forgotten there are none", async () => {
  const { dev, until, act } = await toyWallet();
  await act();
  assertEquals((await dev("show-event-log-trimable", "--pos", "0", "--limit", "10")).out, "[]\n");
  const logged = parseJson((await dev("show-event-log")).out) as { kind: string }[];
  assertEquals(logged.map(({ kind }) => kind).filter((kind) => kind !== "counted"), ["tx-created", "tx-accepted"]);
  const { exit, out, err } = await until("tx-accepted", "test-event-log-handling");
  assertEquals([exit, out], [130, ""]);
  assertMatch(err, /"id":0,"kind":"tx-created"[^]*"id":\d,"kind":"tx-accepted"/);
});

Deno.test("a transaction is shown as JSON, also with parts of modules that nobody knows; what is none is refused", async () => {
  const world = await recordedFederation();
  await runInWorld(world, [...DIR, "join", recordedInvite()], { modules: quietModules });
  const decoded = async (hex: string): Promise<unknown> => {
    const ran = await runInWorld(world, [...DIR, "dev", "decode", "transaction", hex], { modules: quietModules });
    const json = parseJson(ran.out) as { transaction?: string };
    return json.transaction === undefined ? { exit: ran.exit, ...json } : parseJson(json.transaction);
  };
  assertEquals(await decoded("00000000000000000000000100"), {
    txid: "01d448afd928065458cf670b60f5a594d735af0172c8d67f22a81680132681ca",
    inputs: [],
    outputs: [],
    nonce: "0000000000000000",
    signatures: { NaiveMultisig: [] },
  });
  const strange = encodeHex(transaction, {
    inputs: [{ instance: 77, body: new Uint8Array([1, 2]) }],
    outputs: [],
    nonce: new Uint8Array(8),
    signatures: { tag: "NaiveMultisig", value: [] },
  });
  assertEquals((await decoded(strange) as { inputs: unknown }).inputs, [{ module: 77, bytes: "0102" }]);
  for (const bad of ["00", "zz", ""]) {
    const { exit, error } = await decoded(bad) as { exit: number; error: string };
    assertEquals(exit, 1);
    assertMatch(error, /^failed to decode transaction/);
  }
});

Deno.test("what belongs to mint version 1 says that it isn't here, and an intended bug ends as one", async () => {
  const world = await recordedFederation();
  await runInWorld(world, [...DIR, "join", recordedInvite()], { modules: quietModules });
  const dev = (...args: string[]): Promise<Ran> =>
    runInWorld(world, [...DIR, "dev", ...args], { modules: quietModules });
  for (const args of [["advance-note-idx", "--amount", "1sat"], ["visualize", "notes"]]) {
    const { exit, out } = await dev(...args);
    assertEquals(exit, 1);
    assertStringIncludes(out, "no module of mint version 1");
  }
  assertEquals((await dev("advance-note-idx")).exit, 2);
  const panic = await dev("panic");
  assertEquals([panic.exit, panic.out], [101, ""]);
  assertStringIncludes(panic.err, "This panic is intentional for testing backtrace handling");
});

Deno.test("each shell gets a script that knows all commands and their flags, and a last line that it takes", async () => {
  const world = new ClientWorld(1);
  for (const shell of ["bash", "zsh", "fish", "elvish", "powershell"]) {
    const { exit, out } = await runInWorld(world, ["completion", shell], { modules: [] });
    assertEquals(exit, 0);
    assert(out.endsWith("\ntrue\n"));
    for (const word of ["client dev decode", "config-decrypt", "--salt-file"]) assertStringIncludes(out, word);
  }
  assertEquals((await runInWorld(world, ["completion", "csh"], { modules: [] })).exit, 2);
});

testsNeeding("run")(
  "bash completes commands after flags, flags of a command, and nothing that isn't there",
  async () => {
    const { out } = await runInWorld(new ClientWorld(1), ["completion", "bash"], { modules: [] });
    const typed = async (...words: string[]): Promise<string> => {
      const list = words.map((word) => `'${word}'`).join(" ");
      const script = `${out}COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _client; echo "\${COMPREPLY[@]}"`;
      const { stdout } = await new Deno.Command("bash", { args: ["-c", script] }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    assertEquals(await typed("client", "dev", "dec"), "decode");
    assertEquals(await typed("client", "--data-dir", "x", "dev", "encode", "invite"), "invite-code");
    assertEquals(await typed("client", "dev", "show-event-log", "--p"), "--pos");
    assertEquals(await typed("client", "nothing"), "");
  },
);
