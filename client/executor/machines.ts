/**
 * What running state machines share: the modules that know their states, and the step that moves one state to the next
 * with all its effects in one store transaction.
 */
import type { StoreView } from "../../actors/store/store.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { AnyStateOwner, Operations } from "../core/core.ts";
import type { Transition } from "../../modules/contract/client_env.ts";
import { NotReady } from "../../modules/contract/client_env.ts";
import type { StateId } from "./states.ts";
import { activeStates, isActive, leaveState } from "./states.ts";

export class Machines {
  readonly #store: StoreView;
  readonly #operations: Operations;
  readonly #owners: ReadonlyMap<ModuleInstanceId, AnyStateOwner>;

  constructor(store: StoreView, operations: Operations, owners: ReadonlyMap<ModuleInstanceId, AnyStateOwner>) {
    this.#store = store;
    this.#operations = operations;
    this.#owners = owners;
  }

  /** States of a module that isn't loaded, or recovers first, rest untouched. */
  canRun(id: StateId): boolean {
    const owner = this.#owners.get(id.instance);
    return owner !== undefined && (owner.runs?.() ?? true);
  }

  active(): Promise<StateId[]> {
    return this.#store.read((tx) => activeStates(tx));
  }

  isActive(id: StateId): Promise<boolean> {
    return this.#store.read((tx) => isActive(tx, id));
  }

  /** A state that nothing leads out of, added before its module ran. */
  async leave(id: StateId): Promise<void> {
    await this.#operations.transactOnce(id.operationId, id.instance, async (tx) => {
      await leaveState(tx.root, id, tx.nowUs());
    });
  }

  // deno-lint-ignore no-explicit-any -- the state's type is the module's own
  transitions(id: StateId): readonly Transition<any>[] {
    const owner = this.#owners.get(id.instance)!;
    return owner.transitions(decode(owner.codec, id.state), id.operationId);
  }

  /**
   * Happens once: a state that was left before changes nothing. Resolves when durable.
   * @returns what it waits for when it is not ready
   */
  // deno-lint-ignore no-explicit-any -- as above
  async step(id: StateId, way: Transition<any>, value: unknown): Promise<NotReady | null> {
    const owner = this.#owners.get(id.instance)!;
    try {
      await this.#operations.transactOnce(id.operationId, id.instance, async (tx) => {
        if (!await leaveState(tx.root, id, tx.nowUs())) return;
        const following: unknown = await way.apply(tx, value);
        await tx.addState(id.instance, encode(owner.codec, following));
      });
      return null;
    } catch (thrown) {
      if (thrown instanceof NotReady) return thrown;
      throw thrown;
    }
  }
}
