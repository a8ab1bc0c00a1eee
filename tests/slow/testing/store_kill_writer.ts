/**
 * The program that `store_kill.ts` kills: writes numbered commits of every kind into the database at the given path,
 * several under way at once, and prints the number of each that was reported durable.
 */
import { type Bytes, utf8 } from "../../../core/bytes.ts";
import { realClock } from "../../../actors/platform/real/clock.ts";
import { realDice } from "../../../actors/platform/real/dice.ts";
import { openKvStore } from "../../../actors/store/kv.ts";
import type { Store, StoreTx } from "../../../actors/store/store.ts";
import { pattern } from "../../../actors/store/testing/mod.ts";

/** A commit deletes what the one so many before it wrote, so that the database stays small. */
const KEPT_COMMITS = 8;
const UNDER_WAY_MAX = 6;
export const LAST = utf8("last");

export function openDatabase(path: string): Promise<Store> {
  return openKvStore({ path, platform: { clock: realClock, dice: realDice } });
}

/** What commit `n` writes, beside its number. */
function entriesOf(n: number): [Bytes, Bytes][] {
  const entries = (count: number, bytes: number): [Bytes, Bytes][] =>
    Array.from({ length: count }, (_, i) => [utf8(`${n % KEPT_COMMITS}/${n}/${i}`), pattern(bytes, n + i)]);
  switch (n % 5) {
    case 1:
      return entries(1, 150_000); // chunks and pointer in one commit of the backend
    case 2:
      return entries(1_300, 20); // more than one commit of the backend takes: through the journal
    case 3:
      return entries(2, 700_000); // chunks over several commits of the backend, then one that counts
    default:
      return entries(5, 100);
  }
}

/** Everything that the database holds after commits 1 … n, but the number. */
export function expectedAfter(n: number): [Bytes, Bytes][] {
  const first = Math.max(1, n - KEPT_COMMITS + 1);
  return Array.from({ length: n - first + 1 }, (_, i) => entriesOf(first + i)).flat();
}

async function write(tx: StoreTx, n: number): Promise<void> {
  await tx.deleteAll(utf8(`${n % KEPT_COMMITS}/`));
  for (const [key, value] of entriesOf(n)) tx.set(key, value);
  tx.set(LAST, utf8(`${n}`));
}

if (import.meta.main) {
  const store = await openDatabase(Deno.args[0]!);
  const last = await store.read((tx) => tx.get(LAST));
  Deno.stdout.writeSync(utf8("open\n"));
  const underWay: Promise<void>[] = [];
  for (let n = last === undefined ? 1 : Number(new TextDecoder().decode(last)) + 1;; n++) {
    const { durable } = await store.transact((tx) => write(tx, n));
    underWay.push(durable.then(() => void Deno.stdout.writeSync(utf8(`${n}\n`))));
    if (underWay.length === UNDER_WAY_MAX) await underWay.shift();
  }
}
