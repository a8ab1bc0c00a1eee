/** What LDK's bindings would keep for ever. */
import { assertEquals } from "@std/assert";
import { realPlatform } from "../../../../../actors/platform/real.ts";
import { testsNeeding } from "../../../../../core/testing/permissions.ts";
import { forgetterOf, ldk, loadLdk } from "./bindings.ts";

const onMachine = testsNeeding("read", "env");

onMachine("what a long-lived object of LDK's was given is let go, and what it was made with is not", async () => {
  await loadLdk(realPlatform().files);
  const logger = ldk.Logger.new_impl({ log: () => {} });
  const graph = ldk.NetworkGraph.constructor_new(ldk.Network.LDKNetwork_Regtest, logger);
  const decay = ldk.ProbabilisticScoringDecayParameters.constructor_default();
  const scorer = ldk.ProbabilisticScorer.constructor_new(decay, graph, logger);
  const scores = scorer.as_ScoreUpdate(), kept = (holder: object) => (holder as { ptrs_to: unknown[] }).ptrs_to;
  const madeWith = [...kept(scores)], forget = forgetterOf([scores, graph]);
  const path = (): ldk.Path => ldk.Path.constructor_new([], null);
  for (let i = 0; i < 100; i++) scores.payment_path_successful(path(), 1n);
  assertEquals(kept(scores).length, madeWith.length + 100, "otherwise the bindings have changed, and this may go");
  forget();
  assertEquals(kept(scores), madeWith);
  scores.payment_path_successful(path(), 1n);
  forget();
  assertEquals(kept(scores), madeWith);
});
