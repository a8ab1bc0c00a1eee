import { assert, assertEquals, assertRejects } from "@std/assert";
import { settle } from "../../../actors/testing/manual_clock.ts";
import { isSettled } from "../../../actors/store/testing/mod.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { decryptionKeyOf } from "../../../core/crypto/tpe.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { OutPoint } from "../../../core/types/ids.ts";
import { URL_CHARACTERS_MAX } from "../../../core/types/limits.ts";
import { EndpointError } from "../../contract/error.ts";
import { GUARDIAN_PASSWORD } from "../../contract/testing/mod.ts";
import { incomingContract, incomingContractId, isDecryptionShareOf, outgoingContractId } from "../contracts.ts";
import { CONTRACTS_PER_UNIT, GATEWAYS_MAX, INCOMING_CONTRACTS_MAX } from "../limits.ts";
import { lnv2Server } from "../server.ts";
import { countedStore } from "../../contract/testing/counted_store.ts";
import {
  BLOCK_COUNT,
  fund,
  incomingInput,
  incomingOf,
  incomingOutput,
  mineTo,
  NOW_SECS,
  outgoingInput,
  outgoingOf,
  outgoingOutput,
  passSecs,
  PREIMAGE,
  SEED,
  spend,
  testLightning,
} from "../testing/guardians.ts";

const CLAIM = { tag: "Claim", value: PREIMAGE } as const;
const NOWHERE = { txid: "ff".repeat(32), outIdx: 0 };
const jsonOf = ({ txid, outIdx }: OutPoint): Json => ({ txid, out_idx: outIdx });
const refused = (attempt: () => Promise<unknown>, text?: string) => assertRejects(attempt, EndpointError, text);

/** One guardian, whose module runs on a store that counts. */
async function counting() {
  const federation = await testLightning({ total: 1 });
  const { env } = federation.guardians.guardians[0]!;
  const { store, counts } = countedStore(env.store);
  const { apiEndpoints } = await lnv2Server.start({ ...env, store });
  const ask = (name: string, params: Json, signal = new AbortController().signal) =>
    apiEndpoints[name]!.handle(params, { signal });
  return { federation, counts, ask, apiEndpoints };
}

Deno.test("lnv2 answers at the nine endpoints of the reference; the operator's two need the password", async () => {
  const { apiEndpoints } = await counting();
  assertEquals(Object.entries(apiEndpoints).map(([name, { admin }]) => admin ? `${name} (admin)` : name), [
    "consensus_block_count",
    "await_incoming_contract",
    "await_preimage",
    "decryption_key_share",
    "outgoing_contract_expiration",
    "await_incoming_contracts",
    "add_gateway (admin)",
    "remove_gateway (admin)",
    "gateways",
  ]);
  for (const { since } of Object.values(apiEndpoints)) assertEquals(since, { major: 0, minor: 0 });
});

Deno.test("params that are not of their form are a bad request", async () => {
  const { guardians } = await testLightning({ total: 1 });
  const bad: [string, Json][] = [
    ["consensus_block_count", 1],
    ["await_incoming_contract", ["00", 1]],
    ["await_incoming_contract", ["00".repeat(32), -1]],
    ["await_incoming_contract", ["00".repeat(32)]],
    ["await_preimage", [{ txid: "00", out_idx: 0 }, 1]],
    ["await_preimage", [jsonOf(NOWHERE), 2n ** 64n]],
    ["decryption_key_share", null],
    ["outgoing_contract_expiration", "00"],
    ["await_incoming_contracts", [0, -1]],
    ["await_incoming_contracts", [0, 0]],
    ["await_incoming_contracts", [0, INCOMING_CONTRACTS_MAX + 1]],
    ["await_incoming_contracts", [0, U64_MAX]],
    ["add_gateway", "no URL"],
    ["gateways", "x"],
  ];
  for (const [name, params] of bad) await refused(() => guardians.ask(name, params, 0, GUARDIAN_PASSWORD));
});

