/** The gateway registers where it can, and says what it takes there. */
import { assertEquals } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { Reminder } from "../../actors/reminder.ts";
import { ManualClock } from "../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { LnGatewayModule } from "../../modules/ln/gateway/api.ts";
import type { Announced } from "../../modules/ln/gateway/registering.ts";
import type { Federations, ServedFederation } from "./federations.ts";
import type { ForwardInterceptor } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { FederationRecord } from "./records.ts";
import { registerAll } from "./registrar.ts";
import { Registrations } from "./registrations.ts";

const KEY: Bytes = new Uint8Array(32).fill(5), NODE: Bytes = new Uint8Array(33).fill(2);
const never = new AbortController().signal;

/** @param have how many of four guardians take it, by federation; null: it has no module ln */
async function registering(
  have: readonly (number | null)[],
  { isNodeThere = true, keepsForwards = null as boolean | null } = {},
) {
  const clock = new ManualClock(), said: Announced[] = [];
  await clock.advance(1_700_000_040_000);
  const served = have.map((count, i): ServedFederation => ({
    federationId: String(i).repeat(64),
    record: {
      index: i + 1,
      // the second one's can't be said
      lightningFee: { base: i === 1 && have.length > 3 ? 2n ** 32n : 2_000n, partsPerMillion: 3_000n },
    } as FederationRecord,
    wallet: {
      client: {
        running: { joined: { config: { global: { apiEndpoints: new Map([0, 1, 2, 3].map((i) => [i, 0])) } } } },
      },
    } as unknown as ServedFederation["wallet"],
    module: null,
    lnv1: count === null ? null : {
      register: (announced: Announced) => {
        said.push(announced);
        return Promise.resolve(count);
      },
    } as unknown as LnGatewayModule,
  }));
  const warned: string[] = [];
  const log = loggerFor("test", ({ level, message }) => void (level === "warn" && warned.push(message)));
  const registrations = new Registrations(clock, { hasUrl: true, handsOver: true });
  const isDone = await registerAll(
    {
      interceptor: { routeHints: () => Promise.resolve([]) } as unknown as ForwardInterceptor,
      watch: {
        info: () => Promise.resolve(isNodeThere ? { publicKey: NODE, alias: "gateway", keepsForwards } : null),
      } as unknown as NodeWatch,
      federations: { all: () => Promise.resolve(served) } as unknown as Federations,
      registrations,
      apiUrl: "https://gw.example/v1",
      gatewayKey: KEY,
      routeHints: 1,
    },
    log,
    new Reminder(clock, log),
    never,
  );
  const status = (i: number) => registrations.status(String(i).repeat(64)) as Record<string, unknown>;
  return { isDone, said, status, clock, warned };
}

Deno.test("a federation whose guardians are away, one without the module and one whose price can't be said keep no other from being registered", async () => {
  const { isDone, said } = await registering([0, 4, null, 4]);
  assertEquals([isDone, said.map(({ federationIndex }) => federationIndex)], [false, [1n, 4n]]);
  assertEquals(said[1], {
    federationIndex: 4n,
    nodePubKey: NODE,
    lightningAlias: "gateway",
    api: "https://gw.example/v1",
    routeHints: [],
    fees: { baseMsat: 2_000, proportionalMillionths: 3_000 },
  });
});

Deno.test("a threshold of guardians is enough until the next time, and what came of it is told for as long as it holds", async () => {
  const { isDone, status, clock } = await registering([3, 2]);
  assertEquals(isDone, false);
  const endpoint = (i: number) => (status(i).endpoints as Record<string, unknown>).http;
  assertEquals(endpoint(0), {
    last_attempt: { completed_at_unix_secs: 1_700_000_040, result: "succeeded" },
    advertised_ttl_remaining_secs: 600,
  });
  assertEquals(endpoint(1), {
    last_attempt: { completed_at_unix_secs: 1_700_000_040, result: "failed" },
    advertised_ttl_remaining_secs: null,
  });
  await clock.advance(700_000);
  assertEquals((endpoint(0) as Record<string, unknown>).advertised_ttl_remaining_secs, 0);
  assertEquals((await registering([3, 4])).isDone, true);
});

Deno.test("nothing is said while the node is away", async () => {
  const { isDone, said, status } = await registering([4], { isNodeThere: false });
  assertEquals([isDone, said], [false, []]);
  const nothing = { last_attempt: null, advertised_ttl_remaining_secs: null };
  assertEquals(status(0), { mode: "gateway_managed", configured: true, endpoints: { http: nothing } });
});

Deno.test("an LND that gives forwards back is warned of where it is certain, and where clients of version 1 are", async () => {
  const warnings = async (have: readonly (number | null)[], keepsForwards: boolean | null) =>
    (await registering(have, { keepsForwards })).warned.filter((message) => message.includes("--requireinterceptor"));
  assertEquals((await warnings([null, 4], false)).length, 1);
  for (const [have, keepsForwards] of [[[4], true], [[4], null], [[null], false], [[], false]] as const) {
    assertEquals(await warnings(have, keepsForwards), []);
  }
});
