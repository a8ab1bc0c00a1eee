/**
 * Memory of the embedded Lightning node's process: after its start, with a channel, and while payments go through it
 * both ways (`NODE_PAYMENTS` of them, 200). Resident memory as Linux tells it, the program's own pages among it.
 */
import { Lab } from "../../client/gateway/node/ldk/testing/lab.ts";
import type { LabNode } from "../../client/gateway/node/ldk/testing/lab.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";

const PAYMENTS = Number(Deno.env.get("NODE_PAYMENTS") ?? 200);
/** MB that it may have. */
const BOUND_MB = 140;

type Figure = { readonly name: string; readonly value: string; readonly ratio?: number };

async function residentMb({ pid }: LabNode): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${await pid()}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

export async function benchEmbeddedNode(): Promise<readonly Figure[]> {
  const lab = await Lab.open(), figures: Figure[] = [];
  const note = (name: string, megabytes: number): void => {
    figures.push({ name, value: `${megabytes.toFixed(0)} MB`, ratio: megabytes / BOUND_MB });
  };
  try {
    const [a, b] = await Promise.all([lab.node("a"), lab.node("b")]);
    note("after its start, of 140", await residentMb(a));
    await lab.fund(a);
    await lab.channel(a, b, 5_000_000n, 2_500_000n);
    note("with a channel", await residentMb(a));
    let most = 0;
    for (let i = 0; i < PAYMENTS; i++) {
      const [from, to] = i % 2 === 0 ? [a, b] : [b, a];
      const terms = { amountMsat: 1_000_000n, expirySecs: 600, description: "" };
      const invoice = parseBolt11(await to.node.operator.createInvoice(terms));
      const paid = await from.node.pay({ invoice, feeLimitMsat: 5_000n, cltvLimit: 500 });
      if (!paid.ok) throw new Error(`A payment failed: ${paid.error}`);
      most = Math.max(most, await residentMb(a));
    }
    note(`most while ${PAYMENTS} payments went through it`, most);
    note("after them", await residentMb(a));
    return figures;
  } finally {
    await lab.close();
  }
}
