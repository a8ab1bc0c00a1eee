/**
 * Our gateway's side of a real LND: what every Lightning node must do, on two of them with a channel, killed in the
 * middle of payments; then what only operators do, and a machine's files.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { openPinnedHttp } from "../../actors/platform/real/pinned_http.ts";
import type { Bytes } from "../../core/bytes.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { errorText } from "../../core/result.ts";
import { DEFAULT_PAYMENT_OPTIONS, openLnd } from "../../client/gateway/node/lnd/lnd.ts";
import { HOLD_EXPIRY_DELTA } from "../../client/gateway/node/lnd/hold.ts";
import type { HeldPayment, LightningNode } from "../../client/gateway/node/node.ts";
import { NodeError } from "../../client/gateway/node/node.ts";
import { NODE_CASES } from "../../client/gateway/node/testing/conformance.ts";
import { until, within } from "../demo/waits.ts";
import { ready, startChain, startPair, synced } from "./lnd_pair.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";

const CASE_MS = 400_000;
const BLOCKS = 6;
/**
 * LND tells of a held payment before it has written all that it needs to keep it: killed within these milliseconds it
 * gives the payment back (`InvalidOnionVersion`), though the invoice stays `ACCEPTED` and can be "settled".
 */
const WRITTEN_MS = 5_000;
/** LND's `invoices.holdexpirydelta`: less than our guess of it, so that nothing is settled too late. */
const LND_CANCEL_DELTA = 12;

async function firstHeld(node: LightningNode): Promise<HeldPayment> {
  for await (const payment of node.heldPayments(new AbortController().signal)) return payment;
  throw new Error("it ends by an error alone");
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof NodeError) return `${thrown.code} ${errorText(thrown)}`;
    throw thrown;
  }
  return "no error";
}

async function scenario(suite: Suite, programs: Programs<"lnd" | "lncli" | "bitcoind">): Promise<void> {
  const { clock, dice, files } = realPlatform(), { signal } = suite;
  const { chain, inner, outer } = await suite.must("two LNDs start and have a channel", async () => {
    const chain = await startChain(suite, programs.bitcoind);
    const { inner, outside: outer } = await startPair(suite, chain, programs);
    return { chain, inner, outer };
  });
  const node = await inner.open(), outside = await outer.open();
  const level = () => synced(chain, [node, outside], signal);
  await suite.must("either pays the other", () => ready(node, outside, signal));
  suite.onEnd(() => Promise.resolve([node.close(), outside.close()]));
  for (const { name, run } of NODE_CASES) {
    await suite.check(`LND ${name}`, () =>
      within(
        name,
        run({
          node,
          outside,
          stop: async () => {
            await sleep(clock, WRITTEN_MS, signal);
            await inner.kill();
          },
          start: async () => {
            await inner.startAgain();
            await ready(node, outside, signal);
          },
          bytes: (size) => dice.bytes(size),
          nowSecs: () => Math.floor(clock.nowMs() / 1_000),
        }),
        CASE_MS,
      ));
  }
  await suite.check("a held payment that nobody ends goes back by itself before its time is over", async () => {
    const preimage = dice.bytes(32), paymentHash = sha256(preimage) as Bytes;
    const text = await node.createHoldInvoice({
      paymentHash,
      amountMsat: 1_000n,
      expirySecs: 3_600,
      description: { tag: "Direct", value: "" },
    });
    const paid = outside.pay({ invoice: parseBolt11(text), feeLimitMsat: 1_000n, cltvLimit: 500 });
    const held = await firstHeld(node);
    const { blockHeight } = await node.info();
    await chain.mine(held.claimDeadlineHeight - blockHeight);
    await until("LND has the blocks", async () => (await node.info()).blockHeight === held.claimDeadlineHeight, signal);
    demand((await firstHeld(node)).claimDeadlineHeight === held.claimDeadlineHeight, "not held at the deadline");
    await chain.mine(HOLD_EXPIRY_DELTA - LND_CANCEL_DELTA);
    demand(!(await within("the payment's end", paid, CASE_MS)).ok, "paid");
    const late = await node.settle(preimage);
    demand(!late.ok && late.error === "cancelled", "settled");
  });
  await suite.check("another LND's certificate is refused, and another's macaroon", async () => {
    const with_ = (certificatePath: string, macaroonPath: string) =>
      openLnd({ url: inner.restUrl, certificatePath, macaroonPath, ...DEFAULT_PAYMENT_OPTIONS }, {
        clock,
        dice,
        files,
        openHttp: openPinnedHttp,
        onTrouble: () => undefined,
      });
    const stranger = await with_(outer.certificatePath, inner.macaroonPath);
    const untrusted = await codeOf(stranger.info());
    demand(untrusted.includes("another certificate than the one that is trusted"), untrusted);
    const uninvited = await codeOf((await with_(inner.certificatePath, outer.macaroonPath)).info());
    demand(uninvited.startsWith("refused") && uninvited.includes("verification failed"), uninvited);
    const missing = await codeOf(with_(`${inner.certificatePath}.none`, inner.macaroonPath));
    demand(missing.startsWith("refused"), missing);
  });
  await suite.check("coins are sent, and channels opened and closed, both ways of closing", async () => {
    const { operator } = node, { publicKey } = await outside.info();
    const before = await outside.operator.balances();
    const address = await outside.operator.onchainAddress();
    await operator.sendOnchain({ address, amountSats: 50_000n, feerateSatPerVbyte: 2 });
    await chain.mine(BLOCKS);
    await until(
      "the coins are there",
      async () => (await outside.operator.balances()).onchainSats === before.onchainSats + 50_000n,
      signal,
    );
    await level();
    const txid = await operator.openChannel({
      publicKey,
      host: outer.address,
      sizeSats: 1_000_000n,
      pushSats: 100_000n,
    });
    await chain.mine(BLOCKS);
    await level();
    const second = async () => (await operator.channels()).find(({ funding }) => funding?.txid === txid);
    await until("the second channel is open", async () => (await second())?.isActive === true, signal);
    demand((await second())!.sizeSats === 1_000_000n, "another size");
    demand(await operator.closeChannels({ publicKey, force: false, feerateSatPerVbyte: 3 }) === 2, "not two closed");
    await until("no channel is left", async () => (await operator.channels()).length === 0, signal);
    await chain.mine(BLOCKS);
    await level();
    await operator.openChannel({ publicKey, host: outer.address, sizeSats: 1_000_000n, pushSats: 0n });
    await chain.mine(BLOCKS);
    await until("a channel is open", async () => (await operator.channels())[0]?.isActive === true, signal);
    demand(await operator.closeChannels({ publicKey, force: true, feerateSatPerVbyte: null }) === 1, "not one closed");
    await until("no channel is left", async () => (await operator.channels()).length === 0, signal);
  });
}

if (import.meta.main) await runSuite(() => findPrograms("lnd", "lncli", "bitcoind"), scenario);
