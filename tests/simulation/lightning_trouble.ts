/**
 * People pay and are paid over Lightning while the gateway is killed at random and its node has bad days: every payment
 * ends, once, and all money is where it should be.
 */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import { faultsOf } from "../../client/gateway/node/simulated/faults.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { LightningError } from "../../modules/lnv2/client/error.ts";
import { assertConstant, LightningWorld } from "./lightning.ts";

const AMOUNT_MSAT = 20_000_000n;
const KILLS_MAX = 12;

/** What became of it all, by kind and outcome. */
export type Ended = ReadonlyMap<string, number>;

/** @param rounds payments of each kind */
export async function troubledGateway(
  { seed, total, rounds }: { readonly seed: number; readonly total: number; readonly rounds: number },
): Promise<Ended> {
  const world = await LightningWorld.start({ seed, total }), { here, there, node, outside } = world;
  const alice = await world.person("alice", here), bob = await world.person("bob", there);
  const carol = await world.person("carol", here), people = [alice, bob, carol];
  const { clock, dice } = here.world.process("fate").platform;
  const ended = new Map<string, number>();
  const totalMsat = world.lightning.totalMsat, outsideMsat = outside.books.localMsat;
  let isOver = false, outMsat = 0n, inMsat = 0n;
  node.faults = faultsOf({ lateMs: 500, lostCall: 0.1, lostAnswer: 0.1, toldTwice: 0.3, noRoute: 0.1, partsMax: 3 });

  const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await ask();
      } catch (thrown) {
        // the gateway is away, and nothing was done
        if (!(thrown instanceof LightningError) || thrown.code !== "gateway_failed") throw thrown;
      }
      await sleep(clock, 1_000);
    }
  };
  const count = (kind: string): void => void ended.set(kind, (ended.get(kind) ?? 0) + 1);

  const payOut = async (round: number): Promise<void> => {
    const payer = people[round % people.length]!;
    const invoice = await outside.connect().operator.createInvoice({
      amountMsat: AMOUNT_MSAT,
      expirySecs: 3_600,
      description: `${round}`,
    });
    const outcome = await asked(() => payer.pay(invoice));
    if (outcome === "success") outMsat += AMOUNT_MSAT;
    count(`out ${outcome}`);
  };
  const payIn = async (round: number): Promise<void> => {
    const payee = people[round % people.length]!;
    const { invoice, operationId } = await asked(() => payee.invoice(AMOUNT_MSAT));
    const paid = await outside.connect().pay({
      invoice: parseBolt11(invoice),
      feeLimitMsat: 1_000_000n,
      cltvLimit: 500,
    });
    if (!paid.ok) return count("in failed");
    inMsat += AMOUNT_MSAT + paid.value.feeMsat;
    assertEquals((await payee.lightning.awaitReceive(operationId)).outcome, "claimed");
    count("in claimed");
  };
  const swap = async (round: number): Promise<void> => {
    const payer = people[round % people.length]!, payee = people[(round + 1) % people.length]!;
    const { invoice, operationId } = await asked(() => payee.invoice(AMOUNT_MSAT));
    const outcome = await asked(() => payer.pay(invoice));
    count(`swap ${outcome}`);
    if (outcome === "success") {
      assertEquals((await payee.lightning.awaitReceive(operationId)).outcome, "claimed");
    }
  };
  const repeatedly = async (work: (round: number) => Promise<void>): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      await sleep(clock, dice.below(2_000));
      await work(round);
    }
  };
  const trouble = async (): Promise<void> => {
    for (let kill = 0; kill < KILLS_MAX && !isOver; kill++) {
      await sleep(clock, 500 + dice.below(4_000));
      world.killGateway();
      if (dice.below(3) === 0) node.restart();
      await sleep(clock, dice.below(2_000));
      await world.restartGateway();
    }
  };
  await here.play(async () => {
    const before = await world.gatewayMsat();
    const life = Promise.all([payOut, payIn, swap].map(repeatedly)).finally(() => isOver = true);
    await Promise.all([life, trouble()]);
    for (const person of people) await person.settled();
    for (const { wallet } of await world.gateway.federations.all()) await wallet.client.awaitIdle();
    assertEquals(outside.books.localMsat - outsideMsat, outMsat - inMsat, "the outside world got and paid each once");
    assert(await world.gatewayMsat() > before, "the gateway loses nothing");
  }, 7_200_000);
  assertConstant(world, totalMsat);
  return ended;
}
