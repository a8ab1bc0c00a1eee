/** Applications' calls of a module over crashes of its actor, over the client's end, and given up. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Inspection } from "../../actors/system.ts";
import { FedimintError } from "../../core/result.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { CallError } from "../../modules/contract/calls.ts";
import { CommandError } from "../../modules/contract/command_error.ts";
import { orEnded, WaitError } from "../../modules/contract/waiting.ts";
import { MODULE_CALLS_MAX, MODULE_SHUTDOWN_MS, MODULE_STREAMS_MAX } from "../limits.ts";
import { getOperation } from "../logs/operations.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import type { Fragile } from "../testing/fragile.ts";
import { FRAGILE_KIND, FragileError, fragileModule, Strings } from "../testing/fragile.ts";
import { TOY_KIND, ToyBooks, toyModule } from "../testing/toy.ts";
import { ClientWorld } from "../testing/world.ts";
import { Client } from "./client.ts";

const OPERATION = "cd".repeat(32) as OperationId;
const federation = toyFederation({ modules: new Map([[0, FRAGILE_KIND]]) });

class Setting {
  readonly world = new ClientWorld(1);
  readonly strings = new Strings();
  readonly definition = fragileModule(this.strings);
  client!: Client;
  fragile!: Fragile;

  static async joined(): Promise<Setting> {
    const at = new Setting();
    await at.finish(startGuardians(at.world, federation, federation.honest));
    const { platform } = at.world, store = await at.finish(at.world.openStore());
    at.client = await at.finish(Client.open({ platform, store, modules: [at.definition], log: () => {} }));
    await at.finish(at.client.join(federation.invite));
    at.fragile = at.client.use(at.definition);
    return at;
  }

  finish<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise);
  }

  /** Whatever can happen has happened. */
  settle(forMs = 100): Promise<unknown> {
    return this.world.world.run({ forMs });
  }

  async crash(): Promise<void> {
    this.strings.crash(new Error("it crashes"));
    await this.settle();
  }

  actor(): Inspection {
    const find = (at: Inspection): Inspection | undefined =>
      at.path.endsWith(`:${FRAGILE_KIND}`) ? at : at.children.map(find).find((found) => found !== undefined);
    return find(this.client.inspect())!;
  }

  /** What was stored of the one payment: the operation, and its amount. */
  async paid(): Promise<[boolean, bigint]> {
    const entry = await this.client.options.store.read((tx) => getOperation(tx, OPERATION));
    return [entry !== undefined, await this.finish(this.fragile.paidMsat())];
  }
}

function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then((value) => value, (thrown) => thrown instanceof FedimintError ? thrown.code : String(thrown));
}

Deno.test("what stands for a module stays good when its actor crashes, and is the same each time", async () => {
  const at = await Setting.joined();
  assertEquals(await at.finish(at.fragile.life()), 1);
  for (const life of [2, 3]) {
    await at.crash();
    assertEquals(await at.finish(at.fragile.life()), life);
    assertEquals(at.client.use(at.definition) === at.fragile, true);
  }
  assertEquals(await at.finish(at.fragile.pay(OPERATION, 7n)), 7n);
  assertEquals(await at.paid(), [true, 7n]);
  await at.finish(at.client.close());
});

Deno.test("a call under way when the actor crashes is told once, and so is a command", async () => {
  const at = await Setting.joined();
  let told = 0;
  const waits = [at.fragile.wait(), at.fragile.wait(new AbortController().signal)];
  const run = at.client.commands(0)!.wait!.run([], new AbortController().signal);
  const errors = [...waits, run].map((wait) =>
    wait.then(() => null, (thrown) => {
      told++;
      return thrown;
    })
  );
  await at.settle();
  assertEquals([at.strings.begun, told], [3, 0]);
  await at.crash();
  assertEquals(told, 3);
  for (const error of await Promise.all(errors)) {
    assert(error instanceof CallError);
    assertEquals(error.facts, { code: "restarted", kind: FRAGILE_KIND });
  }
  await at.finish(at.client.close());
});

