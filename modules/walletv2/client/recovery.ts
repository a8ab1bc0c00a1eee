/**
 * How on-chain money comes back from words. A new wallet looks through all that guardians have seen on the chain anyway
 * and claims what is unclaimed (`scanner.ts`); the recovery has it watch what the same words give in other programs
 * too, follows it through the log, shows how far it is, and writes down what the lost wallet had received. The module
 * runs meanwhile. The reference has no such step; docs/protocol/05-wallet.md §9.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import type { StoreTx } from "../../../actors/store/store.ts";
import { toHex } from "../../../core/bytes.ts";
import { errorText } from "../../../core/result.ts";
import { MSAT_PER_SAT } from "../../../core/types/amount.ts";
import type { ClientModuleRecovery, ClientRecoveryEnv, Recovered, RecoverySteps } from "../../contract/recovery.ts";
import { ApiError } from "../../contract/federation_api.ts";
import { addressAt, addressSearch } from "./address_search.ts";
import type { AddressSearch } from "./address_search.ts";
import { depositsIn, getClaim, getNextOutput, getSearched, isClaimed, validIndices } from "./db.ts";
import { setRecovering, setRestored, watchSecret } from "./db.ts";
import { WalletError } from "./error.ts";
import { WalletFederation } from "./federation.ts";
import { depositEntry } from "./recovery_history.ts";
import type { WalletProgress, Way } from "./recovery_progress.ts";
import { stepCount, walletProgress } from "./recovery_progress.ts";
import type { WalletState } from "./states.ts";
import type { OutputInfo } from "../common.ts";
import type { WalletConfig } from "../config.ts";
import { CORES_FEW, GIVE_WAY_MS, OUTPUT_LOOK_AHEAD, OUTPUT_PROBE, OUTPUT_SLICE } from "../limits.ts";

type Env = ClientRecoveryEnv<WalletConfig>;
type Steps = RecoverySteps<WalletState, WalletProgress>;

/** Between two looks at how far the scan has come. */
const LOOK_MS = 1_000;
/** Between two trials while guardians don't answer. */
const RETRY_MS = 10_000;
/** Addresses that are computed before others have their turn: some milliseconds. */
const ADDRESSES_AT_ONCE = 16;

export const walletRecovery: ClientModuleRecovery<WalletConfig, WalletState, WalletProgress> = {
  runsMeanwhile: true,
  progress: walletProgress,
  count: stepCount,
  prepare: async (env) => {
    const end = await outputCount(new WalletFederation(env.api), env.signal);
    const derivations = ["standard" as const, ...env.otherSecrets.map(({ derivation }) => derivation)];
    const none = { walked: 0, searched: 0, found: 0, sat: 0n };
    return { end, ways: derivations.map((derivation) => ({ derivation, ...none })) };
  },
  restored: setRestored,
  run: (env, steps) => new Walk(env, steps).run(),
  finish: async (_, { store }, progress) => {
    setRecovering(store, false);
    return await recovered(store, progress);
  },
};

/**
 * How many outputs guardians have seen: some questions by halves, since no endpoint tells it. Outputs that can be no
 * deposit leave gaps.
 * @throws {ApiError}
 */
async function outputCount(federation: WalletFederation, signal: AbortSignal): Promise<number> {
  const last = async (start: number, count: number): Promise<number | undefined> => {
    try {
      return (await federation.outputs(start, start + count, signal)).at(-1)?.index;
    } catch (thrown) {
      throw thrown instanceof WalletError && thrown.cause instanceof ApiError ? thrown.cause : thrown;
    }
  };
  let end = 0;
  for (;;) {
    let step = 1;
    for (let found; (found = await last(end + step - 1, OUTPUT_PROBE)) !== undefined; step *= 2) end = found + 1;
    while ((step = Math.floor(step / 2)) > 0) end = (await last(end + step - 1, OUTPUT_PROBE) ?? end - 1) + 1;
    const beyond = await last(end, OUTPUT_LOOK_AHEAD);
    if (beyond === undefined) return end;
    end = beyond + 1;
  }
}

/** Unclaimed deposits as they were found, before fees; those are left out that don't pay theirs. */
async function recovered(tx: StoreTx, { end, ways }: WalletProgress): Promise<Recovered> {
  const left = (await depositsIn(tx, "put_off")).filter(({ outputIndex }) => outputIndex < end);
  const amounts = ways.map((way) => {
    const lost = left.filter(({ derivation }) => derivation === way.derivation)
      .reduce((sum, { valueSat }) => sum + valueSat, 0n);
    // somebody else may claim meanwhile what this wallet has put off
    return { derivation: way.derivation, amountMsat: way.sat > lost ? (way.sat - lost) * MSAT_PER_SAT : 0n };
  });
  return {
    amountMsat: amounts.reduce((sum, { amountMsat }) => sum + amountMsat, 0n),
    otherMsat: amounts.filter(({ derivation, amountMsat }) => derivation !== "standard" && amountMsat > 0n),
  };
}

/** What the module itself has come to, of one derivation. */
type Scanned = { readonly position: number; readonly searched: number; readonly valid: readonly number[] };

/** Follows the module's own scan, slice by slice. */
class Walk {
  readonly #env: Env;
  readonly #steps: Steps;
  readonly #federation: WalletFederation;
  readonly #addresses = new Map<Way["derivation"], KnownScripts>();

