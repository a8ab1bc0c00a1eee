/** Types here are tests: each `@ts-expect-error` fails the check when the line below it compiles. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { JsonFloat } from "../../core/encoding/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { ok } from "../../core/result.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { CallTable } from "./call_table.ts";
import { callable, invoke } from "./calls.ts";
import { overMessages, travelled } from "./testing/mod.ts";

/** An object of a class that shows nothing of what it holds. */
class Sealed {
  readonly shown = 1;
  readonly #hidden = 2;

  reads(): boolean {
    return #hidden in this;
  }
}

class Hiding {
  readonly shown = 1;
  readonly #hidden = 2;

  static reads(hiding: Hiding): number {
    return hiding.#hidden;
  }
}

type Parameter<T> = { f(value: T): Promise<void> };
type Resolving<T> = { f(): Promise<T> };

Deno.test("what can travel compiles, with a signal at the end or none", () => {
  type Api = {
    nothing(): Promise<void>;
    plain(amount: bigint, id: OperationId, body: Bytes, signal?: AbortSignal): Promise<Result<null, string>>;
    optional(options?: { readonly meta?: Json; readonly names?: readonly [string, ...string[]] }): Promise<Json>;
    collected(set: ReadonlySet<number>, map: Map<string, { readonly at: number | null }>): Promise<Set<bigint>>;
    told(from: number, signal: AbortSignal): AsyncIterable<ReadonlyMap<number, bigint>>;
    generated(signal?: AbortSignal): AsyncGenerator<Json>;
    readonly inner: { asked(signal: AbortSignal | undefined): Promise<"a" | "b"> };
  };
  const table: CallTable<Api> = {
    nothing: "call",
    plain: "call",
    optional: "call",
    collected: "call",
    told: "stream",
    generated: "stream",
    inner: { asked: "call" },
  };
  const none: CallTable<null> = null;
  assertEquals([Object.keys(table).length, none], [7, null]);
});

Deno.test("what can't travel doesn't compile, nor a method that is left out or has another form", () => {
  const tables = [
    // @ts-expect-error -- a function
    { f: "call" } satisfies CallTable<Parameter<() => void>>,
    // @ts-expect-error -- a function in an object
    { f: "call" } satisfies CallTable<Parameter<{ readonly onProgress?: (tried: number) => void }>>,
    // @ts-expect-error -- an object with methods
    { f: "call" } satisfies CallTable<Parameter<Sealed>>,
    // @ts-expect-error -- an object of a class, whose hidden part would be lost
    { f: "call" } satisfies CallTable<Parameter<Hiding>>,
    // @ts-expect-error -- an object of the platform's
    { f: "call" } satisfies CallTable<Parameter<Date>>,
    // @ts-expect-error -- a signal in another place than the last
    { f: "call" } satisfies CallTable<Parameter<{ readonly signal?: AbortSignal }>>,
    // @ts-expect-error -- anything, which may be one of these
    { f: "call" } satisfies CallTable<Parameter<unknown>>,
    // @ts-expect-error -- it is what is refused
    // deno-lint-ignore no-explicit-any -- as above
    { f: "call" } satisfies CallTable<Parameter<any>>,
    // @ts-expect-error -- a list of what can't travel
    { f: "call" } satisfies CallTable<Parameter<readonly Hiding[]>>,
    // @ts-expect-error -- the other way
    { f: "call" } satisfies CallTable<Resolving<Hiding>>,
    // @ts-expect-error -- in a map
    { f: "call" } satisfies CallTable<Resolving<ReadonlyMap<string, () => void>>>,
    // @ts-expect-error -- an answer at once
    { f: "call" } satisfies CallTable<{ f(): number }>,
    // @ts-expect-error -- no method at all
    { f: "call" } satisfies CallTable<{ readonly f: number }>,
    // @ts-expect-error -- nor a list
    { f: [] } satisfies CallTable<{ readonly f: readonly number[] }>,
    // @ts-expect-error -- it is a call
    { f: "stream" } satisfies CallTable<Resolving<number>>,
    // @ts-expect-error -- it is a stream
    { f: "call" } satisfies CallTable<{ f(): AsyncIterable<number> }>,
    // @ts-expect-error -- left out
    {} satisfies CallTable<Resolving<number>>,
    // @ts-expect-error -- there is no such method
    { f: "call", g: "call" } satisfies CallTable<Resolving<number>>,
  ];
  assertEquals(tables.length, 18);
  assertEquals([new Sealed().reads(), Hiding.reads(new Hiding())], [true, 2]);
});

Deno.test("what stands for an API has the methods of its table and no others, and calls keep their owner", async () => {
  class Api {
    readonly inner = { asked: (value: number) => Promise.resolve(value + 1) };
    readonly #base = 10;

    add(value: number): Promise<number> {
      return Promise.resolve(this.#base + value);
    }
  }
  const api = new Api(), seen: string[] = [];
  const there = callable<Api>({ add: "call", inner: { asked: "call" } }, {
    call: (path, args) => {
      seen.push(path);
      return Promise.resolve(invoke(api, path, args));
    },
    stream: () => {
      throw new Error("there is none");
    },
  });
  assertEquals([await there.add(1), await there.inner.asked(1)], [11, 2]);
  assertEquals([seen, Object.keys(there)], [["add", "inner.asked"], ["add", "inner"]]);
  assertEquals(Object.isFrozen(there), true);
});

Deno.test("a module's tests send what goes in and out as a message would, and find what can't go", async () => {
  const list = [1, 2], map = new Map([["a", { amountMsat: 5n }]]);
  const copy = travelled({ list, map, set: new Set([1n]), body: new Uint8Array(2), rate: new JsonFloat("1.5") });
  assertEquals(copy.map, map);
  assertEquals([copy.list, copy.list === list, copy.map === map], [list, false, false]);

  const bad = { asked: () => Promise.resolve(new Hiding()), given: (_value: unknown) => Promise.resolve(ok(null)) };
  const there = overMessages({ asked: "call", given: "call" }, bad);
  await assertRejects(() => there.asked(), TypeError, "what asked resolves with is an object of a class");
  await assertRejects(() => there.given({ then: [() => {}] }), TypeError, "an argument of given is no plain data");
  assertEquals(await there.given(new AbortController().signal), ok(null));
});