Deno.test("a client is told where its incoming contract is funded, before or after it asks", async () => {
  const federation = await testLightning({ total: 1 }), { guardians } = federation;
  const contract = incomingOf(federation), { expiration } = contract.commitment;
  const ask = () => guardians.ask("await_incoming_contract", [incomingContractId(contract), expiration]);
  const waiting = ask();
  assertEquals(await isSettled(waiting), false);
  const first = await fund(federation, incomingOutput(contract));
  assertEquals([await waiting, await ask()], [jsonOf(first), jsonOf(first)]);
  // an equal one takes its place, and it stays when it is spent
  const second = await fund(federation, incomingOutput(contract));
  assertEquals(await ask(), jsonOf(second));
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  for (const at of [first, second]) assertEquals(await spend(federation, incomingInput(at, key)), "ok");
  assertEquals(await ask(), jsonOf(second));
  await passSecs(federation, 7_200);
  assertEquals(await ask(), jsonOf(second), "funded in time, whatever the time is now");
});

Deno.test("a contract that nobody funds is over when guardians' time has come to its expiration", async () => {
  const federation = await testLightning({ total: 1 });
  const id = "11".repeat(32);
  const ask = (expiration: bigint) => federation.guardians.ask("await_incoming_contract", [id, expiration]);
  assertEquals(await ask(NOW_SECS), null);
  const waiting = ask(NOW_SECS + 60n), later = ask(NOW_SECS + 61n);
  await passSecs(federation, 59);
  assertEquals(await isSettled(waiting), false);
  await passSecs(federation, 1);
  assertEquals(await waiting, null);
  assertEquals(await isSettled(later), false);
  await passSecs(federation, 60);
  assertEquals(await later, null);
});

Deno.test("a payer is told the preimage when the gateway claims, null when the contract is over", async () => {
  const federation = await testLightning({ total: 1 }), { guardians } = federation;
  const at = await fund(federation, outgoingOutput(outgoingOf()));
  const ask = (where: OutPoint, expiration: bigint) => guardians.ask("await_preimage", [jsonOf(where), expiration]);
  const { expiration } = outgoingOf();
  const waiting = ask(at, expiration), inVain = ask(NOWHERE, expiration), other = ask(NOWHERE, U64_MAX);
  assertEquals([await isSettled(waiting), await isSettled(inVain)], [false, false]);
  assertEquals(await spend(federation, outgoingInput(at, CLAIM)), "ok");
  assertEquals(await waiting, [...PREIMAGE]);
  await mineTo(federation, Number(expiration) - 1);
  assertEquals(await isSettled(inVain), false);
  await mineTo(federation, Number(expiration));
  assertEquals([await inVain, await isSettled(other)], [null, false]);
  // a refund that came too late asks so whether it was claimed
  assertEquals([await ask(at, 0n), await ask(NOWHERE, 0n)], [[...PREIMAGE], null]);
});

Deno.test("a gateway waits for the share of a contract that isn't funded yet; it stays", async () => {
  const federation = await testLightning(), { guardians } = federation;
  const contract = incomingOf(federation), { txid, outIdx } = guardians.newTransaction(), at = { txid, outIdx };
  const waiting = [0, 1, 2, 3].map((peer) => guardians.ask("decryption_key_share", jsonOf(at), peer));
  assertEquals(await isSettled(Promise.race(waiting)), false);
  await guardians.output(incomingOutput(contract), at);
  for (const [peer, share] of (await Promise.all(waiting)).entries()) {
    const point = bls.g1.decode(Uint8Array.fromHex(String(share)));
    assert(isDecryptionShareOf(contract, point, guardians.config.tpePks.get(peer)!));
  }
  await spend(federation, incomingInput(at, decryptionKeyOf(guardians.config.tpeAggPk, SEED)));
  assertEquals(await guardians.ask("decryption_key_share", jsonOf(at)), await waiting[0]!);
});

Deno.test("a gateway is told how many blocks an outgoing contract has left, and nothing of one that is spent", async () => {
  const federation = await testLightning({ total: 1 }), { guardians } = federation;
  const at = await fund(federation, outgoingOutput(outgoingOf())), id = outgoingContractId(outgoingOf());
  const left = () => guardians.ask("outgoing_contract_expiration", jsonOf(at));
  assertEquals(await left(), [id, 10]);
  await mineTo(federation, BLOCK_COUNT + 9);
  assertEquals(await left(), [id, 1]);
  await mineTo(federation, BLOCK_COUNT + 50);
  assertEquals(await left(), [id, 0]);
  assertEquals(await guardians.ask("outgoing_contract_expiration", jsonOf(NOWHERE)), null);
  await spend(federation, outgoingInput(at, { tag: "Refund", value: null }));
  assertEquals(await left(), null);
});

