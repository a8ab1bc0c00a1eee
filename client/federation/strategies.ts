/**
 * Query strategies as pure step functions: what each guardian answered goes in, what to do next comes out.
 * `fedimint-api-client/src/query.rs`; docs/protocol/02-api.md §4.
 */
import type { Result } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";

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
export function thresholdConsensus<R>({ threshold, total }: NumPeers, roundsMax = Infinity): QueryStrategy<R, R> {
  const answers = new Map<PeerId, Answer<R>>();
  const heard = new Set<PeerId>(), toRetry = new Set<PeerId>();
  let rounds = 0;
  return {
    answer: (peer, answer) => {
      answers.set(peer, answer);
      heard.add(peer);
      if (agreeing(answers, answer.text) >= threshold) return { do: "success", value: answer.value };
      toRetry.add(peer);
      if (toRetry.size < threshold) return { do: "wait" };
      // whoever is slow may be the one that is missing to an agreement
      if (++rounds >= roundsMax && heard.size === total) return disagreementOf(answers);
      const peers = [...toRetry];
      toRetry.clear();
      return { do: "retry", peers };
    },
    failed: (peer) => {
      heard.add(peer);
      return { do: "wait" };
    },
  };
}

function disagreementOf<R>(answers: ReadonlyMap<PeerId, Answer<R>>): QueryStep<never> {
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
