import { assert, assertEquals } from "@std/assert";
import type { ManualPlatform } from "../../../actors/testing/platform.ts";
import { withSystem } from "../../../actors/testing/platform.ts";
import type { Protocol } from "../../../actors/mod.ts";
import { child, defineActor, refTo, reply } from "../../../actors/mod.ts";
import type { Store } from "../../../actors/store/store.ts";
import { fromHex, toHex } from "../../../core/bytes.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { encode, moduleEncoding, moduleEncodingBase64, parseJson } from "../../../core/encoding/mod.ts";
import { ok } from "../../../core/result.ts";
import { signApiAnnouncement } from "../../../core/types/api_announcement.ts";
import { federationIdOf } from "../../../core/types/federation_id.ts";
import { parseInviteCode } from "../../../core/types/invite_code.ts";
import { serverConfigConsensus, serverConfigLocal, serverConfigPrivate } from "../../../core/types/server_config.ts";
import type { SignedSessionOutcome } from "../../../core/types/session.ts";
import { sessionOutcome, sessionStatus, sessionStatusV2, signedSessionOutcome } from "../../../core/types/session.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import {
  transaction,
  TRANSACTION_BYTES_MAX,
  transactionIdOf,
  transactionSubmissionOutcome,
} from "../../../core/types/transaction.ts";
import { OUTPUT_UNITS } from "../../../modules/lnv2/limits.ts";
import { lnv2Server } from "../../../modules/lnv2/server.ts";
import { testStore } from "../../../modules/contract/testing/mod.ts";
import type { ConsensusBoard } from "../../consensus/session/board.ts";
import { setAcceptedTransaction } from "../../consensus/store/db.ts";
import { putItems, putSession } from "../../consensus/testing/db.ts";
import type { ConfiguredModule } from "../../config/guardian_config.ts";
import { clientConfigFor } from "../../config/guardian_config.ts";
import { coreMethods } from "./core.ts";
import { announcements } from "../db.ts";
import { newDiskRoom } from "../../disk_watch.ts";
import type { ApiDeps } from "../deps.ts";
import type { Method } from "../dispatch.ts";
import { EncodedJson } from "../encoded.ts";
import { MANY_RECORDS_UNITS, OUTPUT_OUTCOMES_MAX, SIGNATURE_UNITS } from "../limits.ts";
import { badRequest, call } from "../testing/calls.ts";
import { configUrl, secretKeyOf, testConfig } from "../../config/testing/config.ts";
import { modulesWith } from "../../consensus/engine/transaction.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "run");

/** An instance. */
const LNV2 = 7;
const DENIED = { code: 401, message: "Invalid authorization" };
const TX: Transaction = {
  inputs: [],
  outputs: [],
  nonce: new Uint8Array(8),
  signatures: { tag: "NaiveMultisig", value: [] },
};
const TXID = transactionIdOf(TX);
const ITEM = { item: { tag: "Module", value: { instance: 3, body: Uint8Array.of(1, 2) } }, peer: 1 } as const;
const SIGNED: SignedSessionOutcome = {
  sessionOutcome: { items: [ITEM, ITEM] },
  signatures: new Map([[0, new Uint8Array(64)]]),
};

/** An actor that answers each request with what it is told. */
// deno-lint-ignore no-explicit-any -- stands for actors of several protocols
function answering(name: string, answers: Record<string, (args: any) => unknown>) {
  return child(
    // deno-lint-ignore no-explicit-any -- as above
    defineActor<any, null, null>({
      name,
      init: () => null,
      handle: Object.fromEntries(
        Object.entries(answers).map(([type, answer]) => [
          type,
          (state: null, args: unknown) => reply(state, answer(args)),
        ]),
      ),
    }),
    { args: null },
  );
}

type Test = {
  readonly store: Store;
  readonly clock: ManualPlatform;
  readonly methods: Record<string, Method>;
  readonly ask: (method: string, params?: Json, auth?: string) => Promise<Json>;
};
/** `full`: no more transactions are taken. `broken`: they can't be checked. */
type Fakes = { readonly full?: boolean; readonly broken?: boolean; readonly secrets?: readonly string[] };