Deno.test("the stream has unspent contracts by their numbers, and says from where to go on", async () => {
  const federation = await testLightning({ total: 1 }), { guardians } = federation;
  const contracts = [1n, 2n, 3n, 4n].map((amount) => incomingOf(federation, { amount, expiration: U64_MAX - amount }));
  const stream = async (start: number | bigint, limit: number) =>
    parseJson(stringifyJson(await guardians.ask("await_incoming_contracts", [start, limit])));
  const shown = (...numbers: number[]) => numbers.map((i) => incomingContract.toJson(contracts[i]!));
  const first = guardians.ask("await_incoming_contracts", [0, 128]);
  assertEquals(await isSettled(first), false);
  const ats = [await fund(federation, incomingOutput(contracts[0]!))];
  assertEquals(await first, [shown(0), 1]);
  for (const contract of contracts.slice(1)) ats.push(await fund(federation, incomingOutput(contract)));
  assertEquals(await stream(0, 128), [shown(0, 1, 2, 3), 4]);
  assertEquals(await stream(0, 2), [shown(0, 1), 2]);
  assertEquals(await stream(2, 1), [shown(2), 3]);
  const key = decryptionKeyOf(guardians.config.tpeAggPk, SEED);
  for (const i of [0, 1, 3]) assertEquals(await spend(federation, incomingInput(ats[i]!, key)), "ok");
  assertEquals(await stream(0, 1), [shown(2), 3]);
  assertEquals(await stream(0, 2), [shown(2), 3], "the last one that is told, not the end");
  assertEquals(await stream(3, 2), [[], 4], "nothing is left: the end");
  const far = guardians.ask("await_incoming_contracts", [U64_MAX, 1]),
    next = guardians.ask("await_incoming_contracts", [4, 1]);
  await fund(federation, incomingOutput(contracts[0]!));
  assertEquals([await next, await isSettled(far)], [[shown(0), 5], false]);
});

Deno.test("the block count is that of a threshold", async () => {
  const federation = await testLightning();
  assertEquals(await federation.guardians.ask("consensus_block_count"), BLOCK_COUNT);
});

Deno.test("a thousand who wait cost a few watches while nothing comes, one reading when something does", async () => {
  const { federation, counts, ask } = await counting();
  const before = { ...counts };
  const waits = Array.from({ length: 1_000 }, () => ask("await_incoming_contracts", [0, 128]));
  const late = Array.from({ length: 1_000 }, (_, i) => ask("await_incoming_contracts", [10 + i, 128]));
  await settle();
  await settle();
  assertEquals(counts.waiting, 1);
  const begun = { ...counts };
  assert(begun.reads - before.reads <= 3_000, `${begun.reads} reads to begin`);
  for (let minute = 0; minute < 3; minute++) await passSecs(federation, 60);
  assertEquals(counts, begun, "votes wake nobody here");
  await fund(federation, incomingOutput(incomingOf(federation)));
  const answers = new Set((await Promise.all(waits)).map((answer) => stringifyJson(answer)));
  assertEquals(answers.size, 1);
  assert(counts.reads - begun.reads < 10, `${counts.reads - begun.reads} reads for a thousand`);
  assertEquals(await isSettled(Promise.race(late)), false);
});

Deno.test("votes wake only those whose expiration has come", async () => {
  const { federation, counts, ask } = await counting();
  const ids = Array.from({ length: 100 }, (_, i) => i.toString(16).padStart(64, "0"));
  const waits = ids.map((id, i) => ask("await_incoming_contract", [id, NOW_SECS + 60n * BigInt(i + 1)]));
  await settle();
  const begun = counts.reads;
  // what each wait has of its own, and one for the time of all
  assertEquals(counts.waiting, 101);
  await passSecs(federation, 60);
  assertEquals(await waits[0], null);
  assert(counts.reads - begun < 10, `${counts.reads - begun} reads`);
  assertEquals([await isSettled(waits[1]!), counts.waiting], [false, 100]);
});

