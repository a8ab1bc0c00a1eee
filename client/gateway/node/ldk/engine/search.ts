/**
 * Coins on the chain that these words had before they came to this folder: looked for once, beside all else. What the
 * answer says is true at one block; it is taken only where the wallet hasn't read beyond that block, since what was
 * spent after it would be spent again, and it leaves out what the wallet is still going to read.
 */
import type { CoinFinder } from "../../../../../actors/bitcoin/coins.ts";
import { failureText } from "../../../../../actors/bitcoin/backend.ts";
import type { Logger } from "../../../../../actors/logger.ts";
import type { Clock } from "../../../../../actors/platform/platform.ts";
import { sleep } from "../../../../../actors/platform/platform.ts";
import { assert } from "../../../../../core/assert.ts";
import { bitcoinOutPointText } from "../../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { toHex } from "../../../../../core/bytes.ts";
import { unit } from "../../../../../core/encoding/mod.ts";
import { SEARCH_RETRY_MS } from "../limits.ts";
import type { Tip } from "./chain.ts";
import type { Disk } from "./disk.ts";
import type { WalletKeys } from "./keys.ts";
import { PAYMENT_KEYS, PAYMENT_KEYS_FIRST } from "./keys.ts";
import type { Wallet } from "./wallet.ts";

const SEARCHED = "searched";
/** Deriving a key takes some microseconds; nobody waits for more than so many. */
const KEYS_AT_ONCE = 100;

type Parts = {
  readonly finder: CoinFinder;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly keys: WalletKeys;
  readonly wallet: Wallet;
  /** The newest block that the wallet has read. */
  readonly tip: () => Tip;
  readonly log: Logger;
  readonly signal: AbortSignal;
};

/** Resolves when it is over and queued for the disk, at once if it was over before. Rejects when it is aborted. */
export async function searchCoins(parts: Parts): Promise<void> {
  const { disk, log, finder } = parts;
  if (await disk.getBytes(SEARCHED) !== null) return;
  let { adopted } = await searchKeys(parts, PAYMENT_KEYS_FIRST, PAYMENT_KEYS);
  // addresses, until the second half of a window is empty
  for (let first = 0, isThere = true; isThere; first += finder.gap) {
    const found = await searchKeys(parts, first, finder.gap);
    adopted += found.adopted;
    isThere = found.highest >= first + finder.gap / 2;
  }
  disk.put(unit, SEARCHED, null);
  if (adopted > 0) log.info("Coins of an earlier life of the words were found", { coins: adopted });
}

async function searchKeys(
  parts: Parts,
  first: number,
  count: number,
): Promise<{ readonly adopted: number; readonly highest: number }> {
  const { finder, clock, wallet, tip, log, signal } = parts, scripts = await scriptsOf(parts, first, count);
  for (let complaint = "";;) {
    const answer = await finder.find([...scripts.values()].map(({ script }) => script), signal);
    signal.throwIfAborted();
    const read = tip();
    if (!answer.ok) {
      const reason = failureText(answer.error);
      if (reason !== complaint) {
        log.warn("The Bitcoin node doesn't look for the words' coins: it is asked again", { reason });
      }
      complaint = reason;
    } else if (isOf(answer.value.tip, read)) {
      // what is in a block that the wallet reads later comes with that block
      const coins = answer.value.coins.filter(({ height }) => height <= read.height)
        .map(({ txid, vout, valueSat, script, height }) => {
          const known = scripts.get(toHex(script));
          assert(known !== undefined, "only what was asked for is found");
          return { outPoint: bitcoinOutPointText({ txid, vout }), valueSat, index: known.index, height };
        });
      return { adopted: wallet.adopt(coins), highest: coins.reduce((most, { index }) => Math.max(most, index), -1) };
    }
    await sleep(clock, SEARCH_RETRY_MS, signal);
  }
}

/** Whether an answer that is true at `found` may be taken by who has read up to `read`. */
function isOf(found: Tip, read: Tip): boolean {
  return read.height < found.height || read.hash === found.hash;
}

async function scriptsOf(
  { keys, clock, signal }: Parts,
  first: number,
  count: number,
): Promise<ReadonlyMap<string, { readonly script: Bytes; readonly index: number }>> {
  const scripts = new Map<string, { readonly script: Bytes; readonly index: number }>();
  for (let index = first; index < first + count; index++) {
    if (index % KEYS_AT_ONCE === 0) await sleep(clock, 0, signal);
    const script = keys.script(index);
    scripts.set(toHex(script), { script, index });
  }
  return scripts;
}