async function withGuardian(
  body: (test: Test) => Promise<void>,
  { full = false, broken = false, secrets = [] }: Fakes = {},
) {
  const store = await testStore();
  const config = testConfig(0);
  const clientConfig = clientConfigFor(config, new Map());
  const board: ConsensusBoard = {
    contributions: new Map([[1, 4], [2, 3]]),
    orderingLatencyMs: 1_234.5,
    scheduledShutdown: null,
  };
  const fakes = [
    answering("sessions", {
      scheduleShutdown: ({ session }: { session: number | null }) => {
        board.scheduledShutdown = session;
        return null;
      },
    }),
    answering("submissions", { submit: () => full ? null : broken ? "broken" : ok(TXID) }),
  ];
  const ref = <M extends Protocol>(name: string) => refTo<M>(`root/${name}`);
  await withSystem(fakes, async ({ system, clock }) => {
    const deps: ApiDeps = {
      sender: system,
      platform: clock.platform,
      store,
      config,
      modules: modulesWith(new Map(), new Map()),
      configured: new Map([[LNV2, { definition: lnv2Server } as unknown as ConfiguredModule]]),
      clientConfig,
      federationId: federationIdOf(clientConfig.global.apiEndpoints),
      board,
      room: newDiskRoom(),
      connected: new Set([1, 2]),
      submissions: ref("submissions"),
      sessions: ref("sessions"),
      bitcoin: {
        status: () => Promise.resolve(null),
        blockAt: () => Promise.reject(),
        broadcast: () => Promise.reject(),
      },
      apiSecrets: secrets,
      apiPassword: "pass",
    };
    const methods = coreMethods(deps);
    await body({ store, clock, methods, ask: (method, params = null, auth) => call(methods, method, params, auth) });
  });
}

Deno.test("what never changes is told to everybody", async () => {
  await withGuardian(async ({ ask }) => {
    assertEquals(await ask("setup_status"), "ConsensusIsRunning");
    assertEquals(await ask("fedimintd_version"), "0.13.0");
    assertEquals(await ask("version"), {
      core: { core_consensus: { major: 2, minor: 1 }, api: [{ major: 0, minor: 9 }] },
      modules: {},
    });
    assertEquals((await ask("federation_id") as string).length, 64);
    assertEquals((await ask("server_config_consensus_hash") as string).length, 64);
    const config = await ask("client_config") as JsonObject;
    assertEquals(Object.keys(config).sort(), [
      "api_endpoints",
      "broadcast_public_keys",
      "consensus_version",
      "meta",
      "modules",
    ]);
    const { modules, ...global } = config;
    assertEquals(await ask("client_config_json"), { global, modules: modules! });
  });
});

Deno.test("what never changes is encoded once, whoever asks", async () => {
  await withGuardian(async ({ methods }) => {
    const { signal } = new AbortController();
    for (const name of ["version", "client_config", "client_config_json", "server_config_consensus_hash"]) {
      const ask = () => methods[name]!({ auth: null, params: null }, signal);
      const first = await ask();
      assert(first instanceof EncodedJson, name);
      assertEquals(await ask() === first, true, name);
    }
  });
});

Deno.test("what verifies signatures or reads much costs more than a unit", async () => {
  await withGuardian(({ methods }) => {
    const names = ["backup", "submit_api_announcement", "submit_guardian_metadata"];
    for (const name of names) assertEquals(methods[name]!.units, SIGNATURE_UNITS, name);
    assertEquals([methods.await_outputs_outcomes!.units, methods.status!.units], [MANY_RECORDS_UNITS, 1]);
    return Promise.resolve();
  });
});

Deno.test("outputs that are dear to check are paid for before they are checked, whatever funds them", async () => {
  await withGuardian(({ methods }) => {
    const { units } = methods.submit_transaction!;
    assert(typeof units === "function");
    const of = (...instances: number[]) => {
      const outputs = instances.map((instance) => ({ instance, body: Uint8Array.of(0) }));
      return units(moduleEncoding(transaction).toJson({ ...TX, outputs }));
    };
    assertEquals([of(), of(1, 2), of(LNV2)], [SIGNATURE_UNITS, SIGNATURE_UNITS, SIGNATURE_UNITS + OUTPUT_UNITS]);
    // a whole transaction of them is as much as all callers have for three seconds
    assertEquals(of(...Array<number>(150).fill(LNV2)), SIGNATURE_UNITS + 150 * OUTPUT_UNITS);
    assertEquals([units(null), units(["zz"])], [SIGNATURE_UNITS, SIGNATURE_UNITS]);
    return Promise.resolve();
  });
});

Deno.test("the invite code holds this guardian's URL of now, and the active secret", async () => {
  await withGuardian(async ({ ask, store }) => {
    const invite = parseInviteCode(await ask("invite_code") as string);
    assertEquals([invite.url, invite.peer, invite.apiSecret], [configUrl(0), 0, "first"]);
    assertEquals(invite.federationId, await ask("federation_id"));
    const moved = signApiAnnouncement({ apiUrl: "ws://moved/", nonce: 1n }, secretKeyOf(0), new Uint8Array(32));
    await store.transact((tx) => announcements.set(tx, 0, moved));
    assertEquals(parseInviteCode(await ask("invite_code") as string).url, "ws://moved/");
  }, { secrets: ["first", "second"] });
});

