/** Guardians as processes: what a transaction takes all of them, and what one holds, as there are more of them. */
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import { openClient } from "../../../client/deno.ts";
import { DevFederation } from "../../../server/dev/federation/federation.ts";
import { fund } from "../../demo/fund.ts";
import { within } from "../../demo/waits.ts";
import { carry, prepareLoad } from "../federation/load.ts";
import { mintOf, Purse } from "../federation/purse.ts";
import { usageOf } from "../usage.ts";
import { withFolder } from "./consensus.ts";
import type { ScaleCase } from "./point.ts";

const platform = realPlatform();
const DEPOSIT_BTC = 0.01;
const LANES = 4, NOTES = 10;
/** Enough for all transactions of the load, at what its notes are worth. */
const PURSE_MSAT = 1n << 28n;
/** Transactions of a lane. */
const TURNS = 10;
const REST_MS = 10_000;

async function usages(federation: DevFederation) {
  const each = await Promise.all(federation.guardians.map(({ process }) => usageOf(process.pid)));
  return {
    cpuMs: each.reduce((sum, { cpuSeconds }) => sum + cpuSeconds * 1_000, 0),
    bytes: each.reduce((sum, { ownBytes }) => sum + ownBytes, 0),
  };
}

export const processes: ScaleCase = {
  title: "guardian processes, each: a transaction of ten notes for ten (of which a guardian has its part), memory",
  sizeOf: "guardians",
  item: "transaction of a guardian",
  sizes: [4, 7],
  measure: (size) =>
    withFolder(async (dir) => {
      const federation = await DevFederation.start({
        platform,
        dir: join(dir, "federation"),
        peers: size,
        progress: (text) => console.error(`  ${text}`),
        env: { FM_DISABLE_BASE_FEES: "1", FM_ENABLE_MODULE_LNV2: "0" },
      });
      try {
        const wallet = await openClient({ dir: join(dir, "wallet"), platform });
        try {
          await within("Joining", wallet.join(federation.invite));
          await fund(federation, wallet, DEPOSIT_BTC);
          const mint = mintOf(wallet, size);
          const purse = await within("Notes for a load", Purse.withdraw(wallet, mint, PURSE_MSAT));
          await wallet.client.awaitIdle();
          const load = await prepareLoad(purse, NOTES, LANES * TURNS);
          const resting = await usages(federation);
          await new Promise((resolve) => setTimeout(resolve, REST_MS));
          const before = await usages(federation);
          await carry(mint, load, { lanes: LANES, ms: Infinity, nowMs: () => platform.clock.monotonicMs() });
          const after = await usages(federation);
          const items = LANES * TURNS * size;
          return {
            size,
            items,
            cpuMs: after.cpuMs - before.cpuMs,
            bytes: null,
            // of a guardian, whatever there are of transactions
            counts: {
              "idle CPU ms a second": (before.cpuMs - resting.cpuMs) / REST_MS * 1_000 / size * items,
              "MB held": after.bytes / 2 ** 20 / size * items,
            },
          };
        } finally {
          await wallet.close();
        }
      } finally {
        await federation.stop();
      }
    }),
};