Deno.test("what a call has begun when the actor crashes commits no more; what was committed stays, once", async () => {
  for (const pay of ["pay", "payAlone"] as const) {
    const at = await Setting.joined(), gate = Promise.withResolvers<void>();
    at.strings.commit = gate.promise;
    const payment = pay === "pay" ? at.fragile.pay(OPERATION, 7n) : at.fragile.payAlone(7n);
    const outcome = codeOf(payment);
    await at.finish(at.strings.paying.promise);
    await at.crash();
    assertEquals(await outcome, "restarted");
    gate.resolve();
    await at.settle();
    assertEquals(await at.paid(), [false, 0n], pay);
    await at.finish(at.client.close());
  }
  const at = await Setting.joined();
  at.strings.answer = new Promise(() => {});
  const outcome = codeOf(at.fragile.pay(OPERATION, 7n));
  await at.settle();
  await at.crash();
  assertEquals(await outcome, "restarted");
  assertEquals(await at.paid(), [true, 7n]);
  await at.finish(at.client.close());
});

Deno.test("a call that comes while the actor starts anew waits for its next life; given up, it is told then", async () => {
  const at = await Setting.joined(), gate = Promise.withResolvers<void>();
  at.strings.start = gate.promise;
  await at.crash();
  const life = at.fragile.life(), patience = new AbortController(), wait = codeOf(at.fragile.wait(patience.signal));
  patience.abort(new Error("no patience"));
  await at.settle(10_000);
  assertEquals(at.strings.begun, 0);
  gate.resolve();
  assertEquals([await at.finish(life), await at.finish(wait)], [2, "aborted"]);
  await at.finish(at.client.close());
});

Deno.test("a call that is given up ends with its caller's reason; one that was given up before doesn't begin", async () => {
  const at = await Setting.joined();
  const reason = new Error("no patience"), patience = new AbortController();
  const wait = at.fragile.wait(patience.signal).then(() => null, (thrown) => thrown);
  await at.settle();
  patience.abort(reason);
  const error = await at.finish(wait);
  assert(error instanceof WaitError);
  assertEquals([error.code, error.cause === reason, at.strings.lastReason === reason], ["aborted", true, true]);
  assertEquals(await codeOf(at.fragile.wait(patience.signal)), "aborted");
  assertEquals([at.strings.begun, at.actor().facts.calls], [1, 0]);
  await at.finish(at.client.close());
});

Deno.test("an error of a module's call arrives as it was thrown, whatever message brought it", async () => {
  const at = await Setting.joined();
  const error = await assertRejects(() => at.finish(at.fragile.fail(5n)), FragileError);
  assertEquals(error.facts, { code: "fragile", amountMsat: 5n });
  const commands = at.client.commands(0)!, signal = new AbortController().signal;
  await assertRejects(() => at.finish(commands.fail!.run([], signal)), CommandError, "never so");
  assertEquals(await at.finish(commands.life!.run([], signal)), 1);
  assertEquals([commands.wait!.usage, commands.wait!.help], ["wait", "Waits"]);
  // its caller's affair: the module goes on
  assertEquals(await at.finish(at.fragile.life()), 1);
  await at.finish(at.client.close());
});

Deno.test("who closes the client ends calls that wait at once, and hears of those that were being paid", async () => {
  const at = await Setting.joined(), gate = Promise.withResolvers<void>();
  at.strings.commit = gate.promise;
  const payment = at.fragile.pay(OPERATION, 7n);
  const waits = [at.fragile.wait(new AbortController().signal), at.fragile.wait()].map(codeOf);
  await at.finish(at.strings.paying.promise);
  const begunMs = at.world.world.nowMs, closed = at.client.close();
  await at.settle(MODULE_SHUTDOWN_MS / 2);
  gate.resolve();
  assertEquals(await at.finish(payment), 7n);
  await at.finish(closed);
  assertEquals(await Promise.all(waits), ["closed", "closed"]);
  // one of them has no signal and never ends by itself
  const tookMs = at.world.world.nowMs - begunMs;
  assert(tookMs >= MODULE_SHUTDOWN_MS && tookMs < MODULE_SHUTDOWN_MS + 100, `${tookMs}`);
  assertEquals(await codeOf(at.fragile.life()), "closed");
});

