/**
 * For tests: two nodes pay each other while one after the other is killed at a random moment. Every payment must end,
 * be paid once or not at all, and the channel must stand.
 */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../../../../actors/platform/platform.ts";
import { realPlatform } from "../../../../../actors/platform/real.ts";
import { parseBolt11 } from "../../../../../core/lightning/bolt11.ts";
import type { PaymentOutcome } from "../../node.ts";
import type { LabNode } from "./lab.ts";
import { Lab, until } from "./lab.ts";

const { clock, dice } = realPlatform();
const AMOUNT_MSAT = 1_000_000n;
const BETWEEN_KILLS_MS = 400;
/** Payments that are under way at a time, each way. */
const AT_ONCE = 3;
/** A node that dies often is started again after up to half a minute, and may be killed again before it answers. */
const AWAY_MS = 600_000;

export type KillingOutcome = { readonly kills: number; readonly paid: number; readonly failed: number };

export async function payWhileKilled(kills: number): Promise<KillingOutcome> {
  const lab = await Lab.open();
  try {
    const [a, b] = await Promise.all([lab.node("a"), lab.node("b")]);
    await lab.fund(a);
    await lab.channel(a, b, 2_000_000n, 1_000_000n);
    const before = await balances(a, b);
    let isOver = false;
    const outcomes: {
      readonly from: LabNode;
      readonly to: LabNode;
      readonly hash: string;
      readonly end: PaymentOutcome;
    }[] = [];
    const payOn = async (from: LabNode, to: LabNode): Promise<void> => {
      while (!isOver) {
        const invoice = parseBolt11(await invoiceOf(to));
        // asked again after each death of the process, with the same invoice
        const end = await from.node.pay({ invoice, feeLimitMsat: 5_000n, cltvLimit: 500 });
        outcomes.push({ from, to, hash: invoice.paymentHash, end });
      }
    };
    const paying = Array.from({ length: AT_ONCE }, () => [payOn(a, b), payOn(b, a)]).flat();
    for (let kill = 0; kill < kills; kill++) {
      await sleep(clock, dice.below(BETWEEN_KILLS_MS));
      const victim = kill % 2 === 0 ? a : b;
      await victim.kill();
      // nodes that never meet pay nothing, and then a kill interrupts nothing
      if (kill % 3 === 0) {
        const had = paidOf(outcomes);
        await until("payments go through again", () => Promise.resolve(paidOf(outcomes) > had), AWAY_MS);
      }
    }
    await Promise.all([answers(a), answers(b)]);
    await lab.usable(a, b);
    isOver = true;
    await Promise.all(paying);
    let netMsat = 0n;
    for (const { from, to, hash, end } of outcomes) {
      const paymentHash = Uint8Array.fromHex(hash);
      const received = await until("the payee has settled", async () => {
        const invoice = await to.node.operator.invoice(paymentHash);
        return invoice !== null && (!end.ok || invoice.status === "succeeded") ? invoice : null;
      });
      assertEquals(received.status === "succeeded", end.ok, `${hash}: ${end.ok ? "paid" : end.error}`);
      if (end.ok) netMsat += from === a ? -AMOUNT_MSAT : AMOUNT_MSAT;
    }
    const expected = [before[0] + netMsat, before[1] - netMsat];
    await until("money is where it belongs", async () => {
      const now = await balances(a, b);
      return now[0] === expected[0] && now[1] === expected[1];
    });
    for (const { node } of [a, b]) assertEquals((await node.operator.channels()).length, 1, "the channel stands");
    const paid = paidOf(outcomes);
    assert(paid > 0, "payments were made");
    return { kills, paid, failed: outcomes.length - paid };
  } finally {
    await lab.close();
  }
}

function paidOf(outcomes: readonly { readonly end: PaymentOutcome }[]): number {
  return outcomes.filter(({ end }) => end.ok).length;
}

async function balances(a: LabNode, b: LabNode): Promise<[bigint, bigint]> {
  const [one, other] = await Promise.all([a.node.operator.balances(), b.node.operator.balances()]);
  return [one.lightningMsat, other.lightningMsat];
}

function answers({ node }: LabNode): Promise<true> {
  return until("it answers again", async () => {
    try {
      return (await node.info()).isSynced;
    } catch {
      return false;
    }
  }, AWAY_MS) as Promise<true>;
}

function invoiceOf({ node }: LabNode): Promise<string> {
  return until("an invoice", async () => {
    try {
      return await node.operator.createInvoice({ amountMsat: AMOUNT_MSAT, expirySecs: 600, description: "" });
    } catch {
      return null;
    }
  }, AWAY_MS);
}
