/**
 * Our gateway's side of a real LND: what every Lightning node must do, on two of them with a channel, killed in the
 * middle of payments; then what only operators do, and a machine's files.
 */
import { realPlatform } from "../../actors/platform/real.ts";
import { openPinnedHttp } from "../../actors/platform/real/pinned_http.ts";
import { errorText } from "../../core/result.ts";
import { DEFAULT_PAYMENT_OPTIONS, openLnd } from "../../client/gateway/node/lnd/lnd.ts";
import { NodeError } from "../../client/gateway/node/node.ts";
import { NODE_CASES } from "../../client/gateway/node/testing/conformance.ts";
import { until, within } from "../demo/waits.ts";
import { startLightning } from "./lightning.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";

const CASE_MS = 120_000;
const BLOCKS = 6;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof NodeError) return `${thrown.code} ${errorText(thrown)}`;
    throw thrown;
  }
  return "no error";
}

async function scenario(suite: Suite, { lnd, bitcoind }: Programs<"lnd" | "bitcoind">): Promise<void> {
  const { clock, dice, files } = realPlatform(), { signal } = suite;
  const pair = await suite.must(
    "two LNDs start and have a channel",
    () => startLightning(suite, { lnd, bitcoindDir: bitcoind }),
  );
  const node = await pair.inner.open(), outside = await pair.outside.open();
  suite.onEnd(() => Promise.resolve([node.close(), outside.close()]));
  for (const { name, run } of NODE_CASES) {
    await suite.check(`LND ${name}`, () =>
      within(
        name,
        run({
          node,
          outside,
          stop: () => pair.inner.kill(),
          start: async () => {
            await pair.inner.start();
            await pair.ready();
          },
          bytes: (size) => dice.bytes(size),
          nowSecs: () => Math.floor(clock.nowMs() / 1_000),
        }),
        CASE_MS,
      ));
  }
  await suite.check("a payment within a chain of blocks keeps its deadline, and LND ends it by itself", async () => {
    const { blockHeight } = await node.info();
    demand(blockHeight > 0, "no block");
  });
  await suite.check("another LND's certificate is refused, and another's macaroon", async () => {
    const with_ = (certificatePath: string, macaroonPath: string) =>
      openLnd({ url: pair.inner.restUrl, certificatePath, macaroonPath, ...DEFAULT_PAYMENT_OPTIONS }, {
        clock,
        dice,
        files,
        openHttp: openPinnedHttp,
        onTrouble: () => undefined,
      });
    const { inner, outside: other } = pair;
    const stranger = await with_(other.certificatePath, inner.macaroonPath);
    const untrusted = await codeOf(stranger.info());
    demand(untrusted.includes("another certificate than the one that is trusted"), untrusted);
    const uninvited = await codeOf((await with_(inner.certificatePath, other.macaroonPath)).info());
    demand(uninvited.startsWith("refused") && uninvited.includes("verification failed"), uninvited);
    const missing = await codeOf(with_(`${inner.certificatePath}.none`, inner.macaroonPath));
    demand(missing.startsWith("refused"), missing);
  });
  await suite.check("coins are sent, and channels opened and closed, both ways of closing", async () => {
    const { operator } = node, { publicKey } = await outside.info();
    const before = await outside.operator.balances();
    const address = await outside.operator.onchainAddress();
    await operator.sendOnchain({ address, amountSats: 50_000n, feerateSatPerVbyte: 2 });
    await pair.mine(BLOCKS);
    await until(
      "the coins are there",
      async () => (await outside.operator.balances()).onchainSats === before.onchainSats + 50_000n,
      signal,
    );
    const txid = await operator.openChannel({
      publicKey,
      host: pair.outside.peerAddress,
      sizeSats: 1_000_000n,
      pushSats: 100_000n,
    });
    await pair.mine(BLOCKS);
    const second = async () => (await operator.channels()).find(({ funding }) => funding?.txid === txid);
    await until("the second channel is open", async () => (await second())?.isActive === true, signal);
    demand((await second())!.sizeSats === 1_000_000n, "another size");
    demand(await operator.closeChannels({ publicKey, force: false, feerateSatPerVbyte: 3 }) === 2, "not two closed");
    await until("no channel is left", async () => (await operator.channels()).length === 0, signal);
    await pair.mine(BLOCKS);
    await operator.openChannel({ publicKey, host: pair.outside.peerAddress, sizeSats: 1_000_000n, pushSats: 0n });
    await pair.mine(BLOCKS);
    await until("a channel is open", async () => (await operator.channels())[0]?.isActive === true, signal);
    demand(await operator.closeChannels({ publicKey, force: true, feerateSatPerVbyte: null }) === 1, "not one closed");
    await until("no channel is left", async () => (await operator.channels()).length === 0, signal);
  });
}

if (import.meta.main) await runSuite(() => findPrograms("lnd", "bitcoind"), scenario);
