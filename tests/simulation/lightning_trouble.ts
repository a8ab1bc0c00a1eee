/**
 * People pay and are paid over Lightning while gateways, their nodes, guardians and people's programs are killed at
 * random, links are cut, clocks are a month wrong, and nodes have bad days: every payment ends, once, and all money is
 * where it should be.
 */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import { faultsOf, FORGETS_WITHIN_MS } from "../../client/gateway/node/simulated/faults.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { assertConstant, LightningWorld } from "./lightning.ts";
import type { Person } from "./person.ts";
import type { SimulatedGateway } from "./simulated_gateway.ts";

const AMOUNT_MSAT = 20_000_000n;
/** Of a payment, for whoever is asked: gateways take 0.6 % and 4 sat at most, federations a few sat for each note. */
const FEES_MAX_MSAT = 500_000n;
const TROUBLES_MAX = 30;
/** What can't be paid any more is over then. */
const EXPIRY_SECS = 900;
const MONTH_MS = 30 * 86_400_000;
const FAULTS = {
  lateMs: 500,
  lostCall: 0.1,
  lostAnswer: 0.1,
  toldTwice: 0.3,
  noRoute: 0.1,
  stuck: 0.2,
  stuckMs: 10_000,
  partsMax: 3,
  forgetsHeld: 0.5,
};

export type TroubleOptions = {
  readonly seed: number;
  /** Guardians of each federation. One of four is killed at a time; one alone lives on. */
  readonly total: number;
  /** Payments of each kind. */
  readonly rounds: number;
  readonly gateways: number;
};

export type Ended = {
  /** How many payments ended, by kind and outcome. */
  readonly payments: ReadonlyMap<string, number>;
  /** How often something went wrong, by what it was. */
  readonly troubles: ReadonlyMap<string, number>;
};

class Tally {
  readonly counts = new Map<string, number>();

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** What somebody should have by now, but for fees. */
class Expected {
  readonly #of = new Map<Person, { msat: bigint; payments: bigint }>();

  /** @param msat what the payment has brought to the person; 0 where it failed */
  payment(person: Person, msat: bigint): void {
    const of = this.#of.get(person) ?? { msat: 0n, payments: 0n };
    of.msat += msat;
    of.payments++;
    this.#of.set(person, of);
  }