Deno.test("status tells of the other guardians", async () => {
  await withGuardian(async ({ ask, store }) => {
    for (let session = 0; session < 5; session++) await store.transact((tx) => putSession(tx, session, SIGNED));
    assertEquals(await ask("status"), {
      server: "consensus_running",
      federation: {
        session_count: 5,
        status_by_peer: {
          "1": { last_contribution: 4, connection_status: "connected", flagged: false },
          "2": { last_contribution: 3, connection_status: "connected", flagged: true },
          "3": { last_contribution: null, connection_status: "disconnected", flagged: true },
        },
        peers_online: 2,
        peers_offline: 1,
        peers_flagged: 2,
        scheduled_shutdown: null,
      },
    });
    assertEquals(await ask("p2p_connection_status"), {
      "1": { conn_type: "direct", rtt: null },
      "2": { conn_type: "direct", rtt: null },
      "3": null,
    });
    assertEquals(await ask("consensus_ord_latency"), { secs: 1, nanos: 234_500_000 });
    assertEquals((await ask("chain_id") as JsonObject).code, 500);
  });
});

Deno.test("a shutdown is planned and taken back with the password only", async () => {
  await withGuardian(async ({ ask }) => {
    const planned = async () => ((await ask("status") as JsonObject).federation as JsonObject).scheduled_shutdown;
    assertEquals(await ask("shutdown", 7), DENIED);
    assertEquals(await planned(), null);
    assertEquals(await ask("shutdown", 7, "pass"), null);
    assertEquals(await planned(), 7);
    assertEquals((await ask("shutdown", [7], "pass") as JsonObject).code, 400);
    assertEquals((await ask("shutdown", -1, "pass") as JsonObject).code, 400);
    assertEquals(await ask("shutdown", null, "pass"), null);
    assertEquals(await planned(), null);
  });
});

Deno.test("every admin endpoint refuses who has no password", async () => {
  await withGuardian(async ({ ask }) => {
    for (const name of ["auth", "audit", "download_guardian_backup", "backup_statistics", "shutdown"]) {
      for (const auth of [undefined, "", "Pass", "pass "]) assertEquals(await ask(name, null, auth), DENIED, name);
      assert(await ask(name, null, "pass") !== DENIED);
    }
    assertEquals(await ask("auth", null, "pass"), null);
    assertEquals(await ask("audit", null, "pass"), { net_assets: 0, module_summaries: {} });
  });
});

