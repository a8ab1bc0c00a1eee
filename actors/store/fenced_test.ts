/** Nobody writes after the end of the incarnation that a view was given to. */
import { assertEquals, assertRejects } from "@std/assert";
import { utf8 } from "../../core/bytes.ts";
import { withSystem } from "../testing/platform.ts";
import { defineActor, next } from "../actor.ts";
import { child } from "../supervisor.ts";
import { refTo } from "../protocol.ts";
import type { Cast } from "../protocol.ts";
import { fenced } from "./fenced.ts";
import { openMemoryStore } from "./memory.ts";
import type { StoreView } from "./store.ts";
import { rollback } from "./store.ts";
import { gate, getText, ManualClock, put } from "./testing/mod.ts";

const KEY = utf8("key"), END = new Error("this incarnation is over");

function textAt(store: StoreView, key: string): Promise<string | undefined> {
  return store.read((tx) => getText(tx, key));
}

async function opened(): Promise<{ store: StoreView; view: StoreView; end: () => void }> {
  const store = await openMemoryStore({ clock: new ManualClock() });
  const life = new AbortController();
  return { store, view: fenced(store, life.signal), end: () => life.abort(END) };
}

Deno.test("until the end a fenced view is the store itself", async () => {
  const { store, view } = await opened();
  await put(view, { a: "1" });
  await put(view.view(utf8("b")), { c: "2" });
  assertEquals([await textAt(store, "a"), await textAt(store, "bc")], ["1", "2"]);
  assertEquals((await view.transact(() => rollback(7), { triesMax: 1 })).value, 7);
});

Deno.test("after the end nothing is committed, and no body is run", async () => {
  const { store, view, end } = await opened();
  end();
  let runs = 0;
  for (const each of [view, view.view(utf8("b"))]) {
    await assertRejects(() => each.transact((tx) => tx.set(KEY, utf8(`${runs++}`))), Error, END.message);
  }
  assertEquals(runs, 0);
  await put(store, { other: "1" });
  assertEquals(await textAt(view, "other"), "1", "what is there may still be read");
});

Deno.test("a transaction under way at the end is not committed, however late the end comes", async () => {
  const { store, view, end } = await opened();
  const held = gate();
  const waiting = view.transact(async (tx) => {
    tx.set(KEY, utf8("late"));
    await held.opened;
  });
  // the body has returned, and its commit is the next thing to happen
  const returned = view.transact((tx) => {
    tx.set(KEY, utf8("later"));
    queueMicrotask(end);
  });
  await assertRejects(() => returned, Error, END.message);
  held.open();
  await assertRejects(() => waiting, Error, END.message);
  assertEquals(await textAt(store, "key"), undefined);
});

Deno.test("a transaction has its own signal beside the view's", async () => {
  const { store, view, end } = await opened();
  const own = new AbortController(), reason = new Error("not wanted any more");
  own.abort(reason);
  for (const each of [store, view]) {
    await assertRejects(() => each.transact(() => {}, { signal: own.signal }), Error, reason.message);
  }
  end();
  const other = new AbortController();
  await assertRejects(() => view.transact(() => {}, { signal: other.signal }), Error, END.message);
});

type Message = Cast<"work", { text: string; until: Promise<void> }> | Cast<"crash", null>;

Deno.test("what an actor began before its crash does not come behind its next incarnation's back", async () => {
  const { store } = await opened();
  const writer = defineActor<Message, { store: StoreView }, StoreView>({
    name: "writer",
    init: (ctx, args) => fenced(args.store, ctx.signal),
    handle: {
      work: (view, { text, until }, ctx) => {
        ctx.run(
          () =>
            view.transact(async (tx) => {
              tx.set(KEY, utf8(text));
              await until;
            }),
          () => ({ type: "crash", args: null }),
        );
        return next(view);
      },
      crash: () => {
        throw new Error("crashed");
      },
    },
  });
  await withSystem([child(writer, { args: { store } })], async ({ system, clock }) => {
    const ref = refTo<Message>("root/writer"), old = gate();
    system.tell(ref, "work", { text: "old", until: old.opened });
    system.tell(ref, "crash", null);
    await clock.advance(1_000);
    const fresh = gate();
    system.tell(ref, "work", { text: "new", until: fresh.opened });
    fresh.open();
    await clock.advance(1_000);
    old.open();
    await clock.advance(1_000);
    assertEquals(await textAt(store, "key"), "new");
  });
});
