/**
 * The modules that run now, for those who only read: API calls go to a module's endpoints past the mailbox of its
 * actor, which is there for consensus alone. The actor shows its module here when it has started, and takes it away
 * when it ends. An object in memory: whoever reads it lives in the same thread as the modules.
 */
import type { ModuleInstanceId } from "../../../core/types/ids.ts";
import type { AnyServerModule, AnyServerModuleDefinition } from "../../../modules/contract/server.ts";

export type LiveModule = {
  readonly definition: AnyServerModuleDefinition;
  readonly module: AnyServerModule;
  /** Aborted when this incarnation of the module ends; its store is fenced by it. */
  readonly signal: AbortSignal;
};

export class LiveModules {
  readonly #live = new Map<ModuleInstanceId, LiveModule>();
  readonly #waiting = new Map<ModuleInstanceId, Set<(live: LiveModule) => void>>();

  /** Until `live.signal` is aborted. */
  publish(instance: ModuleInstanceId, live: LiveModule): void {
    this.#live.set(instance, live);
    live.signal.addEventListener("abort", () => {
      if (this.#live.get(instance) === live) this.#live.delete(instance);
    }, { once: true });
    const waiting = this.#waiting.get(instance) ?? [];
    this.#waiting.delete(instance);
    for (const found of waiting) found(live);
  }

  /** Undefined while it starts. */
  get(instance: ModuleInstanceId): LiveModule | undefined {
    return this.#live.get(instance);
  }

  /** As soon as it runs. Rejects with the signal's reason. */
  async when(instance: ModuleInstanceId, signal: AbortSignal): Promise<LiveModule> {
    const live = this.#live.get(instance);
    if (live) return live;
    signal.throwIfAborted();
    const waiting = this.#waiting.get(instance) ?? new Set();
    this.#waiting.set(instance, waiting);
    return await new Promise((resolve, reject) => {
      const abort = (): void => {
        waiting.delete(found);
        reject(signal.reason);
      };
      const found = (live: LiveModule): void => {
        signal.removeEventListener("abort", abort);
        resolve(live);
      };
      waiting.add(found);
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}
