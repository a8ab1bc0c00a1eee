/** What guardians' answers may be. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Json } from "../../../core/encoding/mod.ts";
import { DecodeError } from "../../../core/encoding/mod.ts";
import type { ApiCall, FederationApi } from "../../contract/federation_api.ts";
import { LightningFederation } from "./federation.ts";
import { GATEWAYS_PER_GUARDIAN_MAX, STREAM_CONTRACTS } from "./limits.ts";

const { signal } = new AbortController();

/** How the answer to a call is read. */
function readerOf(ask: (federation: LightningFederation) => Promise<unknown>): (json: Json) => unknown {
  let read: ((json: Json) => unknown) | null = null;
  const asked = <R>({ result }: ApiCall<R>): Promise<never> => {
    read = result.fromJson;
    return new Promise(() => {});
  };
  const one = <R>(_peer: number, call: ApiCall<R>) => asked(call);
  void ask(new LightningFederation({ consensus: asked, threshold: asked, one } as unknown as FederationApi));
  return read!;
}

function code(work: () => unknown): string {
  return assertThrows(work, DecodeError).code;
}

Deno.test("of an answer with more than was asked for nothing is read: a contract's points alone take a millisecond", () => {
  const page = readerOf((federation) => federation.incomingContracts(0n, STREAM_CONTRACTS, signal));
  assertEquals(code(() => page([Array(STREAM_CONTRACTS + 1).fill(null), 1])), "too_large");
  assertEquals(code(() => page([Array(STREAM_CONTRACTS).fill(null), 1])), "bad_json");
  assertEquals(page([[], 7]), [[], 7n]);
  const asks = [
    readerOf((federation) => federation.gatewayLists(signal)),
    readerOf((federation) => federation.gatewaysOf(0, signal)),
  ];
  for (const gateways of asks) {
    assertEquals(code(() => gateways(Array(GATEWAYS_PER_GUARDIAN_MAX + 1).fill(null))), "too_large");
    assertEquals(gateways(["http://gw/"]), ["http://gw/"]);
  }
});
