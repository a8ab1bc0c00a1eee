/**
 * Asks a federation's guardians by a strategy over their connections: the driver of `strategies.ts`. One object a
 * module instance, one for the core; all share the connections. docs/protocol/02-api.md §4.
 */
import type { Sender } from "../../actors/actor.ts";
import { ActorError } from "../../actors/error.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { BackOff, RpcCall, RpcError, RpcRef, UnreadAnswer } from "../../actors/rpc/mod.ts";
import { backOffMs, parseAnswer } from "../../actors/rpc/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { badJson, DecodeError, stringifyJson } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import type { ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import type { ApiCall, ApiResult, AskOptions, FederationApi } from "../../modules/contract/federation_api.ts";
import { ApiError, REFUSAL } from "../../modules/contract/federation_api.ts";
import { endedBy, orEnded } from "../../modules/contract/waiting.ts";
import type { Answer, QueryStep, QueryStrategy } from "./strategies.ts";
import {
  firstPassing,
  thresholdAgreement,
  thresholdConsensus,
  thresholdPassing,
  thresholdReached,
} from "./strategies.ts";

/** Guardians cut a request after 60 s. */
const CALL_TIMEOUT_MS = 60_000;
const RETRY: BackOff = { minMs: 250, maxMs: 10_000 };
/** Before guardians that differ are asked again; the reference asks at once. */
const REASK_MS = 250;
/** So often they are asked again: half a minute, in which a block or a session's end has reached all of them. */
const ROUNDS_MAX = 120;
/** Of a guardian's answer or failure in an error's text; a fee, a hash or a sentence is shorter. */
const PEER_TEXT_MAX = 300;

const UNKNOWN_METHOD = "Invalid rpc id";
const WRONG_SECRET = "It wants the federation's API secret, and this wallet has none or an old one";

/** Text of a guardian's failure as fedimint prints it. */
function rpcErrorText(error: RpcError): string {
  switch (error.kind) {
    case "connection":
      return `Connection failed: ${error.message}`;
    case "unauthorized":
      return `${WRONG_SECRET} (${error.message})`;
    case "transport":
    case "timeout":
      return `Transport error: ${error.message}`;
    case "method_not_found":
      return `${UNKNOWN_METHOD}: ${error.message}`;
    case "invalid_response":
      return `Invalid response: ${error.message}`;
    case "server":
      return `${REFUSAL}${error.message}`;
  }
}

/** Is this the text of a guardian that gave no answer? */
export function isUnreachable(text: string): boolean {
  return text.startsWith("Connection failed: ") || text.startsWith("Transport error: ");
}

/** Is this the text of a guardian that doesn't know the method? */
export function isUnknownMethod(text: string): boolean {
  return text.startsWith(UNKNOWN_METHOD);
}

/** Is this the text of a guardian that wants another API secret? */
export function isWrongSecret(text: string): boolean {
  return text.startsWith(WRONG_SECRET);
}

/** What a guardian says may be as long as a message: so much of it is told. */
function told(texts: ReadonlyMap<PeerId, string>): [PeerId, string][] {
  const cut = (text: string): string => text.length > PEER_TEXT_MAX ? `${text.slice(0, PEER_TEXT_MAX)} …` : text;
  return [...texts].sort(([a], [b]) => a - b).map(([peer, text]) => [peer, cut(text)]);
}

/** `method` without the module's prefix, as the reference has it. */
function rpcErrorMessage(method: string, errors: readonly [PeerId, string][], general?: string): string {
  const parts = [
    `method => ${method}`,
    ...(general === undefined ? [] : [`general => ${general}`]),
    ...errors.map(([peer, text]) => `${peer} => ${text}`),
  ];
  return `Federation rpc error { ${parts.join(", ")} }`;
}

function federationError(method: string, errors: ReadonlyMap<PeerId, string>): ApiError {
  const peers = told(errors), message = rpcErrorMessage(method, peers);
  const unsupported = peers.some(([, text]) => isUnknownMethod(text));
  if (unsupported) return new ApiError({ code: "not_supported", method }, message);
  const unauthorized = peers.some(([, text]) => isWrongSecret(text));
  if (unauthorized) return new ApiError({ code: "unauthorized", method, peers: Object.fromEntries(peers) }, message);
  return new ApiError({ code: "federation", method, peers: Object.fromEntries(peers) }, message);
}

