/** Payments by one gateway or the other, and what they take. */
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { LightningError } from "../../../core/lightning/error.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import type { Gateway } from "../../interop/gateway.ts";
import { demand } from "../../interop/suite.ts";
import { percentile } from "../figures.ts";
import { usageOf } from "../usage.ts";
import type { Pair, World } from "./world.ts";

const { clock } = realPlatform();
const AMOUNT_MSAT = 1_000_000n;
const ROUTING = { feeLimitMsat: 100_000n, cltvLimit: 1_000 };
const EXPIRY_SECS = 3_600;
const NOTES_AGAIN_MS = 200;

/** What a gateway took for payments of one kind. */
export type PaymentFigures = {
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Beyond what the gateway takes when nobody pays. */
  readonly cpuMs: number;
};

export type SwapFigures = {
  readonly perSecond: number;
  readonly cpuMs: number;
  /** Payments that came back, as the gateway had no notes left for so many at once. */
  readonly refunded: number;
};

/** A payment by a gateway. @returns how long it took, ms */
export type Payment = (world: World, gateway: Gateway) => Promise<number>;

async function timed(work: () => Promise<void>): Promise<number> {
  const begunMs = clock.monotonicMs();
  await work();
  return clock.monotonicMs() - begunMs;
}

/** A wallet has an invoice of the outside world, until it has the preimage. */
export const payOut: Payment = async ({ outside, payer }, gateway) => {
  const invoice = await outside.operator.createInvoice({
    amountMsat: AMOUNT_MSAT,
    expirySecs: EXPIRY_SECS,
    description: "bench",
  });
  return await timed(() => pay(payer, invoice, gateway));
};

async function pay(payer: World["payer"], invoice: string, gateway: Gateway): Promise<void> {
  const outcome = await outcomeOf(payer, invoice, gateway);
  demand(outcome === "success", `${gateway.name}: ${outcome}`);
}

/** What else pays at the same moment may have the notes; they are back in a moment. */
async function outcomeOf(payer: World["payer"], invoice: string, gateway: Gateway): Promise<string> {
  for (;;) {
    try {
      const operation = await payer.payInvoice(invoice, { gateway: gateway.url as SafeUrl });
      return (await payer.awaitPayment(operation)).outcome;
    } catch (thrown) {
      if (!(thrown instanceof LightningError) || thrown.code !== "insufficient_funds") throw thrown;
    }
    await sleep(clock, NOTES_AGAIN_MS);
  }
}

/** The outside world pays a wallet's invoice, until the wallet has the money. */
export const payIn: Payment = async ({ outside, payee }, gateway) => {
  const { invoice, operationId } = await payee.createInvoice(AMOUNT_MSAT, { gateway: gateway.url as SafeUrl });
  return await timed(async () => {
    const paid = await outside.pay({ invoice: parseBolt11(invoice), ...ROUTING });
    demand(paid.ok, `${gateway.name}: ${paid.ok || paid.error}`);
    const { outcome } = await payee.awaitInvoice(operationId);
    demand(outcome === "claimed", `${gateway.name}: ${outcome}`);
  });
};

/** CPU, ms a second, of a gateway that nobody asks. */
export type Rest = Pair<number>;

async function cpuMs({ gateways }: World): Promise<Pair<number>> {
  const [ours, official] = await Promise.all([gateways.ours, gateways.official].map(({ pid }) => usageOf(pid)));
  return { ours: ours!.cpuSeconds * 1_000, official: official!.cpuSeconds * 1_000 };
}

export async function cpuAtRest(world: World, ms: number): Promise<Rest> {
  const before = await cpuMs(world), tookMs = await timed(() => sleep(clock, ms));
  const after = await cpuMs(world), perSecond = 1_000 / tookMs;
  return {
    ours: (after.ours - before.ours) * perSecond,
    official: (after.official - before.official) * perSecond,
  };
}

/** Payments by one gateway and the other by turns, so that what else the machine does is shared. */
export async function measure(
  world: World,
  payment: Payment,
  { count, rest }: { readonly count: number; readonly rest: Rest },
): Promise<Pair<PaymentFigures>> {
  const { ours, official } = world.gateways, took = { ours: [] as number[], official: [] as number[] };
  for (const gateway of [ours, official]) await payment(world, gateway); // connections, compiled code
  const before = await cpuMs(world), begunMs = clock.monotonicMs();
  for (let i = 0; i < count; i++) {
    took.ours.push(await payment(world, ours));
    took.official.push(await payment(world, official));
  }
  const seconds = (clock.monotonicMs() - begunMs) / 1_000, after = await cpuMs(world);
  const figures = (which: keyof Pair<unknown>): PaymentFigures => {
    const sorted = took[which].sort((a, b) => a - b);
    return {
      medianMs: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      cpuMs: (after[which] - before[which] - seconds * rest[which]) / count,
    };
  };
  return { ours: figures("ours"), official: figures("official") };
}

/** Between two wallets of the federation by one gateway, some at a time; half of them each time it is its turn. */
export async function measureSwaps(
  world: World,
  { count, atOnce, rest }: { readonly count: number; readonly atOnce: number; readonly rest: Rest },
): Promise<Pair<SwapFigures>> {
  const half = Math.ceil(count / 2), seconds = { ours: 0, official: 0 }, cpu = { ours: 0, official: 0 };
  const made = { ours: 0, official: 0 };
  for (const which of ["ours", "official", "official", "ours"] as const) {
    const gateway = world.gateways[which], waiting: string[] = [];
    for (let i = 0; i < half; i++) {
      const { invoice } = await world.payee.createInvoice(AMOUNT_MSAT, { gateway: gateway.url as SafeUrl });
      waiting.push(invoice);
    }
    const lane = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        if (await outcomeOf(world.payer, next, gateway) === "success") made[which]++;
      }
    };
    const before = await cpuMs(world);
    const tookMs = await timed(async () => {
      await Promise.all(Array.from({ length: atOnce }, lane));
    });
    seconds[which] += tookMs / 1_000;
    cpu[which] += (await cpuMs(world))[which] - before[which];
  }
  const figures = (which: keyof Pair<unknown>): SwapFigures => ({
    perSecond: made[which] / seconds[which],
    cpuMs: (cpu[which] - seconds[which] * rest[which]) / (2 * half),
    refunded: 2 * half - made[which],
  });
  return { ours: figures("ours"), official: figures("official") };
}
