import { assertEquals } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { ManualClock } from "../../actors/testing/manual_clock.ts";
import { Callers } from "./callers.ts";
import type { Federations } from "./federations.ts";
import type { Invoices } from "./invoices.ts";
import { REQUESTS_OF_SOURCE } from "./limits.ts";
import type { LnurlPages } from "./lnurl/pages.ts";
import { publicAnswer } from "./public_api.ts";
import type { Registrations } from "./registrations.ts";

const REMOTE = { hostname: "203.0.113.7", port: 1 };

function asking(pages: LnurlPages | null) {
  const log = loggerFor("gateway", () => {}), callers = new Callers(new ManualClock());
  // no route under test comes as far as an invoice
  const env = {
    invoices: null as unknown as Invoices,
    federations: null as unknown as Federations,
    registrations: null as unknown as Registrations,
    gatewayId: new Uint8Array(33).fill(2),
    callers,
    pages,
    log,
    debug: false,
  };
  return async (path: string, method = "GET"): Promise<number | null> => {
    const request = new Request(`http://gw${path}`, { method });
    return (await publicAnswer(env, path, request, REMOTE))?.status ?? null;
  };
}

Deno.test("pages of lnurls are there only where they are switched on, and count as every stranger's request", async () => {
  const off = asking(null);
  assertEquals([await off("/pay/fedimintabc"), await off("/invoice/fedimintabc")], [null, null]);
  let asked = 0;
  const on = asking((_path, request) => {
    if (request.method !== "GET") return Promise.resolve(null);
    asked++;
    return Promise.resolve(new Response("page"));
  });
  assertEquals([await on("/pay/fedimintabc"), await on("/invoice/fedimintabc")], [200, 200]);
  assertEquals([await on("/pay/fedimintabc", "POST"), await on("/pay/a/b"), await on("/pay/")], [405, null, null]);
  for (let i = 0; i < REQUESTS_OF_SOURCE.burst; i++) await on("/pay/fedimintabc");
  assertEquals(await on("/pay/fedimintabc"), 429);
  assertEquals(asked, REQUESTS_OF_SOURCE.burst - 1);
});