Deno.test("when the client gives up, whoever waits for anything of it is told", async () => {
  const at = await Setting.joined();
  const never = new AbortController().signal;
  const outcomes = [at.fragile.wait(), at.client.wait(never, () => new Promise(() => {}))].map(codeOf);
  // each supervisor above it gives up in its turn; meanwhile the actor has no place at times, and calls wait for one
  const lives = new Set<unknown>();
  for (let crash = 0; crash < 100; crash++) {
    const life = codeOf(at.fragile.life());
    await at.crash();
    lives.add(await at.finish(life));
  }
  await assertRejects(() => at.finish(at.client.failed), FedimintError, "too many failures");
  assertEquals(await at.finish(Promise.all(outcomes)), ["restarted", "closed"]);
  assertEquals(lives.has("closed"), true);
  const late = [at.fragile.life(), at.client.guardianStatuses(), at.client.pending(), at.client.nextEventId()];
  assertEquals(await at.finish(Promise.all(late.map(codeOf))), Array<string>(4).fill("closed"));
  await at.finish(at.client.close());
});

Deno.test("a stream makes an item when one is read, and ends when nobody reads on; one that is never read costs nothing", async () => {
  const at = await Setting.joined(), { strings } = at;
  for (let unread = 0; unread < 2 * MODULE_STREAMS_MAX; unread++) at.fragile.numbers(unread);
  await at.settle(10_000);
  assertEquals([strings.opened, at.actor().handled, at.actor().facts.streams], [0, 0, 0]);
  const numbers = at.fragile.numbers(5);
  assertEquals((await at.finish(numbers.next())).value, 5);
  await at.settle(3_600_000);
  assertEquals([strings.made, at.actor().facts.streams], [1, 1]);
  const seen: number[] = [];
  await at.finish((async () => {
    for await (const number of numbers) if (seen.push(number) === 3) break;
  })());
  await at.settle();
  assertEquals([seen, strings.made, strings.opened, strings.closed], [[6, 7, 8], 4, 1, 1]);
  assertEquals(at.actor().facts.streams, 0);
  await at.finish(at.client.close());
});

Deno.test("a stream ends with its signal, while it is read and between", async () => {
  const at = await Setting.joined();
  const between = new AbortController(), numbers = at.fragile.numbers(1, between.signal);
  await at.finish(numbers.next());
  between.abort();
  await at.settle();
  assertEquals([at.strings.closed, at.actor().facts.streams], [1, 0]);
  assertEquals((await at.finish(numbers.next())).done, true);
  const reading = new AbortController(), slow = at.fragile.slow(reading.signal);
  await at.finish(slow.next());
  const second = codeOf(slow.next());
  await at.settle();
  reading.abort();
  assertEquals(await at.finish(second), "aborted");
  // one that was given up before it is begun has no item
  assertEquals((await at.finish(at.fragile.numbers(1, between.signal).next())).done, true);
  assertEquals([at.strings.opened, at.actor().facts.streams], [1, 0]);
  await at.finish(at.client.close());
});

Deno.test("a stream over a crash of the actor says so once, whether it is read then or later, and can be begun again", async () => {
  const at = await Setting.joined();
  const numbers = at.fragile.numbers(1), slow = at.fragile.slow();
  assertEquals((await at.finish(numbers.next())).value, 1);
  await at.finish(slow.next());
  const reading = codeOf(slow.next());
  await at.settle();
  await at.crash();
  assertEquals(await reading, "restarted");
  assertEquals(await at.finish(codeOf(numbers.next())), "restarted");
  for (const ended of [numbers, slow]) assertEquals((await at.finish(ended.next())).done, true);
  assertEquals((await at.finish(at.fragile.numbers(4).next())).value, 4);
  await at.finish(at.client.close());
});

Deno.test("with the client a stream ends: who reads it is told", async () => {
  const at = await Setting.joined();
  const slow = at.fragile.slow(), numbers = at.fragile.numbers(1);
  await at.finish(slow.next());
  await at.finish(numbers.next());
  const reading = codeOf(slow.next());
  await at.settle();
  await at.finish(at.client.close());
  assertEquals(await at.finish(reading), "closed");
  assertEquals(await codeOf(numbers.next()), "closed");
  assertEquals(at.strings.closed, 1);
});

