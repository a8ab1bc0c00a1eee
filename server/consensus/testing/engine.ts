/**
 * For tests of the engine: a module that counts votes, a disk that is seen writing, and lives of a guardian over that
 * disk.
 */
import type { MemoryOptions, Store } from "../../../actors/store/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../../actors/store/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { ManualClock } from "../../../actors/store/testing/mod.ts";
import { u64 } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { ConsensusItem } from "../../../core/types/session.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import { dump } from "../../../modules/contract/testing/mod.ts";
import type { ConsensusTest } from "./processing.ts";
import { codecsWith, refs, withConsensus } from "./processing.ts";

export const codecs = codecsWith({ consensusItem: u64 });

/** Votes that are refused after a write, that break, and after which liabilities exceed assets. */
export const REFUSED = 1_000n, BREAKS = 1_001n, BANKRUPT = 1_002n;

const BANKRUPT_KEY = Uint8Array.of(0xee);

export type Counting = Partial<AnyServerModule> & { processed: number };

/** Takes each vote once a guardian; `processed`: how often it was asked. */
export function counting(): Counting {
  const module: Counting = {
    processed: 0,
    processConsensusItem: async (tx, number: bigint, peer) => {
      module.processed++;
      if (number === BREAKS) throw new TypeError("undefined is not a function");
      const key = Uint8Array.of(1, peer, Number(number >> 8n), Number(number & 0xffn));
      const voted = await tx.get(key) !== undefined;
      tx.set(key, Uint8Array.of(7));
      tx.set(Uint8Array.of(2), Uint8Array.of(peer));
      if (number === BANKRUPT) tx.set(BANKRUPT_KEY, Uint8Array.of(1));
      return voted || number === REFUSED ? err("voted before") : ok(null);
    },
    consensusProposal: () => Promise.resolve([]),
    audit: async (tx) => await tx.get(BANKRUPT_KEY) === undefined ? 0n : -5n,
    apiEndpoints: {},
  };
  return module;
}

export type Process = (
  position: number,
  item: ConsensusItem,
  options?: { readonly peer?: number; readonly session?: number },
) => Promise<Result<null, string>>;

/** One item that is ordered alone. */
export async function processOne(
  { system }: Pick<ConsensusTest, "system">,
  { session, position, item, peer }: { session: number; position: number; item: ConsensusItem; peer: PeerId },
): Promise<Result<null, string>> {
  const { accepted, refused } = await system.ask(refs.engine, "process", {
    session,
    position,
    items: [{ item, peer }],
  });
  return accepted === 1 ? ok(null) : err(refused!);
}

/** Ends a session in which `position` items were accepted. */
export async function endSession(
  { system }: Pick<ConsensusTest, "system">,
  session: number,
  position: number,
  signatures: ReadonlyMap<PeerId, Bytes> = new Map(),
): Promise<void> {
  const sealed = await system.ask(refs.engine, "seal", { session, position });
  assert(sealed, "the store has these items and no others");
  await system.ask(refs.engine, "complete", { session, root: sealed.root, signatures });
}

export type EngineTest = ConsensusTest & { readonly process: Process };

/** Its clock is apart from that of the actors. */
export class Disk {
  readonly clock = new ManualClock();
  writes = 0;
  #backend: MemoryBackend;
  readonly #options: MemoryOptions;

  constructor(writeMs = 0) {
    this.#options = { clock: this.clock, writeDelayMs: () => writeMs, onWrite: () => void this.writes++ };
    this.#backend = new MemoryBackend(this.#options);
  }

  /** One life of a guardian. */
  async life(module: Partial<AnyServerModule>, body: (test: EngineTest) => Promise<void>): Promise<void> {
    const opening = openMemoryStore({ clock: this.clock, backend: this.#backend });
    await this.clock.advance(1_000);
    const store: Store = await opening;
    await withConsensus(
      module,
      codecs,
      async (test) => {
        const process: Process = (position, item, { peer = 1, session = 0 } = {}) =>
          processOne(test, { session, position, item, peer });
        await body({ ...test, process });
      },
      () => [],
      store,
    );
  }

  /** What a start would find. */
  async found(): Promise<string[]> {
    const store = await openMemoryStore({ clock: this.clock, backend: this.#backend.copy({}) });
    return await dump(store);
  }

  /** What was not written is gone. */
  crash(): void {
    this.#backend = this.#backend.crash(this.#options);
  }
}
