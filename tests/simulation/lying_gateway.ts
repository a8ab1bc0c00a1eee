/**
 * A client that cheats is an honest one behind a liar: it asks the gateway by this proxy, which changes what it is told
 * of prices and what it asks. So its contracts are what no honest client makes.
 */
import { fromUtf8 } from "../../core/bytes.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import type { LightningWorld } from "./lightning.ts";

const PORT = 80;

export type Lies = {
  /** Prices, as the client is told them. */
  readonly routingInfo?: (told: JsonObject) => JsonObject;
  /** A request for an invoice, as the gateway is asked. */
  readonly invoice?: (asked: JsonObject) => JsonObject;
};

/** @param machine its name @returns its URL */
export async function startLiar(world: LightningWorld, machine: string, lies: Lies): Promise<SafeUrl> {
  const { network } = world.here.world.process(machine).platform;
  await network.serveHttp({ hostname: "0.0.0.0", port: PORT }, async (request) => {
    const { pathname } = new URL(request.url), asked = await request.text();
    const isInvoice = pathname.endsWith("/create_bolt11_invoice") && lies.invoice;
    const { status, body } = await network.fetch(new URL(pathname, world.gatewayUrl).href, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: isInvoice ? changed(asked, lies.invoice!) : asked,
      timeoutMs: 600_000,
      bodyBytesMax: 1_000_000,
    });
    const told = fromUtf8(body);
    const isTold = pathname.endsWith("/routing_info") && lies.routingInfo;
    return new Response(isTold ? changed(told, lies.routingInfo!) : told, { status });
  });
  return `http://${machine}/` as SafeUrl;
}

function changed(text: string, change: (json: JsonObject) => JsonObject): string {
  return stringifyJson(change(parseJson(text) as JsonObject));
}