  constructor(env: Env, steps: Steps) {
    this.#env = env;
    this.#steps = steps;
    this.#federation = new WalletFederation(env.api);
    const all = [{ derivation: "standard" as const, secret: env.secret }, ...env.otherSecrets];
    for (const { derivation, secret } of all) {
      this.#addresses.set(derivation, new KnownScripts(env, addressSearch(env.config.bitcoinPks, secret)));
    }
  }

  async run(): Promise<void> {
    const { otherSecrets, platform: { clock }, signal } = this.#env;
    if (!this.#isWalked) await this.#giveWay();
    await this.#steps.step((tx, progress) => {
      for (const { derivation, secret } of otherSecrets) watchSecret(tx.store, derivation, secret);
      setRecovering(tx.store, true);
      return Promise.resolve(progress);
    });
    for (;;) {
      if (this.#isWalked) return;
      const { end, ways } = this.#steps.state;
      const scanned = await this.#look();
      const ready = ways.findIndex(({ walked }, i) => walked < Math.min(end, scanned[i]!.position));
      if (ready < 0) await sleep(clock, LOOK_MS, signal);
      else await this.#slice(ready, scanned[ready]!);
    }
  }

  get #isWalked(): boolean {
    const { end, ways } = this.#steps.state;
    return ways.every(({ walked }) => walked >= end);
  }

  /** The search for addresses would take e-cash the core that it has, and the two would be done no earlier. */
  async #giveWay(): Promise<void> {
    const { platform: { clock, threads }, signal } = this.#env;
    if (threads.cores > CORES_FEW) return;
    const over = new AbortController(), until = AbortSignal.any([signal, over.signal]);
    const others = this.#steps.giveWay(until), enough = sleep(clock, GIVE_WAY_MS, until);
    try {
      await Promise.race([others, enough]);
    } finally {
      over.abort();
      await Promise.allSettled([others, enough]);
    }
  }

  /** How far the module is by now: that is progress too. */
  async #look(): Promise<readonly Scanned[]> {
    let scanned: Scanned[] = [];
    await this.#steps.step(async ({ store }, progress) => {
      scanned = [];
      for (const { derivation: of } of progress.ways) {
        const valid = await validIndices(store, of);
        scanned.push({ position: await getNextOutput(store, of), searched: await getSearched(store, of), valid });
      }
      const ways = progress.ways.map((way, i) => {
        const { searched, valid } = scanned[i]!;
        return { ...way, searched, found: (valid.at(-1) ?? -1) + 1 };
      });
      return { ...progress, ways };
    });
    return scanned;
  }

  /** What the module has scanned it has all addresses for. */
  async #slice(at: number, { position, valid }: Scanned): Promise<void> {
    const { end, ways } = this.#steps.state, { derivation, walked } = ways[at]!;
    const upTo = Math.min(walked + OUTPUT_SLICE, position, end);
    const outputs = await this.#outputs(walked, upTo);
    const byScript = await this.#addresses.get(derivation)!.of(valid);
    const own = outputs.flatMap((output) => {
      const script = byScript.get(toHex(output.script));
      return script === undefined ? [] : [{ output, script }];
    });
    await this.#steps.step(async (tx, progress) => {
      let { sat } = progress.ways[at]!;
      for (const { output } of own) {
        if (!output.spent || await isOurs(tx.store, output)) {
          sat += output.value;
          continue;
        }
        const { operationId, meta } = depositEntry(this.#env, derivation, output);
        await tx.logRecovered(operationId, meta, "Success");
      }
      return { ...progress, ways: progress.ways.with(at, { ...progress.ways[at]!, walked: upTo, sat }) };
    });
  }

  async #outputs(start: number, end: number): Promise<OutputInfo[]> {
    const { log, platform: { clock }, signal } = this.#env;
    for (;;) {
      try {
        return await this.#federation.outputs(start, end, signal);
      } catch (thrown) {
        if (!(thrown instanceof WalletError)) throw thrown;
        log.warn("Guardians don't tell what they saw on the chain; they are asked again", {
          reason: errorText(thrown),
        });
        await sleep(clock, RETRY_MS, signal);
      }
    }
  }
}

/** Spent, but by a claim of this wallet since it was restored. */
async function isOurs(tx: StoreTx, { index }: OutputInfo): Promise<boolean> {
  return await getClaim(tx, index) !== undefined || await isClaimed(tx, index);
}

/** Scripts of known addresses; each takes a millisecond, once. */
class KnownScripts {
  readonly #env: Env;
  readonly #search: AddressSearch;
  readonly #byScript = new Map<string, number>();
  readonly #known = new Set<number>();

  constructor(env: Env, search: AddressSearch) {
    this.#env = env;
    this.#search = search;
  }

  async of(valid: readonly number[]): Promise<ReadonlyMap<string, number>> {
    const { platform: { clock }, signal } = this.#env;
    for (const index of valid) {
      if (this.#known.has(index)) continue;
      if (this.#known.size % ADDRESSES_AT_ONCE === ADDRESSES_AT_ONCE - 1) await sleep(clock, 0, signal);
      this.#byScript.set(toHex(addressAt(this.#search, index).script), index);
      this.#known.add(index);
    }
    return this.#byScript;
  }
}
