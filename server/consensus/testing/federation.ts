/**
 * For tests of sessions: guardians with the real tree of consensus and the real router over a module that counts votes,
 * without TLS, API and setup. Between them is what the test makes of it.
 */
import { child, createSystem, refTo, supervisor } from "../../../actors/mod.ts";
import { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import type { MemoryOptions } from "../../../actors/store/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../../actors/store/mod.ts";
import { u64 } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { AcceptedItem, SignedSessionOutcome } from "../../../core/types/session.ts";
import type { AnyServerModule, AnyServerModuleDefinition, ServerModuleEnv } from "../../../modules/contract/server.ts";
import type { Keychain } from "../../broadcast/keychain.ts";
import type { LinkMessage } from "../../peers/link.ts";
import { router, routerMemory } from "../../peers/router.ts";
import { consensusTree, modulesOf } from "../../tree.ts";
import { newBoard } from "../session/board.ts";
import { recordsIn } from "../../broadcast/own/backup.ts";
import { finishedSessions, UNITS_PREFIX } from "../store/db.ts";
import { itemsIn, sessionIn } from "./db.ts";
import { apiOf, linkBetween, TestGuardian } from "./guardian.ts";
import { codecsWith, dealtKeychains, INSTANCE } from "./processing.ts";

const DISK_MS = 3;

export const voteKey = (peer: number, number: bigint): Uint8Array => Uint8Array.of(peer, Number(number));

/** Takes each number below 256 once a guardian; proposes those that are wanted. */
function votes(identity: number, guardian: TestGuardian): Partial<AnyServerModule> {
  return {
    processConsensusItem: async (tx, number: bigint, peer, signal) => {
      await guardian.held?.(signal);
      if (await tx.get(voteKey(peer, number)) !== undefined) return err("voted before");
      tx.set(voteKey(peer, number), Uint8Array.of(1));
      return ok(null);
    },
    consensusProposal: async (tx) => {
      const voted = new Set<bigint>();
      for await (const { key } of tx.range({ prefix: Uint8Array.of(identity) })) voted.add(BigInt(key[1]!));
      return guardian.wanted.filter((number) => !voted.has(number));
    },
    audit: () => Promise.resolve(0n),
    apiEndpoints: {},
  };
}

export type FederationOptions = {
  readonly total: number;
  readonly roundsPerSession?: number;
  readonly sessionTimeoutMs?: number;
};

export class Federation {
  readonly world: SimulatedWorld;
  readonly guardians: TestGuardian[] = [];
  readonly #options: FederationOptions;
  readonly #keys: ReturnType<typeof dealtKeychains>;

  private constructor(world: SimulatedWorld, options: FederationOptions) {
    this.world = world;
    this.#options = options;
    this.#keys = dealtKeychains(options.total);
  }

  static async start(seed: number, options: FederationOptions): Promise<Federation> {
    const federation = new Federation(new SimulatedWorld(seed), options);
    for (let index = 0; index < options.total; index++) {
      const disk = new MemoryBackend(federation.#diskOptions(index));
      federation.guardians.push(new TestGuardian(index, disk));
    }
    for (const guardian of federation.guardians) await federation.begin(guardian);
    return federation;
  }

  #diskOptions(index: number): MemoryOptions {
    return {
      clock: this.world.process(`g${index}`).platform.clock,
      writeDelayMs: () => DISK_MS,
      onWrite: (_count, { length }) => {
        const { cost } = this.guardians[index]!;
        cost.commits++;
        cost.entries += length;
      },
      onRead: () => void this.guardians[index]!.cost.reads++,
    };
  }

  async begin(guardian: TestGuardian): Promise<void> {
    const { total, roundsPerSession = 20, sessionTimeoutMs = 600_000 } = this.#options;
    const { index } = guardian;
    const { platform } = this.world.process(`g${index}`);
    const store = await this.finish(openMemoryStore({ clock: platform.clock, backend: guardian.disk }));
    const system = createSystem({
      platform,
      // a killed process says nothing, though its code may still see its disk fail
      log: (record) => {
        if (guardian.system === system) guardian.log.push(record);
      },
    });
    const codecs = codecsWith({ consensusItem: u64 });
    const definition = {
      kind: "test",
      codecs,
      start: ({ identity }: ServerModuleEnv<null, null>) => Promise.resolve(votes(identity, guardian)),
    } as unknown as AnyServerModuleDefinition;
    const configured = new Map([[INSTANCE, { definition, config: null, privateConfig: null }]]);
    const { broadcastKeys, keychains } = this.#keys;
    const board = newBoard();
    const tree = consensusTree({
      store,
      settings: {
        identity: index,
        peers: numPeers(total),
        broadcastKeys,
        version: { major: 2, minor: 1 },
        roundsPerSession,
        roundDelayMs: 50,
        sessionTimeoutMs,
        testEnvironment: true,
      },
      keychain: counted(keychains[index]!, guardian),
      configured,
      modules: modulesOf(configured),
      board,
      bitcoin: {
        status: () => Promise.resolve(null),
        blockAt: () => Promise.reject(),
        broadcast: () => Promise.reject(),
      },
      ready: () => Promise.resolve(),
      shutdown: () => void guardian.shutdowns++,
      disagreed: (found) => void guardian.disagreements.push(found),
      copyFound: () => void guardian.copiesFound++,
    });
    const others = this.guardians.filter((other) => other !== guardian);
    const links = new Map(
      others.map((other) => [other.index, refTo<LinkMessage>(`guardian/peers/link:${other.index}`)]),
    );
    guardian.system = system;
    guardian.store = store;
    guardian.board = board;
    await this.finish(system.start(supervisor("guardian", {
      children: [
        supervisor("peers", {
          children: [
            child(router, { args: { links, memory: routerMemory() } }),
            ...others.map((other) => child(linkBetween(guardian, other), { args: null })),
          ],
        }),
        supervisor("federation", { children: others.map((other) => child(apiOf(other), { args: null })) }),
        tree,
      ],
    })));
  }

  /** SIGKILL: what was not durable is lost. */
  kill(guardian: TestGuardian): void {
    guardian.system = guardian.store = null;
    this.world.process(`g${guardian.index}`).kill();
    guardian.disk = guardian.disk.crash();
  }

  async restart(guardian: TestGuardian): Promise<void> {
    this.world.process(`g${guardian.index}`).restart();
    guardian.disk = guardian.disk.crash(this.#diskOptions(guardian.index));
    await this.begin(guardian);
  }

  finish<T>(promise: Promise<T>, forMs = 60_000): Promise<T> {
    return this.world.finish(promise, { forMs });
  }

  run(forMs: number): Promise<void> {
    return this.world.run({ forMs });
  }

  until(condition: () => boolean, forMs = 300_000): Promise<void> {
    return this.world.run({ until: condition, forMs });
  }

  /** Index of its running session; −1 while there is none. */
  session(guardian: TestGuardian): number {
    return (guardian.inspect("/consensus/sessions")?.facts.session ?? -1) as number;
  }

  outcomes(guardian: TestGuardian): Promise<SignedSessionOutcome[]> {
    return this.finish(guardian.store!.read(async (tx) => {
      const outcomes: SignedSessionOutcome[] = [];
      const count = await finishedSessions(tx);
      for (let session = 0; session < count; session++) outcomes.push((await sessionIn(tx, session))!);
      return outcomes;
    }));
  }

  /** Each guardian's finished sessions up to the one that all have. */
  async agreed(): Promise<SignedSessionOutcome[][]> {
    const all: SignedSessionOutcome[][] = [];
    for (const guardian of this.guardians) all.push(await this.outcomes(guardian));
    const count = Math.min(...all.map(({ length }) => length));
    return all.map((outcomes) => outcomes.slice(0, count));
  }

  /** Items and units of the running session that are in the store. */
  pending(guardian: TestGuardian): Promise<{ readonly items: AcceptedItem[]; readonly units: number }> {
    return this.finish(guardian.store!.read(async (tx) => {
      let units = 0;
      for await (const { value } of tx.range({ prefix: UNITS_PREFIX })) units += [...recordsIn(value)].length;
      return { items: await itemsIn(tx, await finishedSessions(tx)), units };
    }));
  }
}

function counted(keychain: Keychain, { cost }: TestGuardian): Keychain {
  return {
    index: keychain.index,
    sign: (message) => {
      cost.signatures++;
      return keychain.sign(message);
    },
    verify: (index, message, signature) => {
      cost.checks++;
      return keychain.verify(index, message, signature);
    },
  };
}

/** `guardian:number` of each vote, session by session. */
export function votesOf(outcomes: readonly SignedSessionOutcome[]): string[][] {
  return outcomes.map(({ sessionOutcome }) =>
    sessionOutcome.items.map(({ item, peer }) => `${peer}:${item.tag === "Module" ? item.value.body.at(-1) : item.tag}`)
  );
}
