/** Whom a guardian asks for a session's outcome, when again, and what it takes. */
import { assert, assertEquals } from "@std/assert";
import type { TestSystem } from "../../../actors/testing/platform.ts";
import { manualClock, withSystem } from "../../../actors/testing/platform.ts";
import { defineActor, next } from "../../../actors/actor.ts";
import type { LogRecord } from "../../../actors/logger.ts";
import { child, createSystem, refTo, supervisor } from "../../../actors/mod.ts";
import type { Clock } from "../../../actors/platform/platform.ts";
import type { ReplyTo } from "../../../actors/protocol.ts";
import type { RpcError, RpcMessage } from "../../../actors/rpc/mod.ts";
import type { CodecType, Json } from "../../../core/encoding/mod.ts";
import { encode, hexBytes, moduleEncoding, moduleEncodingBase64 } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { acceptedItem, sessionStatusV2, signedSessionOutcome } from "../../../core/types/session.ts";
import { catchUp } from "./catch_up.ts";
import { treeOf } from "../testing/db.ts";
import type { FetchedOutcome } from "./fetched_outcome.ts";
import { CHECK_PATIENCE_MS, HASHED_ITEMS_MAX, OUTCOMES_HELD_MIN } from "../limits.ts";
import type { OutcomeMessage } from "./outcome.ts";
import type { PiecesMessage } from "../pieces/pieces.ts";
import { itemsOf, keychains, SESSION, signed, voteCodecs } from "../testing/outcome.ts";
import { codecsWith, INSTANCE, refs } from "../testing/processing.ts";
import { modulesWith } from "../engine/transaction.ts";

const PEERS = [1, 2, 3], MORE_PEERS = [1, 2, 3, 4, 5, 6];
const OUTCOME = signed(itemsOf(1n, 2n));
const GOOD = ok(moduleEncoding(signedSessionOutcome).toJson(OUTCOME));
const CUT = err<RpcError>({ kind: "server", code: -32000, message: "Request timeout" });
const TOO_BIG = err<RpcError>({ kind: "server", code: -32008, message: "Response is too big" });
const LOST = err<RpcError>({ kind: "connection", message: "refused" });

type Recovered = Pick<FetchedOutcome, "root" | "signatures">;
const RECOVERED: Recovered = { root: treeOf(OUTCOME.sessionOutcome.items).root(), signatures: OUTCOME.signatures };

type Answer = Result<Json, RpcError>;
type Asked = { readonly peer: number; readonly atMs: number; readonly params: Json; readonly timeoutMs: number };

type Test = TestSystem & {
  readonly asked: readonly Asked[];
  readonly recovered: readonly Recovered[];
  /** Guardians whose outcome is to be fetched in pieces. */
  readonly tooBig: readonly number[];
  /** Whoever is asked and has no answer here keeps silent until it gets one. */
  readonly answers: Map<number, Answer>;
  /** Of one who kept silent. */
  readonly answer: (peer: number, answer: Answer) => void;
  /** When a guardian was asked, ms. */
  readonly times: (peer: number) => number[];
};

