/**
 * For tests: what processes transactions in a guardian, over one module that the test makes, without network and
 * sessions.
 */
import type { TestSystem } from "../../../actors/testing/platform.ts";
import { withSystem } from "../../../actors/testing/platform.ts";
import { child, refTo } from "../../../actors/mod.ts";
import type { Store } from "../../../actors/store/store.ts";
import { toHex } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Codec } from "../../../core/encoding/mod.ts";
import { u64, unit } from "../../../core/encoding/mod.ts";
import type { BroadcastKeys } from "../../../core/types/broadcast_keys.ts";
import type { ModuleCodecs } from "../../../core/types/dyn.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { ConsensusItem } from "../../../core/types/session.ts";
import type { AnyServerModule, AnyServerModuleDefinition } from "../../../modules/contract/server.ts";
import { seededDice, testEnv, testStore } from "../../../modules/contract/testing/mod.ts";
import type { Keychain } from "../../broadcast/keychain.ts";
import { modulePrefix } from "../store/db.ts";
import type { EngineMessage } from "../engine/engine.ts";
import { engine } from "../engine/engine.ts";
import { makeKeychain } from "../session/keychain.ts";
import type { ConsensusBoard } from "../session/board.ts";
import { newBoard } from "../session/board.ts";
import type { MempoolMessage } from "../waiting/mempool.ts";
import { mempool } from "../waiting/mempool.ts";
import type { ModuleMessage } from "../engine/module_actor.ts";
import { moduleActor } from "../engine/module_actor.ts";
import type { SubmissionsMessage } from "../waiting/submissions.ts";
import { submissions } from "../waiting/submissions.ts";
import { WastedWork } from "../wasted_work.ts";
import type { Modules } from "../engine/transaction.ts";
import { modulesWith } from "../engine/transaction.ts";

/** Of the test's module. */
export const INSTANCE = 0;

export const refs = {
  module: refTo<ModuleMessage>(`root/${INSTANCE}:test`),
  mempool: refTo<MempoolMessage>("root/mempool"),
  submissions: refTo<SubmissionsMessage>("root/submissions"),
  engine: refTo<EngineMessage>("root/engine"),
};

// deno-lint-ignore no-explicit-any -- codecs of any module's vocabulary
export function codecsWith(own: { readonly [Name in keyof ModuleCodecs]?: Codec<any> }): ModuleCodecs {
  const none = { config: unit, input: unit, output: unit, outputOutcome: unit, consensusItem: unit };
  return { ...none, inputError: unit, outputError: unit, ...own };
}

/** An item of a module whose items are numbers. */
export function vote(number: bigint): ConsensusItem {
  return { tag: "Module", value: toDyn(INSTANCE, u64, number) };
}

/** Of each guardian, by its id. */
export function dealtKeychains(
  total: number,
): { readonly broadcastKeys: BroadcastKeys; readonly keychains: Keychain[] } {
  const secretKeys = Array.from({ length: total }, (_, peer) => new Uint8Array(32).fill(peer + 1));
  const broadcastKeys = new Map(secretKeys.map((secretKey, peer) => [peer, publicKeyOf(secretKey)]));
  const keychains = secretKeys.map((secretKey, identity) =>
    makeKeychain({ identity, broadcastKeys, secretKey, dice: seededDice(identity) })
  );
  return { broadcastKeys, keychains: withSharedChecks(keychains) };
}

/** All of them are in one process: what one has checked the others needn't. */
function withSharedChecks(keychains: readonly Keychain[]): Keychain[] {
  const known = new Map<string, boolean>();
  return keychains.map((keychain) => ({
    index: keychain.index,
    sign: (message) => keychain.sign(message),
    verify: (index, message, signature) => {
      const what = `${index} ${toHex(signature)} ${toHex(message)}`;
      const result = known.get(what) ?? keychain.verify(index, message, signature);
      known.set(what, result);
      return result;
    },
  }));
}

export type ConsensusTest = TestSystem & {
  readonly store: Store;
  readonly board: ConsensusBoard;
  readonly wasted: WastedWork;
};

export async function withConsensus(
  module: Partial<AnyServerModule>,
  codecs: ModuleCodecs,
  body: (test: ConsensusTest) => Promise<void>,
  /** Further actors. */
  more: (modules: Modules, wasted: WastedWork) => Parameters<typeof withSystem>[0] = () => [],
  /** For a guardian that had a life before. */
  existing?: Store,
): Promise<void> {
  const store = existing ?? await testStore();
  const definition = { kind: "test", codecs, start: () => Promise.resolve(module) };
  const { guardians: _, platform: __, log: ___, signal: ____, ...env } = testEnv({
    store: store.view(modulePrefix(INSTANCE)),
    config: null,
    privateConfig: null,
  });
  const modules = modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]]));
  const version = { major: 2, minor: 1 };
  const given = { definition: definition as unknown as AnyServerModuleDefinition, live: modules.live, env };
  const args = { ...given, guardians: new Map() };
  const board = newBoard(), wasted = new WastedWork();
  await withSystem([
    child(moduleActor, { id: `${INSTANCE}:test`, args }),
    child(mempool, { args: { board } }),
    child(submissions, { args: { store, modules, mempool: refs.mempool, version } }),
    child(engine, { args: { store, modules, settings: { version }, submissions: refs.submissions, board, wasted } }),
    ...more(modules, wasted),
  ], (test) => body({ ...test, store, board, wasted }));
}

/** How often actors of the test were restarted. */
export function restartsOf({ system }: TestSystem): number {
  return system.inspect().children.reduce((sum, { restarts }) => sum + restarts, 0);
}

/** What the module has under a key. */
export function stored(store: Store, key: Uint8Array): Promise<Uint8Array | undefined> {
  return store.view(modulePrefix(INSTANCE)).read((tx) => tx.get(key));
}
