/**
 * Forwards of version 1 at a real LND that must have an interceptor (`--requireinterceptor`): what was handed over to a
 * gateway that is gone is kept and handed over again; what comes while none is there goes back to its payer.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { ForwardAnswer, InterceptedForward, LightningNode } from "../../client/gateway/node/node.ts";
import { NodeError } from "../../client/gateway/node/node.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, toHex } from "../../core/bytes.ts";
import type { Bolt11Invoice } from "../../core/lightning/bolt11.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../core/lightning/bolt11_write.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import { within } from "../demo/waits.ts";
import { ready, startChain, startPair } from "./lnd_pair.ts";
import type { Programs } from "./programs.ts";
import { findPrograms } from "./programs.ts";
import type { Suite } from "./suite.ts";
import { demand, runSuite } from "./suite.ts";

const AMOUNT_MSAT = 50_000n, CHANNEL = 0x7fff_ffffn << 24n;
const STEP_MS = 90_000;
/** Long enough for LND to have given a payment back that it doesn't keep. */
const AWAY_MS = 3_000;

/** Of nobody, by way of the node. */
function invoiceBy(publicKey: Bytes, paymentHash: Bytes): Bolt11Invoice {
  const { clock, dice } = realPlatform();
  return parseBolt11(writeBolt11({
    currency: "regtest",
    amountMsat: AMOUNT_MSAT,
    timestamp: BigInt(Math.floor(clock.nowMs() / 1_000)),
    expirySecs: 3_600n,
    paymentHash: toHex(paymentHash) as Sha256,
    paymentSecret: dice.bytes(32),
    description: { tag: "Direct", value: "" },
    minFinalCltvExpiryDelta: 18n,
    features: FEATURES_BASIC,
    routeHints: [[{
      srcNodeId: publicKey as Bolt11Invoice["routeHints"][number][number]["srcNodeId"],
      shortChannelId: CHANNEL,
      baseMsat: 100,
      proportionalMillionths: 0,
      cltvExpiryDelta: 30,
      htlcMinimumMsat: null,
      htlcMaximumMsat: null,
    }]],
  }, dice.bytes(32)));
}

/** A gateway's life at the node: begins again as the gateway's listener does. */
function listening(node: LightningNode, decide: (forward: InterceptedForward) => Promise<ForwardAnswer>) {
  const { clock } = realPlatform(), stop = new AbortController();
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await node.interceptor!.run(decide, stop.signal);
      } catch (thrown) {
        if (stop.signal.aborted) return;
        if (!(thrown instanceof NodeError)) throw thrown;
      }
      await sleep(clock, 1_000);
    }
  };
  const running = run();
  return {
    kill: async () => {
      stop.abort(new Error("killed"));
      await running;
    },
  };
}

async function scenario(suite: Suite, programs: Programs<"lnd" | "lncli" | "bitcoind">): Promise<void> {
  const { clock, dice } = realPlatform(), { signal } = suite;
  const { inner, outer } = await suite.must("two LNDs have a channel, and one must have an interceptor", async () => {
    const chain = await startChain(suite, programs.bitcoind);
    const { inner, outside: outer } = await startPair(suite, chain, programs, ["--requireinterceptor"]);
    return { inner, outer };
  });
  const node = await inner.open(), outside = await outer.open();
  suite.onEnd(() => Promise.resolve([node.close(), outside.close()]));
  await suite.must("either pays the other", () => ready(node, outside, signal));
  const { publicKey } = await node.info();
  const paying = () => {
    const preimage = dice.bytes(32), paymentHash = sha256(preimage) as Bytes, state = { isOver: false };
    const paid = outside.pay({ invoice: invoiceBy(publicKey, paymentHash), feeLimitMsat: 5_000n, cltvLimit: 500 });
    void paid.then(() => state.isOver = true);
    return { preimage, paymentHash, state, paid };
  };
  type Payment = ReturnType<typeof paying>;
  /** A life that settles the payment, and is asked about it. */
  const settling = async ({ preimage, paymentHash, paid }: Payment): Promise<readonly InterceptedForward[]> => {
    const seen: InterceptedForward[] = [];
    const life = listening(node, (forward) => {
      if (!equalBytes(forward.paymentHash, paymentHash)) return Promise.resolve({ tag: "resume" });
      seen.push(forward);
      return Promise.resolve({ tag: "settle", preimage });
    });
    try {
      const outcome = await within("the payment's end", paid, STEP_MS);
      demand(
        outcome.ok && equalBytes(outcome.value.preimage, preimage),
        outcome.ok ? "another preimage" : outcome.error,
      );
      return seen;
    } finally {
      await life.kill();
    }
  };
  const kept = async (payment: Payment): Promise<void> => {
    await sleep(clock, AWAY_MS, signal);
    demand(!payment.state.isOver, "LND gave it back");
  };
  /** A payment that a life of the gateway has in hand when it ends. */
  const inHand = async () => {
    const seen = Promise.withResolvers<InterceptedForward>(), payment = paying();
    const life = listening(node, (forward) => {
      seen.resolve(forward);
      return new Promise<never>(() => {});
    });
    const { circuit } = await within("the forward", seen.promise, STEP_MS);
    await life.kill();
    return { payment, circuit };
  };
  const isAgain = ([again]: readonly InterceptedForward[], { channel, htlc }: InterceptedForward["circuit"]): void => {
    demand(again!.circuit.channel === channel && again!.circuit.htlc === htlc, "another HTLC");
  };
  await suite.check("a forward that comes while nobody listens goes back, and a later one is settled", async () => {
    const outcome = await within("the payment's end", paying().paid, STEP_MS);
    demand(!outcome.ok, "it was paid");
    demand((await settling(paying())).length === 1, "more than once");
  });
  await suite.check("a forward whose listener is gone is handed over again to the next, as the same HTLC", async () => {
    const { payment, circuit } = await inHand();
    await kept(payment);
    isAgain(await settling(payment), circuit);
  });
  await suite.check("a forward whose listener is gone is kept though LND itself is killed meanwhile", async () => {
    const { payment, circuit } = await inHand();
    await inner.kill();
    await inner.startAgain();
    await kept(payment);
    isAgain(await settling(payment), circuit);
  });
}

if (import.meta.main) await runSuite(() => findPrograms("lnd", "lncli", "bitcoind"), scenario);