function disagreement(
  method: string,
  answers: ReadonlyMap<PeerId, string>,
  errors: ReadonlyMap<PeerId, string>,
): ApiError {
  const said = told(answers), failed = told(errors);
  const general = `Guardians disagree (${said.map(([peer, text]) => `peer ${peer}: ${text}`).join("; ")})`;
  return new ApiError(
    { code: "disagreement", method, answers: Object.fromEntries(said), errors: Object.fromEntries(failed) },
    rpcErrorMessage(method, failed, general),
  );
}

export type FederationApiOptions = {
  readonly sender: Sender;
  readonly platform: Platform;
  readonly connections: ReadonlyMap<PeerId, RpcRef>;
  readonly peers: NumPeers;
  /** Whose methods: a module's, or the core's. */
  readonly module: ModuleInstanceId | null;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
};

/** A guardian's answer, read when it is called. */
async function asked<R>(
  sender: Sender,
  ref: RpcRef,
  args: RpcCall,
  result: ApiResult<R>,
): Promise<Result<() => R, RpcError>> {
  const options = { deadlineMs: 2 * CALL_TIMEOUT_MS };
  if (result.fromText) {
    const answer = await sender.ask(ref, "callUnread", args, options);
    return answer.ok ? ok(() => readAnswer(answer.value, result)) : answer;
  }
  const answer = await sender.ask(ref, "call", args, options);
  return answer.ok ? ok(() => result.fromJson(answer.value)) : answer;
}

/** @throws {DecodeError} */
function readAnswer<R>(answer: UnreadAnswer | { readonly value: Json }, result: ApiResult<R>): R {
  if ("value" in answer) return result.fromJson(answer.value);
  const value = result.fromText?.(answer.result) ?? null;
  if (value !== null) return value;
  const parsed = parseAnswer(answer.message);
  if (!parsed || !("result" in parsed) || parsed.id !== answer.id) return badJson("an answer");
  return result.fromJson(parsed.result);
}

export class ConnectedFederationApi implements FederationApi {
  readonly peerIds: readonly PeerId[];
  readonly #options: FederationApiOptions;

  constructor(options: FederationApiOptions) {
    this.#options = options;
    this.peerIds = [...options.connections.keys()].sort((a, b) => a - b);
  }

