/** A wallet with a long history: opened, asked for its balance and its newest operations, and given a new one. */
import { toHex } from "../../../core/bytes.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { openKvStore } from "../../../actors/store/kv.ts";
import { openClient } from "../../../client/deno.ts";
import { databasePath } from "../../../client/core/database_path.ts";
import { addOperation, setOperationOutcome } from "../../../client/logs/operations.ts";
import { logEvent } from "../../../client/logs/events.ts";
import { seededDice } from "../../../modules/contract/testing/mod.ts";
import { withFolder, writeMany } from "./consensus.ts";
import { OneGuardian } from "./one_guardian.ts";
import type { ScaleCase } from "./point.ts";
import { countReads, spent } from "./point.ts";

const PAGE = 20;
/** One takes so little that what else the process does at that moment would count as much. */
const OPENINGS = 10;
const FIRST_US = 1_700_000_000_000_000;

export const operations: ScaleCase = {
  title: "a wallet is opened, asked for its balance and its twenty newest operations, and closed",
  sizeOf: "operations",
  item: "opening",
  sizes: [100, 10_000, 100_000],
  measure: (size) =>
    OneGuardian.with((guardian) =>
      withFolder(async (dir) => {
        const platform = realPlatform();
        const made = await openClient({ dir, platform });
        await made.join(guardian.federation.invite);
        await made.close();
        const store = await openKvStore({ path: databasePath(dir), platform });
        const dice = seededDice(1);
        await writeMany(store, size, async (tx, index) => {
          const operationId = toHex(dice.bytes(32)) as Parameters<typeof addOperation>[1];
          const atUs = FIRST_US + index;
          addOperation(tx, operationId, "mintv2", { variant: "Send", ecash: "e".repeat(200) }, atUs);
          await setOperationOutcome(tx, operationId, "Success", atUs);
          logEvent(tx, { kind: "payment-succeeded", module: null, tsUs: atUs, payload: { operation: operationId } });
        }, 2_000);
        await store.close();
        // events get their numbers
        await (await openClient({ dir, platform })).close();
        const counts = countReads();
        const { cpuMs } = await spent(async () => {
          for (let opening = 0; opening < OPENINGS; opening++) {
            const wallet = await openClient({ dir, platform });
            await wallet.getBalance();
            const page = await wallet.operations({ limit: PAGE });
            if (page.length !== PAGE) throw new Error(`${page.length} operations instead of ${PAGE}`);
            await wallet.close();
          }
        });
        // a closed wallet holds nothing
        return { size, items: OPENINGS, cpuMs, bytes: null, counts: { "database reads": counts.reads } };
      })
    ),
};