Deno.test("who is gone leaves nothing behind", async () => {
  const { counts, ask } = await counting();
  const caller = new AbortController();
  const waits = [
    ask("await_incoming_contract", ["11".repeat(32), U64_MAX], caller.signal),
    ask("await_preimage", [jsonOf(NOWHERE), U64_MAX], caller.signal),
    ask("decryption_key_share", jsonOf(NOWHERE), caller.signal),
    ask("await_incoming_contracts", [0, 1], caller.signal),
  ];
  await settle();
  assertEquals(counts.waiting, 6);
  caller.abort(new Error("gone"));
  for (const wait of waits) await assertRejects(() => wait, Error, "gone");
  await settle();
  assertEquals(counts.waiting, 0);
});

Deno.test("a stream of which thousands are spent is read without them", async () => {
  const { federation, counts, ask } = await counting();
  const key = decryptionKeyOf(federation.guardians.config.tpeAggPk, SEED);
  for (let i = 0; i < 300; i++) {
    const at = await fund(federation, incomingOutput(incomingOf(federation)));
    if (i < 299) await spend(federation, incomingInput(at, key));
  }
  const before = counts.reads;
  const [contracts, next] = await ask("await_incoming_contracts", [0, 128]) as [Json[], number];
  assertEquals([contracts.length, next], [1, 300]);
  assert(counts.reads - before < 10, `${counts.reads - before} reads`);
});

Deno.test("a call of the stream is paid by what it can bring, and by little while it waits", async () => {
  const { federation, ask, apiEndpoints } = await counting();
  const units = (params: Json) => apiEndpoints.await_incoming_contracts!.units!(params);
  assertEquals(units([0, 1_024]), 1, "nobody knows of any");
  const { length } = Array.from({ length: 2 * CONTRACTS_PER_UNIT });
  for (let i = 0; i < length; i++) await fund(federation, incomingOutput(incomingOf(federation)));
  await ask("await_incoming_contracts", [0, 1]);
  assertEquals([units([0, 1_024]), units([0, 1]), units([length, 1_024]), units([U64_MAX, U64_MAX])], [3, 1, 1, 1]);
  assertEquals([units([0, U64_MAX]), units(null), units([-1, 5])], [3, 1, 1]);
});

Deno.test("the operator vets gateways: each is listed once, without what is secret in its URL", async () => {
  const { guardians } = await testLightning({ total: 1 });
  const admin = (name: string, url: string) => guardians.ask(name, url, 0, GUARDIAN_PASSWORD);
  await refused(() => guardians.ask("add_gateway", "https://gw.example/v1", 0), "Invalid authorization");
  await refused(() => guardians.ask("remove_gateway", "https://gw.example/v1", 0, "guess"), "Invalid authorization");
  assertEquals(await admin("add_gateway", "https://gw.example/v1"), true);
  assertEquals(await admin("add_gateway", "https://GW.example/v1"), false);
  assertEquals(await admin("add_gateway", "https://b.example"), true);
  assertEquals(await admin("add_gateway", "https://user:secret@c.example/v1?token=1"), true);
  const listed = ["https://b.example/", "https://gw.example/v1", "https://REDACTEDUSER:REDACTEDPASS@c.example/v1"];
  assertEquals(await guardians.ask("gateways"), listed);
  assertEquals([await admin("remove_gateway", listed[1]!), await admin("remove_gateway", listed[1]!)], [true, false]);
  assertEquals(await guardians.ask("gateways"), [listed[0]!, listed[2]!]);
});

Deno.test("the list of gateways and each URL in it have a bound", async () => {
  const { guardians } = await testLightning({ total: 1 });
  const admin = (name: string, url: string) => guardians.ask(name, url, 0, GUARDIAN_PASSWORD);
  await refused(() => admin("add_gateway", `https://gw.example/${"x".repeat(URL_CHARACTERS_MAX)}`));
  for (let i = 0; i < GATEWAYS_MAX; i++) assertEquals(await admin("add_gateway", `https://gw${i}.example/`), true);
  await refused(() => admin("add_gateway", "https://more.example/"), "remove one first");
  assertEquals(await admin("add_gateway", "https://gw7.example/"), false, "one that is there is no more");
  assertEquals((await guardians.ask("gateways") as Json[]).length, GATEWAYS_MAX);
  assertEquals(await admin("remove_gateway", "https://gw7.example/"), true);
  assertEquals(await admin("add_gateway", "https://more.example/"), true);
});
