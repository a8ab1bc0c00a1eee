/** Whose turn it is at the API. */
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../actors/store/testing/mod.ts";
import { Callers } from "./callers.ts";
import { HTTP_REQUEST_UNITS, HTTP_UNNAMED_WAITING_MAX } from "./limits.ts";

const ALL = { burst: 100, tokens: 1_000, ms: 1_000 };
const PROXY = { hostname: "127.0.0.1" };

Deno.test("a flood of requests through a proxy keeps neither connections that are there nor named sources waiting, and is bounded", async () => {
  const clock = new ManualClock();
  const callers = new Callers({ connectionsMax: 10, connectionsPerAddress: 10, all: ALL }, clock);
  const connected = callers.connect(PROXY, () => undefined)!;
  const answers: boolean[] = [];
  const flood = Array.from({ length: 20_000 }, () => callers.mayAsk(PROXY).then((may) => answers.push(may)));
  await clock.advance(0);
  const refused = answers.filter((may) => !may).length;
  assert(refused >= 20_000 - HTTP_UNNAMED_WAITING_MAX - ALL.burst, "more wait than may");
  const served: string[] = [];
  void connected.turn().then(() => served.push("connected"));
  void callers.mayAsk({ hostname: "198.51.100.7" }).then((may) => served.push(`named ${may}`));
  // what the flood took of the burst before, and one request of it
  await clock.advance(ALL.burst + 4 * HTTP_REQUEST_UNITS);
  assertEquals(served, ["connected", "named true"]);
  await clock.advance(HTTP_UNNAMED_WAITING_MAX * (HTTP_REQUEST_UNITS + 1) + 100);
  await Promise.all(flood);
  assertEquals(answers.filter((may) => !may).length, refused);
  assert(await callers.mayAsk(PROXY), "afterwards it is as before");
});

Deno.test("requests of sockets that have closed take no turn and no place", async () => {
  const clock = new ManualClock();
  const callers = new Callers({ connectionsMax: 10, connectionsPerAddress: 10, all: ALL }, clock);
  callers.turns.take(2 * ALL.burst);
  const gone = new AbortController(), answers: boolean[] = [];
  for (let i = 0; i < HTTP_UNNAMED_WAITING_MAX; i++) {
    void callers.mayAsk(PROXY, gone.signal).then((may) => answers.push(may));
  }
  gone.abort();
  await clock.advance(0);
  assertEquals(answers.filter((may) => !may).length, HTTP_UNNAMED_WAITING_MAX);
  const next = callers.mayAsk(PROXY);
  await clock.advance(ALL.burst + 1);
  void next.then((may) => answers.push(may));
  await clock.advance(0);
  assertEquals(answers.at(-1), true);
  assertEquals(await callers.mayAsk(PROXY, gone.signal), false);
});
