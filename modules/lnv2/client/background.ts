/** What the lnv2 client does by itself: learns whose nodes gateways have, and claims what was paid by lnurl. */
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import { errorText } from "../../../core/result.ts";
import { mappedAtMs } from "./db.ts";
import { Lnv2Error } from "./error.ts";
import type { Gateways } from "./gateways.ts";
import { MAP_EVERY_MS, MAP_RETRY } from "./limits.ts";
import type { LnurlReceiving } from "./lnurl.ts";
import type { LightningParts } from "./send_machine.ts";

/** Ends when the client closes. */
export async function background(parts: LightningParts, gateways: Gateways, lnurl: LnurlReceiving): Promise<void> {
  const { signal } = parts.env;
  try {
    await Promise.all([keepMapped(parts, gateways), lnurl.run(signal)]);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    parts.env.log.debug("The watch for payments by lnurl ends");
  }
}

/** A wallet that is opened for each command doesn't ask all gateways each time. */
async function keepMapped({ env }: LightningParts, gateways: Gateways): Promise<never> {
  const { platform: { clock, dice }, store, log, signal } = env;
  for (let failures = 0;;) {
    const lastMs = await store.read((tx) => mappedAtMs.get(tx)), nowMs = clock.nowMs();
    // a clock that was set back doesn't keep it from being done
    const sinceMs = lastMs === undefined || lastMs > nowMs ? Infinity : nowMs - lastMs;
    if (sinceMs < MAP_EVERY_MS) {
      await sleep(clock, MAP_EVERY_MS - sinceMs, signal);
      continue;
    }
    try {
      await gateways.map(signal);
      failures = 0;
    } catch (thrown) {
      if (!(thrown instanceof Lnv2Error)) throw thrown;
      log.debug("Gateways can't be asked for their nodes now", { reason: errorText(thrown) });
      await sleep(clock, backOffMs(MAP_RETRY, failures++, dice), signal);
    }
  }
}