  /** The same connections, another module's methods. */
  forModule(module: ModuleInstanceId | null): ConnectedFederationApi {
    return new ConnectedFederationApi({ ...this.#options, module });
  }

  consensus<R>(call: ApiCall<R>, options: AskOptions = {}): Promise<R> {
    const roundsMax = options.retry ? Infinity : ROUNDS_MAX;
    return this.#drive(call, thresholdConsensus<R>(this.#options.peers, roundsMax), options);
  }

  reached(call: ApiCall<number>, options: AskOptions = {}): Promise<number> {
    const roundsMax = options.retry ? Infinity : ROUNDS_MAX;
    return this.#drive(call, thresholdReached(this.#options.peers, roundsMax), options);
  }

  agreement<R>(call: ApiCall<R>, options: AskOptions = {}): Promise<R> {
    return this.#drive(call, thresholdAgreement<R>(this.#options.peers), options);
  }

  first<R, T>(
    call: ApiCall<R>,
    filter: (peer: PeerId, result: R) => Result<T, string>,
    options: AskOptions = {},
  ): Promise<T> {
    return this.#drive(call, firstPassing(filter), options);
  }

  threshold<R, T>(
    call: ApiCall<R>,
    filter: (peer: PeerId, result: R) => Result<T, string>,
    options: AskOptions = {},
  ): Promise<Map<PeerId, T>> {
    return this.#drive(call, thresholdPassing(filter, this.#options.peers), options);
  }

  /**
   * A threshold of answers of any sort, by guardian; each is asked until it gives one.
   * @param failed is told of each failure; what it gives is that guardian's answer, null: it is asked again
   * @throws {WaitError} `aborted` · `closed`
   */
  heard<R>(
    call: ApiCall<R>,
    failed: (peer: PeerId, error: string) => R | null,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<PeerId, R>> {
    const any = thresholdPassing<R, R>((_, answer) => ok(answer), this.#options.peers);
    return this.#drive(call, any, { retry: true, signal, failed });
  }

  async one<R>(peer: PeerId, call: ApiCall<R>, options: { password?: string; signal?: AbortSignal } = {}): Promise<R> {
    const answer = await this.ask(peer, call, options);
    if (answer.ok) return answer.value;
    throw federationError(call.method, new Map([[peer, answer.error]]));
  }

  /** One guardian's answer, or the text of its failure. @throws {WaitError} `aborted` · `closed` */
  async ask<R>(
    peer: PeerId,
    call: ApiCall<R>,
    { password = null, signal }: { readonly password?: string | null; readonly signal?: AbortSignal } = {},
  ): Promise<Result<R, string>> {
    const answer = await orEnded(this.#until(signal), () => this.#ask(peer, call, password));
    return answer.ok ? ok(answer.value.value) : answer;
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    const { closing } = this.#options;
    return signal ? AbortSignal.any([signal, closing]) : closing;
  }

  #method(name: string): string {
    const { module } = this.#options;
    return module === null ? name : `module_${module}_${name}`;
  }

  async #ask<R>(peer: PeerId, call: ApiCall<R>, auth: string | null): Promise<Result<Answer<R>, string>> {
    const { sender, connections } = this.#options;
    const ref = connections.get(peer);
    if (!ref) return err(`Invalid peer id: ${peer}`);
    const params: Json[] = [{ auth, params: call.params }];
    // what a guardian's admin asks for may do its work again when it is asked again; everything else may be repeated
    const once = auth !== null;
    const args: RpcCall = { method: this.#method(call.method), params, timeoutMs: CALL_TIMEOUT_MS, once };
    let read: Result<() => R, RpcError>;
    try {
      read = await asked(sender, ref, args, call.result);
    } catch (thrown) {
      if (!(thrown instanceof ActorError)) throw thrown;
      return err(`Transport error: ${thrown.message}`);
    }
    if (!read.ok) return err(rpcErrorText(read.error));
    try {
      const value = read.value();
      return ok({ value, text: stringifyJson(call.result.toJson(value)) });
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      return err(`Response deserialization error: ${errorText(thrown)}`);
    }
  }

  /** Asks all guardians at once and feeds the strategy until it decides. */
  async #drive<R, T>(
    call: ApiCall<R>,
    strategy: QueryStrategy<R, T>,
    { retry = false, signal, failed }: AskOptions & {
      readonly failed?: (peer: PeerId, error: string) => R | null;
    },
  ): Promise<T> {
    const { platform, peers } = this.#options;
    const abort = new AbortController();
    const stop = AbortSignal.any([this.#until(signal), abort.signal]);
    const errors = new Map<PeerId, string>();
    try {
      return await new Promise<T>((resolve, reject) => {
        if (stop.aborted) return reject(endedBy(stop));
        stop.addEventListener("abort", () => reject(endedBy(stop)), { once: true });
        const askAgain = (peer: PeerId, delayMs: number): void => {
          void sleep(platform.clock, delayMs, stop).then(() => ask(peer, 0), () => undefined);
        };
        const act = (peer: PeerId, step: QueryStep<T>, attempt: number): void => {
          if (step.do === "success") resolve(step.value);
          else if (step.do === "retry") { for (const again of step.peers) askAgain(again, REASK_MS); }
          else if (step.do === "peer_error") fail(peer, step.error, attempt);
          else if (step.do === "failure") reject(disagreement(call.method, step.answers, errors));
        };
        const fail = (peer: PeerId, error: string, attempt: number): void => {
          errors.set(peer, error);
          const value = failed?.(peer, error) ?? null;
          if (value !== null) return act(peer, strategy.answer(peer, { value, text: error }), attempt);
          if (retry) {
            void sleep(platform.clock, backOffMs(RETRY, attempt, platform.dice), stop).then(
              () => ask(peer, attempt + 1),
              () => undefined,
            );
            return;
          }
          const step = strategy.failed?.(peer);
          if (errors.size >= peers.oneHonest) reject(federationError(call.method, errors));
          else if (step) act(peer, step, attempt);
        };
        const ask = (peer: PeerId, attempt: number): void => {
          this.#ask(peer, call, null).then((answer) => {
            if (stop.aborted) return;
            if (answer.ok) act(peer, strategy.answer(peer, answer.value), attempt);
            else fail(peer, answer.error, attempt);
          }).catch(reject);
        };
        for (const peer of this.peerIds) ask(peer, 0);
      });
    } finally {
      abort.abort();
    }
  }
}