async function withCatchUp(
  answers: readonly (readonly [number, Answer])[],
  body: (test: Test) => Promise<void>,
  { peers = PEERS, codecs = voteCodecs, shortAnswers = new Map(), run = withSystem }: {
    readonly peers?: readonly number[];
    readonly codecs?: typeof voteCodecs;
    readonly shortAnswers?: ReadonlyMap<number, Answer>;
    readonly run?: typeof withSystem;
  } = {},
) {
  const asked: Asked[] = [], recovered: Recovered[] = [], tooBig: number[] = [], given = new Map(answers);
  const silent = new Map<number, (answer: Answer) => void>();
  const guardian = (peer: number) =>
    defineActor<Extract<RpcMessage, { type: "call" }>, null, null>({
      name: `guardian:${peer}`,
      init: () => null,
      handle: {
        call: (state, { method, params, timeoutMs }, ctx, from: ReplyTo<Answer>) => {
          if (method === "signed_session_status") {
            const short = shortAnswers.get(peer);
            assert(short, "the shorter form is asked for after the other was too big alone");
            ctx.reply(from, short);
            return next(state);
          }
          assertEquals(method, "await_signed_session_outcome");
          asked.push({ peer, atMs: ctx.platform.clock.monotonicMs(), params: [...params], timeoutMs });
          const reply = (answer: Answer): void => ctx.reply(from, answer);
          const known = given.get(peer);
          if (known) reply(known);
          else silent.set(peer, reply);
          return next(state);
        },
      },
    });
  const outcome = defineActor<Extract<OutcomeMessage, { type: "recovered" }>, null, null>({
    name: "outcome",
    init: () => null,
    handle: {
      recovered: (state, { outcome }) => {
        recovered.push({ root: outcome.root, signatures: outcome.signatures });
        return next(state);
      },
    },
  });
  const pieces = defineActor<Extract<PiecesMessage, { type: "tooBig" }>, null, null>({
    name: "pieces",
    init: () => null,
    handle: {
      tooBig: (state, { peer }) => {
        tooBig.push(peer);
        return next(state);
      },
    },
  });
  const args = {
    session: SESSION,
    peers: numPeers(4),
    keychain: keychains[0]!,
    modules: modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]])),
    outcome: refTo<OutcomeMessage>("root/outcome"),
    pieces: refTo<PiecesMessage>("root/pieces"),
    guardians: new Map(peers.map((peer) => [peer, refTo<RpcMessage>(`root/guardian:${peer}`)])),
  };
  await run(
    [
      child(outcome, { args: null }),
      child(pieces, { args: null }),
      ...peers.map((peer) => child(guardian(peer), { args: null })),
      child(catchUp, { args }),
    ],
    (test) =>
      body({
        ...test,
        asked,
        recovered,
        tooBig,
        answers: given,
        answer: (peer, answer) => silent.get(peer)!(answer),
        times: (peer) => asked.filter((each) => each.peer === peer).map(({ atMs }) => atMs),
      }),
  );
}

Deno.test("all other guardians are asked at once for this session's outcome, with more patience than they have", async () => {
  await withCatchUp([], async ({ clock, asked }) => {
    await clock.advance(60_000);
    assertEquals(asked.map(({ peer, atMs }) => [peer, atMs]), [[1, 0], [2, 0], [3, 0]]);
    for (const { params, timeoutMs } of asked) {
      assertEquals(params, [{ auth: null, params: SESSION }]);
      assert(timeoutMs > 60_000);
    }
  });
});

Deno.test("the first good answer is taken, once, and nobody is asked any more", async () => {
  await withCatchUp([[1, LOST]], async ({ clock, asked, recovered, answer, answers }) => {
    await clock.advance(5_000);
    answer(2, GOOD);
    await clock.advance(0);
    assertEquals(recovered, [RECOVERED]);
    const before = asked.length;
    answers.set(1, GOOD);
    answer(3, GOOD);
    await clock.advance(600_000);
    assertEquals(recovered, [RECOVERED]);
    assertEquals(asked.length, before);
  });
});

Deno.test("who can't be reached or refuses is asked again, ever later up to ten seconds, for ever", async () => {
  const failures: readonly RpcError[] = [
    { kind: "connection", message: "refused" },
    { kind: "timeout", message: "No answer in time" },
    { kind: "method_not_found", message: "?" },
    { kind: "invalid_response", message: "?" },
    { kind: "server", code: 500, message: "panicked" },
  ];
  for (const failure of failures) {
    await withCatchUp([[1, err(failure)]], async ({ clock, times, answers, recovered }) => {
      await clock.advance(300_000);
      const delays = times(1).slice(1).map((at, i) => at - times(1)[i]!);
      const nominal = [250, 250, 500, 750, 1_250, 2_000, 3_250, 5_250, 8_500, 10_000, 10_000];
      for (const [i, delayMs] of nominal.entries()) {
        assert(delays[i]! >= delayMs && delays[i]! <= delayMs + 250, `delay ${i} is ${delays[i]} ms`);
      }
      assert(delays.slice(10).every((delayMs) => delayMs >= 10_000 && delayMs <= 10_250));
      answers.set(1, GOOD);
      await clock.advance(10_250);
      assertEquals(recovered, [RECOVERED]);
    });
  }
});

Deno.test("a long poll that was cut is asked again soon, however often, and begins the back-off anew", async () => {
  await withCatchUp([[1, LOST]], async ({ clock, times, answers, answer }) => {
    await clock.advance(60_000);
    answers.delete(1);
    await clock.advance(10_250);
    answer(1, CUT);
    for (let i = 0; i < 5; i++) {
      const before = times(1).length;
      await clock.advance(500);
      assertEquals(times(1).length, before + 1);
      answer(1, CUT);
    }
    answers.set(1, LOST);
    const before = times(1).length;
    await clock.advance(1_000);
    assert(times(1).length >= before + 2);
  });
});

