/**
 * One evil guardian of four says every kind of message in every wrong way, on its own connections: the honest ones are
 * real broadcasts over real routers and links, with the simulated wire below. Their rounds go on, their links stay,
 * nothing crashes.
 */
import { assert, assertEquals } from "@std/assert";
import type { ActorSystem, Inspection, LogRecord } from "../../../actors/mod.ts";
import { child, createSystem, defineActor, next, refTo, reply, supervisor } from "../../../actors/mod.ts";
import type { ByteStream } from "../../../actors/platform/platform.ts";
import { openMemoryStore } from "../../../actors/store/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { encodeP2pMessage, receiveP2pMessage } from "../../../core/types/p2p_message.ts";
import type { HostileView } from "../../broadcast/testing/hostile.ts";
import { ATTACKS, EVIL, FORK, HONEST, keychains, units } from "../../broadcast/testing/hostile.ts";
import type { NetworkData, SignedAlert } from "../../broadcast/messages.ts";
import { alertHash, decodeMessage, encodeMessage } from "../../broadcast/messages.ts";
import type { SignedUnit } from "../../broadcast/graph/unit.ts";
import { frame, FrameReader } from "../../peers/framing.ts";
import { routerMemory } from "../../peers/router.ts";
import { Guardians, peer, PORT } from "../../peers/testing/guardians.ts";
import { peersTree, routerRef } from "../../peers/tree.ts";
import { newBoard } from "../session/board.ts";
import type { BroadcastMessage } from "../session/broadcast.ts";
import { broadcastChild } from "../session/broadcast.ts";
import type { MempoolMessage } from "../waiting/mempool.ts";
import { mempool } from "../waiting/mempool.ts";
import type { OutcomeMessage } from "../session/outcome.ts";
import { SETTINGS } from "./outcome.ts";
import { WastedWork } from "../wasted_work.ts";

/** Of the units that `server/broadcast/testing/hostile.ts` makes. */
const SESSION = 7;
const CALM_MS = 2_000, ATTACK_MS = 2_000, TICK_MS = 10;
const refs = {
  router: routerRef("root"),
  mempool: refTo<MempoolMessage>("root/mempool"),
  outcome: refTo<OutcomeMessage>("root/outcome"),
  broadcast: refTo<BroadcastMessage>("root/broadcast"),
};

type Honest = { readonly system: ActorSystem; readonly log: LogRecord[]; readonly ordered: string[] };

/** The evil guardian: it has connections, and hears what the others tell it. */
class Evil implements HostileView {
  readonly accusations: Bytes[] = [];
  readonly #newest = new Map<number, SignedUnit>();
  readonly #alerts: SignedAlert[] = [];
  readonly #streams: { readonly stream: ByteStream; isWriting: boolean }[] = [];
  readonly #from: (stream: ByteStream) => number;
  #byte = 0;
  /** Frames that were written, and that were not since the one before hadn't left. */
  written = 0;
  heldBack = 0;

  constructor(from: (stream: ByteStream) => number) {
    this.#from = from;
  }

  connect(stream: ByteStream): void {
    this.#streams[this.#from(stream)] = { stream, isWriting: false };
    void this.#hear(stream).catch(() => undefined);
  }

  async #hear(stream: ByteStream): Promise<void> {
    const frames = new FrameReader();
    for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
      for (const payload of frames.push(chunk) ?? []) {
        const message = receiveP2pMessage(payload);
        const decoded = message.tag === "Aleph" ? decodeMessage(message.value) : null;
        if (decoded?.ok) this.#heed(decoded.value);
      }
    }
  }

  #heed({ value: { tag, value } }: NetworkData): void {
    if (tag === "newUnit" && value.round >= (this.#newest.get(value.creator)?.round ?? 0)) {
      this.#newest.set(value.creator, value);
    }
    if (tag !== "forkAlert" || value.alert.sender === EVIL) return;
    this.#alerts.push(value);
    this.accusations.push(alertHash(value.alert));
  }

  get isConnected(): boolean {
    return HONEST.every((to) => this.#streams[to] !== undefined);
  }

  /** Says it all in one go, unless what it said before hasn't left yet. */
  say(to: number, messages: readonly (NetworkData | Bytes)[]): void {
    const connection = this.#streams[to]!;
    if (connection.isWriting) {
      this.heldBack += messages.length;
      return;
    }
    this.written += messages.length;
    connection.isWriting = true;
    const frames = messages.map((message) => {
      const value = message instanceof Uint8Array ? message : encodeMessage(message);
      return frame(encodeP2pMessage({ tag: "Aleph", value }));
    });
    const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
    frames.reduce((at, one) => (bytes.set(one, at), at + one.length), 0);
    connection.stream.write(bytes).then(() => connection.isWriting = false, () => undefined);
  }

  newest(creator: number): SignedUnit {
    return this.#newest.get(creator)!;
  }

  alerts(): readonly SignedAlert[] {
    return this.#alerts;
  }

  randomByte(): number {
    return this.#byte = (167 * this.#byte + 13) % 251;
  }
}

class Net {
  readonly guardians: Guardians;
  readonly honest: readonly Honest[];
  readonly evil: Evil;

  private constructor(guardians: Guardians, honest: readonly Honest[], evil: Evil) {
    this.guardians = guardians;
    this.honest = honest;
    this.evil = evil;
  }

