/** A federation of one guardian. */
import { assert, assertEquals } from "@std/assert";
import { toDyn } from "../../../core/types/dyn.ts";
import { u64 } from "../../../core/encoding/mod.ts";
import { ok } from "../../../core/result.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import { paths } from "../../tree.ts";
import { Federation, votesOf } from "../testing/federation.ts";
import { SINGLE_SESSION_MS } from "../limits.ts";

async function single(seed: number) {
  const federation = await Federation.start(seed, { total: 1 });
  const [guardian] = federation.guardians;
  /** Tells of one more item, and waits until it was processed. */
  const vote = async (number: number): Promise<void> => {
    guardian!.wanted.push(BigInt(number));
    await federation.run(200);
  };
  const votes = async () => votesOf(await federation.outcomes(guardian!));
  return { federation, guardian: guardian!, vote, votes };
}

function transaction(nonce: number): Transaction {
  return {
    inputs: [],
    outputs: [],
    nonce: new Uint8Array(8).fill(nonce),
    signatures: { tag: "NaiveMultisig", value: [] },
  };
}

Deno.test("items are accepted as they come, and the first one after a minute ends the session, signed by the one guardian", async () => {
  const { federation, guardian, vote, votes } = await single(1);
  await vote(10);
  await vote(11);
  await federation.run(SINGLE_SESSION_MS);
  assertEquals(await votes(), []);
  await vote(12);
  assertEquals(await votes(), [["0:10", "0:11", "0:12"]]);
  const [outcome] = await federation.outcomes(guardian);
  assertEquals([...outcome!.signatures.keys()], [0]);
  assertEquals([federation.session(guardian), (await federation.pending(guardian)).items], [1, []]);
  await federation.run(SINGLE_SESSION_MS);
  await vote(13);
  assertEquals(await votes(), [["0:10", "0:11", "0:12"], ["0:13"]]);
  assertEquals(guardian.troubles(), []);
});

Deno.test("a submitted transaction is accepted and answered at once, and again when it comes again", async () => {
  const { federation, guardian } = await single(2);
  const value = transaction(1);
  const submit = () =>
    federation.finish(guardian.system!.ask(paths.submissions, "submit", { transaction: value, waitMs: 10_000 }), 1_000);
  assertEquals([await submit(), await submit()], [ok(transactionIdOf(value)), ok(transactionIdOf(value))]);
  assertEquals((await federation.pending(guardian)).items, [{ item: { tag: "Transaction", value }, peer: 0 }]);
});

Deno.test("a rejected item takes no place in the outcome, also where a restart counts the places", async () => {
  const { federation, guardian, vote } = await single(3);
  await vote(10);
  const item = { tag: "Module" as const, value: toDyn(0, u64, 10n) };
  await federation.finish(guardian.system!.ask(paths.mempool, "submit", { item }));
  await vote(11);
  federation.kill(guardian);
  await federation.restart(guardian);
  await vote(12);
  const { items } = await federation.pending(guardian);
  assertEquals(items.map(({ item }) => item.tag === "Module" && item.value.body.at(-1)), [10, 11, 12]);
  const rejected = guardian.log.filter(({ message }) => message === "Items rejected");
  assertEquals(rejected.map(({ facts }) => facts.reason), ["voted before"]);
});

Deno.test("a guardian that is killed goes on in the same session with the items of before", async () => {
  const { federation, guardian, vote, votes } = await single(4);
  await vote(10);
  await vote(11);
  for (let i = 0; i < 3; i++) {
    federation.kill(guardian);
    await federation.restart(guardian);
  }
  await vote(12);
  assertEquals([federation.session(guardian), (await federation.pending(guardian)).items.length], [0, 3]);
  await federation.run(SINGLE_SESSION_MS);
  await vote(13);
  assertEquals(await votes(), [["0:10", "0:11", "0:12", "0:13"]]);
});

Deno.test("what waits when a session ends goes into the next", async () => {
  const { federation, guardian, votes } = await single(5);
  await federation.run(SINGLE_SESSION_MS + 1);
  guardian.wanted.push(10n, 11n, 12n);
  await federation.run(1_000);
  assertEquals(await votes(), [["0:10"]]);
  const { items } = await federation.pending(guardian);
  assertEquals(items.map(({ item }) => item.tag === "Module" && item.value.body.at(-1)), [11, 12]);
});

Deno.test("when the sessions crash and begin anew, the next item is not lost to whoever waited before", async () => {
  const { federation, guardian } = await single(6);
  const crash = async (): Promise<void> => {
    await federation.run(1_000);
    const { restarts } = guardian.inspect("/consensus/sessions")!;
    guardian.system!.tell(paths.sessions, "completed", null as never);
    await federation.until(() => guardian.inspect("/consensus/sessions")!.restarts > restarts);
    await federation.until(() => federation.session(guardian) === 0);
  };
  await crash();
  const value = transaction(1);
  const answer = guardian.system!.ask(paths.submissions, "submit", { transaction: value, waitMs: 10_000 });
  assertEquals(await federation.finish(answer, 1_000), ok(transactionIdOf(value)));
  assert(guardian.troubles()[0]!.startsWith("crashed"));
});