Deno.test("more calls or streams than there may be are refused, and hurt none of the others", async () => {
  const at = await Setting.joined(), patience = new AbortController();
  const waits = Array.from({ length: MODULE_CALLS_MAX }, () => codeOf(at.fragile.wait(patience.signal)));
  await at.settle();
  assertEquals(at.actor().facts.calls, MODULE_CALLS_MAX);
  assertEquals(await at.finish(codeOf(at.fragile.life())), "overloaded");
  patience.abort();
  assertEquals(new Set(await at.finish(Promise.all(waits))), new Set(["aborted"]));
  assertEquals(await at.finish(at.fragile.life()), 1);

  const streams = Array.from({ length: MODULE_STREAMS_MAX }, () => at.fragile.numbers(1));
  await at.finish(Promise.all(streams.map((stream) => stream.next())));
  const further = at.fragile.numbers(1);
  assertEquals(await at.finish(codeOf(further.next())), "overloaded");
  assertEquals((await at.finish(streams[0]!.next())).value, 2);
  await at.finish(at.client.close());
});

Deno.test("a call costs a message and a word that it is settled, money under way as much", async () => {
  const at = await Setting.joined();
  const cost = async (work: () => Promise<unknown>): Promise<number> => {
    const before = at.actor().handled;
    await at.finish(work());
    await at.settle();
    return at.actor().handled - before;
  };
  assertEquals(await cost(() => at.fragile.life()), 2);
  assertEquals(await cost(() => at.client.pending()), 2);
  await at.finish(at.client.close());
});

Deno.test("money under way is what the module's life of now says, of one moment", async () => {
  const at = await Setting.joined();
  await at.finish(at.fragile.pay(OPERATION, 7n));
  assertEquals(await at.finish(at.client.pending()), { incomingMsat: 7n, outgoingMsat: 1n, inDoubtMsat: 0n });
  const gate = Promise.withResolvers<void>();
  at.strings.start = gate.promise;
  await at.crash();
  const pending = at.client.pending();
  await at.settle();
  gate.resolve();
  assertEquals(await at.finish(pending), { incomingMsat: 7n, outgoingMsat: 2n, inDoubtMsat: 0n });
  await at.finish(at.client.close());
});

Deno.test("a payment over a crash of its module is made once or not at all, and its caller isn't told otherwise", async () => {
  const outcomes = new Map<unknown, number>();
  for (let turns = 0; turns < 120; turns += 8) {
    const world = new ClientWorld(1), books = new ToyBooks();
    const toys = toyFederation({ modules: new Map([[0, TOY_KIND]]) });
    await world.finish(startGuardians(world, toys, books.script(toys.honest)));
    let crashed = Promise.withResolvers<void>();
    const crashing: typeof toyModule = {
      ...toyModule,
      start: async (env) => {
        crashed = Promise.withResolvers();
        return { ...await toyModule.start(env), background: () => orEnded(env.signal, () => crashed.promise) };
      },
    };
    const { platform } = world, store = await world.finish(world.openStore());
    const client = await world.finish(Client.open({ platform, store, modules: [crashing], log: () => {} }));
    await world.finish(client.join(toys.invite));
    const toy = client.use(toyModule);
    await world.finish(toy.fund(1_000n));

    const payment = codeOf(toy.pay(OPERATION, 101n).then(({ ok }) => ok ? "paid" : "refused"));
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    crashed.reject(new Error("it crashes"));
    const outcome = await world.finish(payment);
    await world.world.run({ forMs: 1_000 });
    await world.finish(client.awaitIdle());
    const paid = books.accepted.size;
    assert(outcome === "paid" ? paid === 1 : outcome === "restarted" && paid <= 1, `${turns}: ${outcome}, ${paid}`);
    assertEquals(await world.finish(toy.balance()), paid === 1 ? 893n : 1_000n, `${turns} turns`);
    outcomes.set(`${outcome} ${paid}`, (outcomes.get(`${outcome} ${paid}`) ?? 0) + 1);
    await world.finish(client.close());
  }
  // some crashes come before it and some behind
  assertEquals([outcomes.has("restarted 0"), outcomes.has("paid 1")], [true, true], Deno.inspect(outcomes));
});