  async assertFulfilled(before: ReadonlyMap<Person, bigint>): Promise<void> {
    for (const [person, { msat, payments }] of this.#of) {
      const feesMsat = before.get(person)! + msat - await person.balance();
      assert(feesMsat >= 0n && feesMsat <= payments * FEES_MAX_MSAT, `${person.name} paid ${feesMsat} msat of fees`);
    }
  }
}

type Story = {
  readonly world: LightningWorld;
  readonly options: TroubleOptions;
  readonly payments: Tally;
  readonly expected: Expected;
  /** By the outside world: what it should have got and paid. */
  readonly outside: { gotMsat: bigint; paidMsat: bigint };
};

function kindsOf({ world, options, payments, expected, outside }: Story) {
  const { outside: node, people, gateways } = world;
  const gatewayOf = (round: number): SimulatedGateway => gateways[round % gateways.length]!;
  const other = (round: number): SimulatedGateway => gatewayOf(round + 1);
  const personOf = (round: number): Person => people[round % people.length]!;

  const out = async (round: number): Promise<void> => {
    const payer = personOf(round), terms = { amountMsat: AMOUNT_MSAT, expirySecs: 3_600, description: `${round}` };
    const outcome = await payer.pay(await node.connect().operator.createInvoice(terms), gatewayOf(round).url);
    if (outcome === "success") outside.gotMsat += AMOUNT_MSAT;
    expected.payment(payer, outcome === "success" ? -AMOUNT_MSAT : 0n);
    payments.add(`out ${outcome}`);
  };
  const into = async (round: number): Promise<void> => {
    const payee = personOf(round + 1);
    const { invoice, operationId } = await payee.invoice(AMOUNT_MSAT, other(round).url, EXPIRY_SECS);
    const paid = await node.connect().pay({
      invoice: parseBolt11(invoice),
      feeLimitMsat: 1_000_000n,
      cltvLimit: 500,
    });
    if (!paid.ok) return payments.add("in failed");
    outside.paidMsat += AMOUNT_MSAT + paid.value.feeMsat;
    assertEquals(await payee.received(operationId), "claimed");
    expected.payment(payee, AMOUNT_MSAT);
    payments.add("in claimed");
  };
  const between = (kind: string, from: (round: number) => SimulatedGateway) => async (round: number): Promise<void> => {
    const payer = personOf(round), payee = personOf(round + 1);
    const { invoice, operationId } = await payee.invoice(AMOUNT_MSAT, gatewayOf(round).url, EXPIRY_SECS);
    const outcome = await payer.pay(invoice, from(round).url);
    payments.add(`${kind} ${outcome}`);
    expected.payment(payer, outcome === "success" ? -AMOUNT_MSAT : 0n);
    if (outcome !== "success") return;
    assertEquals(await payee.received(operationId), "claimed");
    expected.payment(payee, AMOUNT_MSAT);
  };
  const across = options.gateways > 1 ? [between("across", other)] : [];
  return [out, into, between("swap", gatewayOf), ...across];
}

/** What goes wrong, one thing after the other, each mended before the next. */
async function trouble({ world, options }: Story, troubles: Tally, isOver: () => boolean): Promise<void> {
  const { here, there, gateways, people } = world, { total } = options;
  const { clock, dice } = here.world.process("fate").platform;
  const one = <T>(of: readonly T[]): T => of[dice.below(of.length)]!;
  const some = (): Promise<void> => sleep(clock, dice.below(3_000));
  const names = people.map(({ name }) => name);
  // as many as may be wrong: what time it is guardians agree on, and never take back
  const guardians = total < 4 ? [] : [here, there].map((federation) => federation.machine(total - 1));
  const kinds: Record<string, () => Promise<void>> = {
    gateway: async () => {
      const gateway = one(gateways);
      gateway.kill();
      if (dice.below(3) === 0) gateway.node.restart();
      await some();
      await gateway.restart();
    },
    node: async () => {
      const { node } = one(gateways);
      node.stop();
      await some();
      node.start();
    },
    // right after it has told of a payment: it may have forgotten that when it is back
    forgetful: async () => {
      const { node } = one(gateways), isTold = Promise.withResolvers<void>(), known = node.held().length;
      const unwatch = node.watch(() => node.held().length > known && isTold.resolve());
      await Promise.race([isTold.promise, sleep(clock, 3_000)]);
      unwatch();
      await sleep(clock, dice.below(FORGETS_WITHIN_MS));
      node.stop();
      await some();
      node.start();
    },
    person: async () => {
      const person = one(people);
      person.kill();
      await some();
      await person.restart();
    },
    // of a person or a gateway to guardians or the other
    link: async () => {
      const { machine } = one(gateways), federation = one([here, there]);
      const peer = dice.below(2) === 0 ? federation.machine(dice.below(total)) : one(people).name;
      here.world.partition(machine, peer);
      await some();
      here.world.heal(machine, peer);
    },
    // a month forward or back, and right again; what people ask for at a time that is to come ends only then
    clock: async () => {
      const machine = one([...guardians, ...gateways.map((each) => each.machine), ...names]);
      const isBack = names.includes(machine) || dice.below(2) === 0;
      here.world.process(machine).setClock(isBack ? -MONTH_MS : MONTH_MS);
      await some();
      here.world.process(machine).setClock(0);
    },
    ...(total >= 4 && {
      guardian: async () => {
        const federation = one([here, there]), peer = dice.below(total);
        federation.kill(peer);
        await some();
        await federation.restart(peer);
      },
    }),
  };
  for (let count = 0; count < TROUBLES_MAX && !isOver(); count++) {
    await sleep(clock, 300 + dice.below(1_500));
    const kind = one(Object.keys(kinds));
    await kinds[kind]!();
    troubles.add(kind);
  }
}

async function repeatedly(story: Story, work: (round: number) => Promise<void>): Promise<void> {
  const { clock, dice } = story.world.here.world.process("fate").platform;
  for (let round = 0; round < story.options.rounds; round++) {
    await sleep(clock, dice.below(2_000));
    await work(round);
  }
}

/** @throws AssertionError when money was lost or made, or somebody's payment was made twice */
export async function troubledGateways(options: TroubleOptions): Promise<Ended> {
  const world = await LightningWorld.start(options), { here, there, gateways } = world;
  await world.person("alice", here);
  await world.person("bob", there);
  await world.person("carol", here);
  const outside = { gotMsat: 0n, paidMsat: 0n }, outsideMsat = world.outside.books.localMsat;
  const story: Story = { world, options, payments: new Tally(), expected: new Expected(), outside };
  const totalMsat = world.lightning.totalMsat, troubles = new Tally();
  for (const { node } of gateways) node.faults = faultsOf(FAULTS);
  let isOver = false;
  await here.play(async () => {
    const before = new Map<Person, bigint>(), gatewaysMsat: bigint[] = [];
    for (const person of world.people) before.set(person, await person.balance());
    for (const gateway of gateways) gatewaysMsat.push(await gateway.totalMsat());
    const life = Promise.all(kindsOf(story).map((kind) => repeatedly(story, kind))).finally(() => isOver = true);
    await Promise.all([life, trouble(story, troubles, () => isOver)]);
    await world.settled();
    const { gotMsat, paidMsat } = outside;
    assertEquals(world.outside.books.localMsat - outsideMsat, gotMsat - paidMsat, "outside: each once");
    for (const [index, gateway] of gateways.entries()) {
      assert(await gateway.totalMsat() >= gatewaysMsat[index]!, `${gateway.machine} lost money`);
    }
    await story.expected.assertFulfilled(before);
    await world.assertBalanced();
  }, 7_200_000);
  assertConstant(world, totalMsat);
  return { payments: story.payments.counts, troubles: troubles.counts };
}

/** All payments of a run ended, and not all of them badly. */
export function assertEnded({ payments, troubles }: Ended, { rounds, gateways }: TroubleOptions): void {
  const what = [...payments, ...troubles].join(" ");
  const sum = (counts: readonly (readonly [string, number])[]): number =>
    counts.reduce((all, [, count]) => all + count, 0);
  const all = rounds * (gateways > 1 ? 4 : 3);
  assertEquals(sum([...payments]), all, what);
  const made = sum([...payments].filter(([kind]) => kind.endsWith("success") || kind.endsWith("claimed")));
  assert(made >= all / 2, what);
}
