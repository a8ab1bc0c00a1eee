/** The conformance suite over the memory store, with a disk at once and with a slow one. */
import { realClock } from "../platform/real/clock.ts";
import { conformance, type Database } from "./testing/conformance.ts";
import { MemoryBackend, type MemoryOptions, openMemoryStore } from "./memory.ts";

function create(options: MemoryOptions): () => Promise<Database> {
  return () => {
    const backend = new MemoryBackend(options);
    return Promise.resolve({
      open: () => openMemoryStore({ clock: realClock, backend }),
      remove: () => Promise.resolve(),
    });
  };
}

conformance("memory", create({}));
let reads = 0;
conformance(
  "slow memory",
  // Every hundredth read waits, so that writes overtake it.
  create({ clock: realClock, writeDelayMs: () => 1, readDelayMs: () => reads++ % 100 === 99 ? 2 : 0 }),
);