Deno.test("a guardian that cuts every call at once is not asked in a loop", async () => {
  await withCatchUp([[1, CUT]], async ({ clock, times }) => {
    await clock.advance(60_000);
    assert(times(1).length > 100 && times(1).length <= 241, `${times(1).length} times in a minute`);
  });
});

Deno.test("who has an outcome too big for an answer is told of at once to who fetches it in pieces, and asked again later all the same", async () => {
  await withCatchUp(
    [[1, TOO_BIG]],
    async ({ clock, tooBig, times, answers, recovered }) => {
      await clock.advance(0);
      assertEquals(tooBig, [1]);
      await clock.advance(60_000);
      assertEquals(tooBig.length, times(1).length);
      assert(tooBig.length < 20);
      answers.set(1, GOOD);
      await clock.advance(10_250);
      assertEquals(recovered, [RECOVERED]);
    },
    { shortAnswers: new Map([[1, TOO_BIG]]) },
  );
});

Deno.test("an outcome that is too big for the usual answer is taken in the shorter form, of official guardians, too", async () => {
  const status = (value: CodecType<typeof sessionStatusV2>) => ok(moduleEncodingBase64(sessionStatusV2).toJson(value));
  const short = new Map<number, Answer>([[1, status({ tag: "Complete", value: OUTCOME })]]);
  await withCatchUp(
    [[1, TOO_BIG]],
    async ({ clock, recovered, tooBig }) => {
      await clock.advance(0);
      assertEquals([recovered, tooBig], [[RECOVERED], []]);
    },
    { shortAnswers: short },
  );

  const { items } = OUTCOME.sessionOutcome;
  const lies: Answer[] = [
    status({ tag: "Initial", value: null }),
    status({ tag: "Pending", value: items }),
    status({ tag: "Complete", value: { ...OUTCOME, signatures: new Map() } }),
    ok(null),
    GOOD,
  ];
  for (const lie of lies) {
    await withCatchUp(
      [[1, TOO_BIG], [3, TOO_BIG]],
      async ({ clock, times, lines, recovered }) => {
        await clock.advance(60_000);
        assertEquals(times(1), [0]);
        assertEquals(lines(), ["warn root/catch_up: A guardian's session outcome is refused"]);
        assertEquals(recovered, [RECOVERED]);
      },
      { shortAnswers: new Map([[1, lie], [3, short.get(1)!]]) },
    );
  }
});

/** So many items under signatures that are false: each pause of their check takes a millisecond of a real machine. */
function forged(pauses: number): Answer {
  const [item] = itemsOf(200n);
  const items = Array.from({ length: pauses * HASHED_ITEMS_MAX }, () => item!);
  const signatures = new Map([1, 2, 3].map((peer) => [peer, new Uint8Array(64)]));
  return ok(moduleEncoding(signedSessionOutcome).toJson({ sessionOutcome: { items }, signatures }));
}

/** A system in which no pause is for nothing. */
const withPauses: typeof withSystem = async (children, body) => {
  const clock = manualClock(), log: LogRecord[] = [];
  const base = clock.platform.clock;
  const slowed: Clock = {
    nowMs: () => base.nowMs(),
    monotonicMs: () => base.monotonicMs(),
    setTimer: (delayMs, fire) => base.setTimer(Math.max(delayMs, 1), fire),
  };
  const platform = { ...clock.platform, clock: slowed };
  const system = createSystem({ platform, log: (record) => log.push(record) });
  await system.start(supervisor("root", { intensity: 1_000, children }));
  const lines = () => log.filter(({ level }) => level !== "debug").map(({ level, message }) => `${level} ${message}`);
  await body({ system, clock, log, lines });
  const stopped = system.stop();
  await clock.advance(60_000);
  await stopped;
  assertEquals(clock.pendingTimers, 0);
};

Deno.test("a true outcome is taken while a false one that came before is still being checked", async () => {
  const pauses = CHECK_PATIENCE_MS + 100;
  await withCatchUp([[1, forged(pauses)]], async ({ clock, answer, recovered, lines }) => {
    await clock.advance(100);
    answer(2, GOOD);
    await clock.advance(CHECK_PATIENCE_MS - 110);
    assertEquals(recovered, []);
    await clock.advance(20);
    assertEquals(recovered, [RECOVERED]);
    await clock.advance(2 * pauses);
    assertEquals(lines(), [], "nobody waits for what the false one comes to");
  }, { run: withPauses });
});

