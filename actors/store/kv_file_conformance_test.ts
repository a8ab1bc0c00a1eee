/** The conformance suite over Deno KV on disk. */
import { testsNeeding } from "../../core/testing/permissions.ts";
import { realClock } from "../platform/real/clock.ts";
import { realDice } from "../platform/real/dice.ts";
import { conformance } from "./testing/conformance.ts";
import { openKvStore } from "./kv.ts";

conformance("Deno KV file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-store-" });
  return {
    open: () => openKvStore({ path: `${folder}/database`, platform: { clock: realClock, dice: realDice } }),
    remove: () => Deno.remove(folder, { recursive: true }),
  };
}, testsNeeding("read", "write"));