onMachine("a guardian's backup is a tar of its three config files, enough to restore it", async () => {
  await withGuardian(async ({ ask }) => {
    const { tar_archive_bytes: hex } = await ask("download_guardian_backup", null, "pass") as {
      tar_archive_bytes: string;
    };
    const dir = await Deno.makeTempDir();
    try {
      await Deno.writeFile(`${dir}/backup.tar`, fromHex(hex));
      const list = await new Deno.Command("tar", { args: ["-tf", "backup.tar"], cwd: dir }).output();
      assertEquals(new TextDecoder().decode(list.stdout), "local.json\nconsensus.json\nprivate.json\n");
      await new Deno.Command("tar", { args: ["-xf", "backup.tar"], cwd: dir }).output();
      const read = async (name: string): Promise<Json> => parseJson(await Deno.readTextFile(`${dir}/${name}.json`));
      const config = testConfig(0);
      assertEquals(serverConfigLocal.fromJson(await read("local")), config.local);
      assertEquals(serverConfigConsensus.fromJson(await read("consensus")), config.consensus);
      assertEquals(serverConfigPrivate.fromJson(await read("private")), config.private);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
});

Deno.test("sessions are told as initial, pending and complete", async () => {
  await withGuardian(async ({ ask, store }) => {
    await store.transact((tx) => {
      putSession(tx, 0, SIGNED);
      putItems(tx, 1, [ITEM]);
    });
    const [v1, v2] = [moduleEncoding(sessionStatus), moduleEncodingBase64(sessionStatusV2)];
    assertEquals(await ask("session_count"), 1);
    assertEquals(v1.fromJson(await ask("session_status", 0)), { tag: "Complete", value: SIGNED.sessionOutcome });
    assertEquals(v1.fromJson(await ask("session_status", 1)), { tag: "Pending", value: [ITEM] });
    assertEquals(v1.fromJson(await ask("session_status", 2)), { tag: "Initial", value: null });
    assertEquals(v2.fromJson(await ask("signed_session_status", 0)), { tag: "Complete", value: SIGNED });
    assertEquals(v2.fromJson(await ask("signed_session_status", 1)), { tag: "Pending", value: [ITEM] });
    assertEquals(v2.fromJson(await ask("signed_session_status", 2)), { tag: "Initial", value: null });
    assertEquals(moduleEncoding(sessionOutcome).fromJson(await ask("await_session_outcome", 0)), SIGNED.sessionOutcome);
    assertEquals(moduleEncoding(signedSessionOutcome).fromJson(await ask("await_signed_session_outcome", 0)), SIGNED);
    for (const bad of [-1, "0", null, 2n ** 64n]) {
      assertEquals((await ask("session_status", bad) as JsonObject).code, 400, `${bad}`);
    }
  });
});

Deno.test("a session's outcome is waited for", async () => {
  await withGuardian(async ({ ask, store }) => {
    const waiting = ask("await_signed_session_outcome", 0);
    await (await store.transact((tx) => putSession(tx, 0, SIGNED))).durable;
    assertEquals(moduleEncoding(signedSessionOutcome).fromJson(await waiting), SIGNED);
  });
});

Deno.test("a transaction is submitted as bytes; what does not decode is a bad request", async () => {
  await withGuardian(async ({ ask }) => {
    const outcome = await ask("submit_transaction", moduleEncoding(transaction).toJson(TX));
    assertEquals(moduleEncoding(transactionSubmissionOutcome).fromJson(outcome), ok(TXID));
    const unknown = { ...TX, inputs: [{ instance: 9, body: new Uint8Array() }] };
    assertEquals(
      (await ask("submit_transaction", moduleEncoding(transaction).toJson(unknown)) as JsonObject).code,
      400,
    );
    for (const bad of [null, [], ["zz"], ["00"], "00", ["00", "00"]]) {
      assertEquals((await ask("submit_transaction", bad) as JsonObject).code, 400, `${bad}`);
    }
  });
  await withGuardian(async ({ ask }) => {
    assertEquals(
      (await ask("submit_transaction", moduleEncoding(transaction).toJson(TX)) as JsonObject).code,
      500,
    );
  }, { full: true });
  await withGuardian(async ({ ask }) => {
    assertEquals(await ask("submit_transaction", moduleEncoding(transaction).toJson(TX)), {
      code: 500,
      message: "The transaction could not be checked: submit it again later",
    });
  }, { broken: true });
});

Deno.test("a transaction that no unit takes is refused by the length of its text, before any of it is decoded", async () => {
  await withGuardian(async ({ ask }) => {
    const submit = async (bytes: number): Promise<JsonObject> =>
      await ask("submit_transaction", ["ff".repeat(bytes)]) as JsonObject;
    const message = `The transaction is larger than ${TRANSACTION_BYTES_MAX} bytes, no unit takes it`;
    assertEquals(await submit(TRANSACTION_BYTES_MAX + 4), badRequest(message));
    assert((await submit(TRANSACTION_BYTES_MAX + 3)).message !== message);
    const input = (length: number) => ({ instance: 9, body: new Uint8Array(length) });
    const sized = (length: number): Transaction => ({ ...TX, inputs: [input(length)] });
    const overhead = encode(transaction, sized(40_000)).length - 40_000;
    for (const bytes of [TRANSACTION_BYTES_MAX, TRANSACTION_BYTES_MAX + 1]) {
      const text = moduleEncoding(transaction).toJson(sized(bytes - overhead));
      assertEquals(
        (await ask("submit_transaction", text) as JsonObject).message === message,
        bytes > TRANSACTION_BYTES_MAX,
      );
    }
  });
});

Deno.test("a transaction's acceptance is waited for", async () => {
  await withGuardian(async ({ ask, store }) => {
    const waiting = [ask("await_transaction", TXID), ask("await_output_outcome", { txid: TXID, out_idx: 0 })];
    await (await store.transact((tx) => setAcceptedTransaction(tx, TXID, []))).durable;
    assertEquals(await waiting[0]!, TXID);
    assertEquals((await waiting[1]! as JsonObject).code, 400, "it has no output 0");
    assertEquals((await ask("await_transaction", toHex(new Uint8Array(31))) as JsonObject).code, 400);
  });
});

Deno.test("a range of outputs that is too long or runs backwards is refused before anything is waited for", async () => {
  await withGuardian(async ({ ask, store }) => {
    const range = (start: number, end: number) =>
      ask("await_outputs_outcomes", { txid: TXID, idx_range: { start, end } });
    const refused = (count: number) =>
      badRequest(`Outpoint range must cover at most ${OUTPUT_OUTCOMES_MAX} outputs, got ${count}`);
    assertEquals(await range(0, OUTPUT_OUTCOMES_MAX + 1), refused(OUTPUT_OUTCOMES_MAX + 1));
    assertEquals(await range(2, 1), refused(-1));
    await store.transact((tx) => setAcceptedTransaction(tx, TXID, []));
    assertEquals(await range(5, 5), []);
    assertEquals((await range(0, 1) as JsonObject).code, 400);
  });
});