  static async start(): Promise<Net> {
    const guardians = await Guardians.start(4, { started: 0 });
    const { identities, world } = guardians;
    const evil = new Evil((stream) =>
      identities.findIndex(({ certificate }) => `${certificate}` === `${stream.peerCertificate}`)
    );
    await world.process(`guardian${EVIL}`).platform.network.listenTls(
      { hostname: "0.0.0.0", port: PORT, identity: identities[EVIL]! },
      (stream) => evil.connect(stream),
    );
    const net = new Net(guardians, await Promise.all(HONEST.map((index) => honestGuardian(guardians, index))), evil);
    for (const { system, index } of net.honest.map((one, index) => ({ ...one, index }))) {
      await guardians.finish(system.start(await treeOf(guardians, index, net.honest[index]!)));
    }
    await guardians.until(() => evil.isConnected && net.honest.every(({ system }) => connectedOf(system) === 3));
    await guardians.until(() => HONEST.every((creator) => evil.newest(creator) !== undefined));
    return net;
  }

  /** The least that one of them has come to. */
  rounds(): number {
    return Math.min(...this.honest.map(({ system }) => Number(find(system, "/broadcast").facts.round)));
  }

  run(forMs: number): Promise<void> {
    return this.guardians.world.run({ forMs });
  }
}

function honestGuardian({ world }: Guardians, index: number): Honest {
  const log: LogRecord[] = [];
  const { platform } = world.process(`guardian${index}`);
  return { system: createSystem({ platform, log: (record) => log.push(record) }), log, ordered: [] };
}

async function treeOf(guardians: Guardians, index: number, { ordered }: Honest) {
  const { identities, world } = guardians;
  const others = identities.flatMap(({ certificate }, i) => {
    const address = { hostname: `guardian${i}`, port: PORT, name: `guardian${i}`, certificate };
    return i === index ? [] : [[peer(i), address] as const];
  });
  const outcome = defineActor<Extract<OutcomeMessage, { type: "life" | "ordered" }>, null, null>({
    name: "outcome",
    init: () => null,
    handle: {
      life: (state) => reply(state, 1),
      ordered: (state, { units }) => {
        for (const { round, creator } of units) ordered.push(`${round}.${creator}`);
        return next(state);
      },
    },
  });
  const store = await guardians.finish(openMemoryStore({ clock: world.process(`guardian${index}`).platform.clock }));
  return supervisor("root", {
    children: [
      peersTree({
        parent: "root",
        self: peer(index),
        identity: identities[index]!,
        bind: { hostname: "0.0.0.0", port: PORT },
        others: new Map(others),
        memory: routerMemory(),
      }),
      child(outcome, { args: null }),
      child(mempool, { args: { board: newBoard() } }),
      broadcastChild({
        session: SESSION,
        settings: { ...SETTINGS, identity: peer(index), roundsPerSession: 1_000 },
        keychain: keychains[index]!,
        store,
        ownUnits: { ordered: SESSION - 1, foreign: null, rounds: 0 },
        wasted: new WastedWork(),
        copyFound: () => assert(false, "there is no copy"),
        ...refs,
      }),
    ],
  });
}

function find(system: ActorSystem, end: string): Inspection {
  const search = (node: Inspection): Inspection | undefined =>
    node.path.endsWith(end) ? node : node.children.map(search).find((found) => found !== undefined);
  return search(system.inspect())!;
}

const connectedOf = (system: ActorSystem): unknown => find(system, "/router").facts.connected;

/** @param title of one of `ATTACKS` */
export async function attackOverLinks(title: string): Promise<void> {
  const { afterFork, say } = ATTACKS[title]!;
  const net = await Net.start();
  if (afterFork) {
    for (const to of HONEST) net.evil.say(to, FORK.map((value) => units({ tag: "newUnit", value })));
    await net.guardians.until(() => net.evil.accusations.length >= HONEST.length);
  }
  const start = net.rounds();
  await net.run(CALM_MS);
  const calm = (net.rounds() - start) / CALM_MS;
  const before = net.rounds();
  for (let tick = 0; tick < ATTACK_MS / TICK_MS; tick++) {
    for (const index of HONEST) net.evil.say(index, say(net.evil, { index }, tick));
    await net.run(TICK_MS);
  }
  const during = (net.rounds() - before) / ATTACK_MS;
  assert(calm > 0.01, `${1_000 * calm} rounds a second before`);
  assert(during >= calm * 0.9, `${1_000 * during} rounds a second instead of ${1_000 * calm}`);
  assert(net.evil.written > 100, `${net.evil.written} messages`);
  const [longest] = net.honest.map(({ ordered }) => ordered).sort((x, y) => y.length - x.length);
  for (const { system, log, ordered } of net.honest) {
    assertEquals(ordered, longest!.slice(0, ordered.length));
    assertEquals(log.filter(({ level }) => level === "error"), [], "nothing crashes");
    assertEquals(log.filter(({ message }) => message === "Connection to guardian closed"), []);
    for (const link of HONEST.filter((other) => system !== net.honest[other]!.system)) {
      assertEquals(find(system, `/link:${link}`).facts.dropped, 0, "what honest guardians say to each other leaves");
    }
  }
}
