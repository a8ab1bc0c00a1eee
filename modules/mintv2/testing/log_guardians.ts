/**
 * mintv2 guardians that a recovering client asks, on virtual time: real ones, any of which may be made to answer
 * otherwise. What they are asked for is counted.
 */
import type { Dice } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { DecodeError, parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { errorText } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import { EndpointError } from "../../contract/error.ts";
import type { ApiCall, AskOptions, FederationApi } from "../../contract/federation_api.ts";
import { ApiError, REFUSAL } from "../../contract/federation_api.ts";
import { Reached } from "../../contract/reached.ts";
import { seededDice, TestGuardians } from "../../contract/testing/mod.ts";
import { orEnded } from "../../contract/waiting.ts";
import type { SpendableNote } from "../ecash.ts";
import { noteOf } from "../ecash.ts";
import type { NoteIssuanceRequest } from "../client/issuance.ts";
import { requestOutput } from "../client/issuance.ts";
import type { RecoveryItem } from "../common.ts";
import { appendRecoveryItems } from "../server/db.ts";
import { mintv2Server } from "../server.ts";

/** How a guardian answers. A promise that stays open is an answer that never comes. @throws {EndpointError} */
export type Answer = (
  asked: { readonly method: string; readonly params: Json; readonly honest: () => Promise<Json> },
) => Promise<Json>;

const REASK_MS = 250, ROUNDS_MAX = 120, RETRY_MS = 1_000;

export class LogGuardians implements FederationApi {
  readonly peers: NumPeers = numPeers(4);
  readonly peerIds: readonly PeerId[] = [0, 1, 2, 3];
  /** What of guardians is other than honest. */
  readonly answers = new Map<PeerId, Answer>();
  /** Slices from here on are not answered by anybody. */
  silentFrom = Infinity;
  /** What was asked, in order. */
  readonly asked: { readonly peer: PeerId; readonly method: string; readonly params: Json }[] = [];
  /** Slices that were asked for and are not answered, at most, by guardian. */
  readonly slicesAtOnce = new Map<PeerId, number>();
  readonly #slicesNow = new Map<PeerId, number>();
  readonly #world: SimulatedWorld;
  readonly #dice: Dice;

  private constructor(
    readonly guardians: Awaited<ReturnType<typeof startGuardians>>,
    /** As after a restart: what the ones of other tests remember of their logs is gone. */
    readonly modules: readonly Awaited<ReturnType<typeof mintv2Server.start>>[],
    world: SimulatedWorld,
    seed: number,
  ) {
    this.#world = world;
    this.#dice = seededDice(seed);
  }

  /** With an empty log. One federation at a time: all have the same keys, as the dealing of them takes long. */
  static async start(world: SimulatedWorld, seed = 1): Promise<LogGuardians> {
    const guardians = await (dealt ??= startGuardians());
    for (const { store } of guardians.guardians) await store.transact((tx) => tx.deleteAll(new Uint8Array(0)));
    const modules = await Promise.all(guardians.guardians.map(({ env }) => mintv2Server.start(env)));
    return new LogGuardians(guardians, modules, world, seed);
  }

  /** A note is issued, or issued again. */
  async issue(...requests: readonly NoteIssuanceRequest[]): Promise<void> {
    for (const request of requests) assert((await this.guardians.output(requestOutput(request))).ok, "it is issued");
  }

  /** A note is redeemed. */
  async redeem(note: SpendableNote): Promise<boolean> {
    return (await this.guardians.input({ tag: "V0", value: { note: noteOf(note) } })).ok;
  }

  /** Items that are nobody's here, outputs and inputs in turn. */
  async addForeign(count: number): Promise<void> {
    await this.addItems(
      Array.from(
        { length: count },
        (_, i): RecoveryItem =>
          i % 2 === 0
            ? {
              tag: "Output",
              value: { denomination: 12, nonceHash: this.#dice.bytes(20), tweak: this.#dice.bytes(16) },
            }
            : { tag: "Input", value: { nonceHash: this.#dice.bytes(20) } },
      ),
    );
  }

  /** Items of the log, without the notes. */
  async addItems(items: readonly RecoveryItem[]): Promise<void> {
    for (const { store } of this.guardians.guardians) {
      await store.transact((tx) => appendRecoveryItems(tx, items));
    }
  }

  count(method: string): number {
    return this.asked.filter((asked) => asked.method === method).length;
  }

  async one<R>(peer: PeerId, call: ApiCall<R>, { signal }: { readonly signal?: AbortSignal } = {}): Promise<R> {
    const { method, params } = call;
    this.asked.push({ peer, method, params });
    const isSilent = method === "recovery_slice" && (params as number[])[0]! >= this.silentFrom;
    const honest = (): Promise<Json> => isSilent ? new Promise(() => {}) : this.#ask(peer, method, params);
    const answer = this.answers.get(peer);
    const isSlice = method === "recovery_slice";
    if (isSlice) this.#countSlice(peer, 1);
    const asking = answer ? answer({ method, params, honest }) : honest();
    const work = asking.finally(() => isSlice && this.#countSlice(peer, -1));
    try {
      const json = await (signal ? orEnded(signal, () => work) : work);
      // as it comes over the wire
      return call.result.fromJson(parseJson(stringifyJson(json)));
    } catch (thrown) {
      if (thrown instanceof EndpointError) throw failure(method, peer, `${REFUSAL}${thrown.message}`);
      if (thrown instanceof DecodeError) {
        throw failure(method, peer, `Response deserialization error: ${errorText(thrown)}`);
      }
      throw thrown;
    }
  }

  async #ask(peer: PeerId, method: string, params: Json): Promise<Json> {
    const endpoint = this.modules[peer]!.apiEndpoints[method];
    if (!endpoint) throw EndpointError.badRequest(`There is no method ${method}`);
    return await endpoint.handle(params, { signal: new AbortController().signal });
  }

  #countSlice(peer: PeerId, change: number): void {
    const now = (this.#slicesNow.get(peer) ?? 0) + change;
    this.#slicesNow.set(peer, now);
    this.slicesAtOnce.set(peer, Math.max(now, this.slicesAtOnce.get(peer) ?? 0));
  }

  async consensus<R>(call: ApiCall<R>, { retry = false, signal }: AskOptions = {}): Promise<R> {
    for (let round = 0; round < (retry ? Infinity : ROUNDS_MAX); round++) {
      const answers = await this.#heard(call, signal);
      const texts = answers.map((value) => stringifyJson(call.result.toJson(value)));
      const agreed = texts.findIndex((text) => texts.filter((other) => other === text).length >= this.peers.threshold);
      if (agreed >= 0) return answers[agreed]!;
      await sleep(this.#world.process("client").platform.clock, REASK_MS, signal);
    }
    throw new ApiError({ code: "disagreement", method: call.method, answers: {}, errors: {} }, "Guardians differ");
  }

  async reached(call: ApiCall<number>, { retry = false, signal }: AskOptions = {}): Promise<number> {
    const reached = new Reached(this.peers);
    for (let round = 0; round < (retry ? Infinity : ROUNDS_MAX); round++) {
      const told: { value: number | null } = { value: null };
      await this.#heard(call, signal, (peer, value) => told.value ??= reached.answered(peer, value));
      if (told.value !== null) return told.value;
      await sleep(this.#world.process("client").platform.clock, REASK_MS, signal);
    }
    throw new ApiError({ code: "disagreement", method: call.method, answers: {}, errors: {} }, "Guardians differ");
  }

  /** Answers that come within a second, as of guardians that aren't waited for. */
  async #heard<R>(
    call: ApiCall<R>,
    signal: AbortSignal | undefined,
    told: (peer: PeerId, value: R) => void = () => {},
  ): Promise<R[]> {
    const { clock } = this.#world.process("client").platform;
    const heard: R[] = [], late = new AbortController();
    const until = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    const all = Promise.all(
      this.peerIds.map((peer) =>
        this.one(peer, call, { signal: until }).then((value) => {
          heard.push(value);
          told(peer, value);
        }, () => undefined)
      ),
    );
    const timer = clock.setTimer(1_000, () => late.abort(new Error("too late")));
    await all;
    timer.cancel();
    if (signal?.aborted) await orEnded(signal, () => Promise.resolve());
    return heard;
  }

  async threshold<R, T>(
    call: ApiCall<R>,
    filter: (peer: PeerId, result: R) => Result<T, string>,
    { retry = false, signal }: AskOptions = {},
  ): Promise<Map<PeerId, T>> {
    const { clock } = this.#world.process("client").platform;
    const passed = new Map<PeerId, T>(), errors: Record<number, string> = {};
    const over = new AbortController();
    const until = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ask = async (peer: PeerId): Promise<void> => {
      while (!until.aborted) {
        try {
          const filtered = filter(peer, await this.one(peer, call, { signal: until }));
          if (filtered.ok) passed.set(peer, filtered.value);
          else errors[peer] = filtered.error;
        } catch (thrown) {
          if (!(thrown instanceof ApiError) || thrown.facts.code !== "federation") return reject(thrown);
          errors[peer] = thrown.facts.peers[peer]!;
        }
        if (passed.size >= this.peers.threshold) return resolve();
        if (passed.has(peer)) return;
        if (!retry) {
          if (Object.keys(errors).length < this.peers.oneHonest) return;
          return reject(new ApiError({ code: "federation", method: call.method, peers: errors }, "Too few answers"));
        }
        await sleep(clock, RETRY_MS, until);
      }
    };
    try {
      for (const peer of this.peerIds) ask(peer).catch(reject);
      await promise;
      return passed;
    } finally {
      over.abort(new Error("it is decided"));
    }
  }

  agreement<R>(call: ApiCall<R>): Promise<R> {
    return Promise.reject(new Error(`No recovery asks ${call.method} so`));
  }

  first<T>(call: ApiCall<unknown>): Promise<T> {
    return Promise.reject(new Error(`No recovery asks ${call.method} so`));
  }
}

let dealt: ReturnType<typeof startGuardians> | null = null;

function startGuardians() {
  return TestGuardians.start(mintv2Server);
}

function failure(method: string, peer: PeerId, text: string): ApiError {
  return new ApiError({ code: "federation", method, peers: { [peer]: text } }, `${method}: ${peer} => ${text}`);
}