Deno.test("of many that answer at once few are held in memory, and the others are heard later", async () => {
  const liars = MORE_PEERS.slice(0, -1), lie = forged(40);
  await withCatchUp(liars.map((peer) => [peer, lie]), async ({ clock, times, lines, answer, answers, recovered }) => {
    await clock.advance(1);
    answers.set(6, GOOD);
    answer(6, GOOD);
    await clock.advance(60_000);
    assertEquals(recovered, [RECOVERED]);
    const refused = lines().length;
    assert(refused >= OUTCOMES_HELD_MIN && refused <= liars.length, `${refused} were checked`);
    assertEquals(times(6).length, 2, "who was not held is asked again");
    for (const peer of liars) assert(times(peer).length <= 2);
  }, { peers: MORE_PEERS, run: withPauses });
});

const bytesCodecs = codecsWith({ consensusItem: hexBytes });

/** An item as long as two hashes. */
function pairItem(fill: number): AcceptedItem {
  const body = (size: number): AcceptedItem => ({
    item: { tag: "Module", value: toDyn(INSTANCE, hexBytes, new Uint8Array(size).fill(fill)) },
    peer: 1,
  });
  return body(64 - encode(acceptedItem, body(1)).length + 1);
}

Deno.test("an outcome whose items are all as long as two hashes is taken when an honest guardian tells it, too", async () => {
  const DOUBTFUL = signed([pairItem(1), pairItem(2)]);
  const told = ok(moduleEncoding(signedSessionOutcome).toJson(DOUBTFUL));
  assertEquals(encode(acceptedItem, pairItem(1)).length, 64);
  await withCatchUp([[1, told]], async ({ clock, times, answer, recovered, lines }) => {
    await clock.advance(120_000);
    assertEquals([times(1).length, recovered, lines().length], [1, [], 1]);
    answer(2, told);
    await clock.advance(0);
    assertEquals(recovered.map(({ root }) => root), [treeOf(DOUBTFUL.sessionOutcome.items).root()]);
  }, { codecs: bytesCodecs });
});

/** Of which one item is shorter: it can't be two others. */
const CERTAIN = signed([pairItem(1), pairItem(2), {
  item: { tag: "Module", value: toDyn(INSTANCE, hexBytes, Uint8Array.of(1)) },
  peer: 1,
}]);

Deno.test("who tells fewer items alone is not believed, and who tells what can only be the true ones is at once", async () => {
  const lie = ok(moduleEncoding(signedSessionOutcome).toJson(signed([pairItem(1)])));
  await withCatchUp([[1, lie]], async ({ clock, answer, recovered }) => {
    await clock.advance(1_000);
    assertEquals(recovered, []);
    answer(3, ok(moduleEncoding(signedSessionOutcome).toJson(CERTAIN)));
    await clock.advance(0);
    assertEquals(recovered.map(({ root }) => root), [treeOf(CERTAIN.sessionOutcome.items).root()]);
  }, { codecs: bytesCodecs });
});

const FORGED: readonly (readonly [what: string, answer: Json])[] = [
  ["nothing", null],
  ["garbage", ["zz"]],
  ["an outcome without signatures", moduleEncoding(signedSessionOutcome).toJson({ ...OUTCOME, signatures: new Map() })],
  ["the outcome of another session", moduleEncoding(signedSessionOutcome).toJson(signed(itemsOf(1n), SESSION + 1))],
];

for (const [what, json] of FORGED) {
  Deno.test(`a guardian that answers ${what} is told of in the log and not asked again, and another's answer is taken`, async () => {
    await withCatchUp([[1, ok(json)]], async ({ clock, times, lines, answer, recovered }) => {
      await clock.advance(120_000);
      assertEquals(times(1), [0]);
      assertEquals(lines(), ["warn root/catch_up: A guardian's session outcome is refused"]);
      answer(3, GOOD);
      await clock.advance(0);
      assertEquals(recovered, [RECOVERED]);
    });
  });
}

Deno.test("who keeps silent for ever keeps nobody from being heard, and is asked again in time", async () => {
  await withCatchUp([], async ({ clock, times, answer, recovered }) => {
    await clock.advance(131_000);
    for (const peer of PEERS) {
      assertEquals(times(peer).length, 2, "given up on after twice the time that a call may take");
    }
    await clock.advance(1_000);
    answer(2, GOOD);
    await clock.advance(0);
    assertEquals(recovered, [RECOVERED]);
  });
});
