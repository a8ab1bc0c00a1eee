/**
 * Query strategies as pure step functions: what each guardian answered goes in, what to do next comes out.
 * `fedimint-api-client/src/query.rs`; docs/protocol/02-api.md §4.
 */
import type { Result } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import { Reached } from "../../modules/contract/reached.ts";

/** After an answer: the strategy is done, these guardians are to be asked again, or wait for more answers. */
export type QueryStep<T> =
  | { readonly do: "success"; readonly value: T }
  | { readonly do: "retry"; readonly peers: readonly PeerId[] }
  | { readonly do: "failure"; readonly reason: "disagreement"; readonly answers: ReadonlyMap<PeerId, string> }
  /** This guardian's answer is as good as an error. */
  | { readonly do: "peer_error"; readonly error: string }
  | { readonly do: "wait" };

/** An answer with its canonical text: two answers are equal when their texts are. */
export type Answer<R> = { readonly value: R; readonly text: string };

export interface QueryStrategy<R, T> {
  /** Called once for each answer, in the order of arrival. */
  answer(peer: PeerId, answer: Answer<R>): QueryStep<T>;
  /** A guardian failed; only strategies that count failures care. */
  failed?(peer: PeerId): QueryStep<T>;
}

/** The first answer that passes. */
export function firstPassing<R, T>(filter: (peer: PeerId, value: R) => Result<T, string>): QueryStrategy<R, T> {
  return {
    answer: (peer, { value }) => {
      const filtered = filter(peer, value);
      return filtered.ok ? { do: "success", value: filtered.value } : { do: "peer_error", error: filtered.error };
    },
  };
}

/** A threshold of passing answers, by guardian. */
export function thresholdPassing<R, T>(
  filter: (peer: PeerId, value: R) => Result<T, string>,
  { threshold }: NumPeers,
): QueryStrategy<R, Map<PeerId, T>> {
  const passed = new Map<PeerId, T>();
  return {
    answer: (peer, { value }) => {
      const filtered = filter(peer, value);
      if (!filtered.ok) return { do: "peer_error", error: filtered.error };
      passed.set(peer, filtered.value);
      return passed.size >= threshold ? { do: "success", value: passed } : { do: "wait" };
    },
  };
}

function agreeing<R>(answers: ReadonlyMap<PeerId, Answer<R>>, text: string): number {
  let count = 0;
  for (const answer of answers.values()) if (answer.text === text) count++;
  return count;
}

/**
 * A threshold of equal answers. Each guardian's latest answer counts; when a threshold of guardians has answered
 * without agreement all of these are asked again.
 * @param roundsMax so many times; then, if every guardian has answered or failed, who said what is the failure
 */
export function thresholdConsensus<R>(peers: NumPeers, roundsMax = Infinity): QueryStrategy<R, R> {
  const answers = new Map<PeerId, Answer<R>>(), rounds = new Rounds(peers, roundsMax);
  return {
    answer: (peer, answer) => {
      answers.set(peer, answer);
      if (agreeing(answers, answer.text) >= peers.threshold) return { do: "success", value: answer.value };
      return rounds.unsettled(peer, answers);
    },
    failed: (peer) => rounds.failed(peer),
  };
}

/**
 * How far something has come that only grows, and alike on all guardians: `Reached`. They needn't be equally far.
 * @param roundsMax as for a consensus
 */
export function thresholdReached(peers: NumPeers, roundsMax = Infinity): QueryStrategy<number, number> {
  const reached = new Reached(peers), answers = new Map<PeerId, Answer<number>>();
  const rounds = new Rounds(peers, roundsMax);
  return {
    answer: (peer, answer) => {
      answers.set(peer, answer);
      const value = reached.answered(peer, answer.value);
      return value === null ? rounds.unsettled(peer, answers) : { do: "success", value };
    },
    failed: (peer) => rounds.failed(peer),
  };
}

/** Guardians are asked again when a threshold of them has answered and nothing is settled. */
class Rounds {
  readonly #peers: NumPeers;
  readonly #roundsMax: number;
  readonly #heard = new Set<PeerId>();
  readonly #toRetry = new Set<PeerId>();
  #rounds = 0;

  constructor(peers: NumPeers, roundsMax: number) {
    this.#peers = peers;
    this.#roundsMax = roundsMax;
  }

  failed(peer: PeerId): QueryStep<never> {
    this.#heard.add(peer);
    return { do: "wait" };
  }

  /** @param answers of all, the newest one settles nothing */
  unsettled(peer: PeerId, answers: ReadonlyMap<PeerId, Answer<unknown>>): QueryStep<never> {
    const { threshold, total } = this.#peers;
    this.#heard.add(peer);
    this.#toRetry.add(peer);
    if (this.#toRetry.size < threshold) return { do: "wait" };
    // whoever is slow may be the one that is missing to an agreement
    if (++this.#rounds >= this.#roundsMax && this.#heard.size === total) return disagreementOf(answers);
    const peers = [...this.#toRetry];
    this.#toRetry.clear();
    return { do: "retry", peers };
  }
}

function disagreementOf(answers: ReadonlyMap<PeerId, Answer<unknown>>): QueryStep<never> {
  const texts = new Map([...answers].map(([peer, { text }]): [PeerId, string] => [peer, text]));
  return { do: "failure", reason: "disagreement", answers: texts };
}

/** A threshold of equal answers, every guardian asked once: if they differ, who said what is the failure. */
export function thresholdAgreement<R>({ threshold, total }: NumPeers): QueryStrategy<R, R> {
  const answers = new Map<PeerId, Answer<R>>();
  let failures = 0;
  const settled = (): QueryStep<R> => {
    return answers.size + failures < total || answers.size < threshold ? { do: "wait" } : disagreementOf(answers);
  };
  return {
    answer: (peer, answer) => {
      answers.set(peer, answer);
      return agreeing(answers, answer.text) >= threshold ? { do: "success", value: answer.value } : settled();
    },
    failed: () => {
      failures++;
      return settled();
    },
  };
}
