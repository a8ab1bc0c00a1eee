/**
 * SIGKILL, again and again, on a real database: whatever moment it hits, the database then holds the commits 1 … n
 * whole and nothing else, and every commit that was reported durable is among them.
 */
import { assert, assertEquals } from "@std/assert";
import { fromUtf8, toHex } from "../../core/bytes.ts";
import { realDice } from "../../actors/platform/real/dice.ts";
import { metaKey } from "../../actors/store/keys.ts";
import { expectedAfter, LAST, openDatabase } from "./testing/store_kill_writer.ts";

const KILLS = 100;
/** A writer lives until it has reported up to so many commits … */
const REPORTS = 4;
/** … and up to this long after: about as long as a large commit takes. */
const WRITING_MS = 60;
/** After the start of a writer: as long as it takes to open, so that opening is hit as well. */
const OPENING_MS = 250;

Deno.test(`after each of ${KILLS} SIGKILLs the database holds a prefix of the commits, with all that were reported`, async () => {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-store-" });
  const path = `${folder}/database`;
  let last = 0;
  let journals = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    const reported = await writeAndKill(path, kill % 5 === 0);
    if (await hasJournal(path)) journals++;
    const found = await check(path);
    assert(found >= Math.max(last, reported), `reported ${reported}, found ${found}, ${last} before (kill ${kill})`);
    last = found;
  }
  assert(last >= KILLS, `only ${last} commits: the writers did not get to write`);
  assert(journals > 0, "some kill came between the decision of a large commit and its end");
  await Deno.remove(folder, { recursive: true });
});

/** Starts a writer and kills it at a random moment. Returns the last commit that it reported, 0 for none. */
async function writeAndKill(path: string, whileOpening: boolean): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("testing/store_kill_writer.ts", import.meta.url).pathname, path],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  let output = "";
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (!done) output += fromUtf8(value);
    return !done;
  };
  // The first line says that it opened the database; several may come at once.
  const lines = whileOpening ? 0 : 1 + realDice.below(REPORTS);
  while (output.split("\n").length <= lines) assert(await read(), "the writer lives until it is killed");
  await new Promise((resolve) => setTimeout(resolve, realDice.below(whileOpening ? OPENING_MS : WRITING_MS)));
  child.kill("SIGKILL");
  const status = await child.status;
  assertEquals(status.signal, "SIGKILL", "it was killed, and had not ended before");
  while (await read());
  const numbers = output.split("\n").filter((line) => /^[0-9]+$/.test(line)).map(Number);
  assertEquals(numbers, [...numbers].sort((a, b) => a - b), "commits become durable in order");
  return numbers.at(-1) ?? 0;
}

/** Whether a large commit was decided and not ended. */
async function hasJournal(path: string): Promise<boolean> {
  if (await Deno.stat(path).then(() => false, () => true)) return false; // killed before there was a database
  const kv = await Deno.openKv(path);
  const { versionstamp } = await kv.get([metaKey("journal")]);
  kv.close();
  return versionstamp !== null;
}

/** The number of commits in the database; it must hold exactly what they wrote. */
async function check(path: string): Promise<number> {
  const store = await openDatabase(path);
  const found = new Map<string, Uint8Array>();
  await store.read(async (tx) => {
    for await (const { key, value } of tx.range()) found.set(toHex(key), value);
  });
  await store.close();
  const last = found.get(toHex(LAST));
  const n = last === undefined ? 0 : Number(new TextDecoder().decode(last));
  found.delete(toHex(LAST));
  const expected = expectedAfter(n);
  assertEquals(found.size, expected.length, `entries after ${n} commits`);
  for (const [key, value] of expected) assertEquals(found.get(toHex(key)), value);
  return n;
}
