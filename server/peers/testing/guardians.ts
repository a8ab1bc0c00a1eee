/** For the tests of this folder: guardians in a simulated world that have their links and nothing else. */
import type { ActorSystem, Inspection, LogRecord } from "../../../actors/mod.ts";
import { child, createSystem, defineActor, next, supervisor } from "../../../actors/mod.ts";
import type { ByteStream, Platform, TlsIdentity } from "../../../actors/platform/platform.ts";
import type { LinkBehaviour } from "../../../actors/platform/simulated/mod.ts";
import { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { P2pMessage, ReceivedP2pMessage } from "../../../core/types/p2p_message.ts";
import { routerMemory } from "../router.ts";
import type { PeerMessage, RouterRef } from "../router.ts";
import { certificateName, peersTree, routerRef } from "../tree.ts";

export const PORT = 8173;

export function sessionIndex(index: number): P2pMessage {
  return { tag: "SessionIndex", value: BigInt(index) };
}

export function peer(index: number): PeerId {
  return index as PeerId;
}

function textOf({ tag, value }: ReceivedP2pMessage): string {
  return tag === "SessionIndex" ? `${value}` : tag;
}

type ListeningArgs = {
  readonly router: RouterRef;
  readonly seen: (from: PeerId, message: ReceivedP2pMessage) => void;
  /** Of which guardians messages are taken; default of all. */
  readonly takes?: (from: PeerId) => boolean;
};

/** Subscribes to the router and tells `seen` of what comes. */
export const listening = defineActor<
  PeerMessage,
  ListeningArgs,
  ListeningArgs
>({
  name: "listening",
  init: (ctx, args) => {
    ctx.tell(args.router, "subscribe", { consumer: ctx.self });
    return args;
  },
  handle: {
    peerMessage: (state, { from, id, message }, ctx) => {
      state.seen(from, message);
      if (state.takes?.(from) ?? true) ctx.tell(state.router, "taken", { from, id });
      return next(state);
    },
  },
});

export class Guardian {
  readonly log: LogRecord[] = [];
  /** `sender:index` of each message, as they came. */
  readonly received: string[] = [];
  /** When it dialled, in time of the world. */
  readonly dials: number[] = [];
  /** How often a stream that it accepted or dialled was closed. */
  closes = 0;
  readonly system: ActorSystem;

  constructor(world: SimulatedWorld, platform: Platform) {
    const { network } = platform;
    const counting = (stream: ByteStream): ByteStream => ({
      peerCertificate: stream.peerCertificate,
      read: () => stream.read(),
      write: (bytes) => stream.write(bytes),
      close: () => {
        this.closes++;
        stream.close();
      },
    });
    this.system = createSystem({
      platform: {
        ...platform,
        network: {
          ...network,
          listenTls: (options, onConnection) =>
            network.listenTls(options, (stream, remote) => onConnection(counting(stream), remote)),
          dialTls: async (options) => {
            this.dials.push(world.nowMs);
            return counting(await network.dialTls(options));
          },
        },
      },
      log: (record) => this.log.push(record),
    });
  }

  send(to: number | "all", index: number): void {
    const target = to === "all" ? to : peer(to);
    this.system.tell(routerRef("root"), "send", { to: target, message: sessionIndex(index) });
  }

  /** Why connections were closed. */
  closed(): unknown[] {
    return this.log.filter(({ message }) => message === "Connection to guardian closed")
      .map(({ facts }) => facts.reason);
  }

  connects(): number {
    return this.log.filter(({ message }) => message === "Connected to guardian").length;
  }

  warnings(): string[] {
    return this.log.filter(({ level }) => level === "warn" || level === "error").map(({ message }) => message);
  }

  inspect(name: string): Inspection {
    const [peers] = this.system.inspect().children;
    return peers!.children.find(({ path }) => path.endsWith(`/${name}`))!;
  }
}

export class Guardians {
  readonly world: SimulatedWorld;
  readonly identities: readonly TlsIdentity[];
  readonly all: Guardian[] = [];

  private constructor(world: SimulatedWorld, identities: readonly TlsIdentity[]) {
    this.world = world;
    this.identities = identities;
  }

  /** The first `started` of `count` guardians run, with all links between them up. */
  static async start(count: number, { started = count, link }: {
    readonly started?: number;
    readonly link?: Partial<LinkBehaviour>;
  } = {}): Promise<Guardians> {
    const world = new SimulatedWorld(3, link ? { link } : {});
    const identities: TlsIdentity[] = [];
    for (let i = 0; i < count; i++) {
      const { network } = world.process(`guardian${i}`).platform;
      identities.push(await network.makeTlsIdentity(certificateName(`guardian${i}`)));
    }
    const guardians = new Guardians(world, identities);
    for (let i = 0; i < started; i++) await guardians.startOne(i);
    await guardians.until(() => guardians.all.every((_, i) => guardians.connected(i) === started - 1));
    return guardians;
  }

  async startOne(self: number, platform = this.world.process(`guardian${self}`).platform): Promise<Guardian> {
    const guardian = new Guardian(this.world, platform);
    this.all[self] = guardian;
    const others = this.identities.map(({ certificate }, i) =>
      [peer(i), { hostname: `guardian${i}`, port: PORT, name: `guardian${i}`, certificate }] as const
    ).filter(([id]) => id !== self);
    const tree = peersTree({
      parent: "root",
      self: peer(self),
      identity: this.identities[self]!,
      bind: { hostname: "0.0.0.0", port: PORT },
      others: new Map(others),
      memory: routerMemory(),
    });
    const seen = (from: PeerId, message: ReceivedP2pMessage) => guardian.received.push(`${from}:${textOf(message)}`);
    const consumer = child(listening, { args: { router: routerRef("root"), seen } });
    await this.finish(guardian.system.start(supervisor("root", { children: [tree, consumer] })));
    return guardian;
  }

  connected(self: number): number {
    return this.all[self]!.inspect("router").facts.connected as number;
  }

  until(condition: () => boolean, forMs = 60_000): Promise<void> {
    return this.world.run({ until: condition, forMs });
  }

  finish<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise, { forMs: 60_000 });
  }

  /** Dials the listener of `to` from the machine `from`, as whoever has `identity`. */
  dial(from: string, to: number, identity: TlsIdentity): Promise<ByteStream> {
    const { network } = this.world.process(from).platform;
    return this.finish(network.dialTls({
      hostname: `guardian${to}`,
      port: PORT,
      serverName: certificateName(`guardian${to}`),
      identity,
      timeoutMs: 10_000,
    }));
  }
}
