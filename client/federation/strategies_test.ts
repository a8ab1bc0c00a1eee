import { assertEquals } from "@std/assert";
import { err, ok } from "../../core/result.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { Answer, QueryStep, QueryStrategy } from "./strategies.ts";
import {
  firstPassing,
  thresholdAgreement,
  thresholdConsensus,
  thresholdPassing,
  thresholdReached,
} from "./strategies.ts";

const FOUR = numPeers(4);

function answer(text: string): Answer<string> {
  return { value: text, text };
}

/** `0:a` = guardian 0 answers a, `1!` = guardian 1 fails; the steps in short. */
function play<T>(strategy: QueryStrategy<string, T>, events: readonly string[]): string[] {
  const shown = (step: QueryStep<T> | undefined): string => {
    if (!step) return "-";
    if (step.do === "success") return `success ${step.value instanceof Map ? [...step.value.keys()] : step.value}`;
    if (step.do === "retry") return `retry ${step.peers}`;
    if (step.do === "peer_error") return `error ${step.error}`;
    if (step.do === "failure") return `failure ${[...step.answers].map(([peer, text]) => `${peer}=${text}`)}`;
    return step.do;
  };
  return events.map((event) => {
    const peer = Number(event[0]);
    return shown(event.endsWith("!") ? strategy.failed?.(peer) : strategy.answer(peer, answer(event.slice(2))));
  });
}

Deno.test("the first answer that passes wins; one that doesn't counts as its guardian's error", () => {
  const strategy = firstPassing<string, string>((_peer, value) => value === "a" ? ok(value) : err(`bad ${value}`));
  assertEquals(play(strategy, ["0:b", "2:a"]), ["error bad b", "success a"]);
});

Deno.test("a threshold of passing answers is given by guardian", () => {
  const strategy = thresholdPassing<string, string>((_peer, value) => value === "x" ? err("bad") : ok(value), FOUR);
  assertEquals(play(strategy, ["3:a", "1:x", "0:b", "2:c"]), ["wait", "error bad", "wait", "success 3,0,2"]);
});

Deno.test("consensus is a threshold of equal answers; the fourth may say what it wants", () => {
  assertEquals(play(thresholdConsensus(FOUR), ["0:a", "1:b", "2:a", "3:a"]), [
    "wait",
    "wait",
    "retry 0,1,2",
    "success a",
  ]);
});

Deno.test("guardians that differ are asked again when a threshold of them waits, and their latest answer counts", () => {
  const steps = play(thresholdConsensus(FOUR), ["0:a", "1:b", "2:c", "0:b", "2:b"]);
  assertEquals(steps, ["wait", "wait", "retry 0,1,2", "wait", "success b"]);
});

Deno.test("consensus gives up after its rounds, once everybody was heard or has failed", () => {
  const rounds = ["0:a", "1:b", "2:c"];
  const all = [...rounds, ...rounds, "3:a", ...rounds];
  const wait = ["wait", "wait"];
  assertEquals(play(thresholdConsensus(FOUR, 2), all), [
    ...wait,
    "retry 0,1,2",
    ...wait,
    "retry 0,1,2",
    ...wait,
    "failure 0=a,1=b,2=c,3=a",
    "failure 0=a,1=b,2=c,3=a",
  ]);
  assertEquals(play(thresholdConsensus(FOUR, 2), ["3!", ...rounds, ...rounds]), [
    "wait",
    ...wait,
    "retry 0,1,2",
    ...wait,
    "failure 0=a,1=b,2=c",
  ]);
});

Deno.test("one guardian is its own consensus", () => {
  assertEquals(play(thresholdConsensus(numPeers(1)), ["0:a"]), ["success a"]);
});

Deno.test("an evil guardian can't stand for two", () => {
  assertEquals(play(thresholdConsensus(FOUR), ["0:x", "0:x", "0:x", "1:a", "2:a", "3:a"]), [
    "wait",
    "wait",
    "wait",
    "wait",
    "retry 0,1,2",
    "success a",
  ]);
});

Deno.test("how far guardians have come is asked for again as long as they are too far apart, and not for ever", () => {
  const playNumbers = (strategy: QueryStrategy<number, number>, answers: readonly (readonly [number, number])[]) =>
    answers.map(([peer, value]) => {
      const step = strategy.answer(peer, { value, text: `${value}` });
      return step.do === "success" ? step.value : step.do === "retry" ? step.peers : step.do;
    });
  const apart = [[0, 100], [1, 101], [2, 103]] as const;
  assertEquals(playNumbers(thresholdReached(FOUR), [...apart, [0, 104]]), ["wait", "wait", [0, 1, 2], 103]);
  // one is away, and of the others one says what nobody has
  const strategy = thresholdReached(FOUR, 1);
  strategy.failed?.(2);
  assertEquals(playNumbers(strategy, [[3, 9_000], [0, 3], [1, 5]]), ["wait", "wait", "failure"]);
});

Deno.test("agreement asks each once: equal answers of a threshold win, else who said what is the failure", () => {
  assertEquals(play(thresholdAgreement(FOUR), ["0:a", "1:a", "2:b", "3:a"]), ["wait", "wait", "wait", "success a"]);
  assertEquals(play(thresholdAgreement(FOUR), ["0:a", "1:b", "2:a", "3:b"]), [
    "wait",
    "wait",
    "wait",
    "failure 0=a,1=b,2=a,3=b",
  ]);
});

Deno.test("agreement counts a failed guardian as having spoken", () => {
  assertEquals(play(thresholdAgreement(FOUR), ["0:a", "3!", "1:b", "2:a"]), [
    "wait",
    "wait",
    "wait",
    "failure 0=a,1=b,2=a",
  ]);
  assertEquals(play(thresholdAgreement(FOUR), ["0:a", "1:a", "2:a"]), ["wait", "wait", "success a"]);
});
