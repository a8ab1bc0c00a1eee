import { assertEquals } from "@std/assert";
import type { SupportedApiVersionsSummary } from "../../core/types/api_versions.ts";
import type { Version } from "../../core/types/version.ts";
import { negotiate, negotiateAll } from "./versions.ts";

function version(major: number, minor: number): Version {
  return { major, minor };
}

function offers(...minors: readonly (number | null)[]) {
  return minors.map((minor) => ({ consensus: [version(2, 1)], api: minor === null ? [] : [version(0, minor)] }));
}

const required = { consensus: [version(2, 0)], api: [version(0, 1)] };

Deno.test("the smallest minor of those who offer enough is spoken", () => {
  assertEquals(negotiate(required, offers(3, 1, 2, 0)), version(0, 1));
  assertEquals(negotiate(required, offers(3, 2, 2, 0)), version(0, 2));
});

Deno.test("nobody who offers enough, nothing to speak", () => {
  assertEquals(negotiate(required, offers(0, 0, null)), null);
  assertEquals(negotiate(required, []), null);
});

Deno.test("guardians of another consensus major don't count", () => {
  const other = [{ consensus: [version(3, 0)], api: [version(0, 1)] }];
  assertEquals(negotiate(required, [...other, ...offers(5)]), version(0, 5));
  assertEquals(negotiate(required, other), null);
});

Deno.test("the major that most offer is spoken, the lower one of equals", () => {
  const both = { consensus: [version(2, 0)], api: [version(0, 0), version(1, 0)] };
  const offer = (...api: Version[]) => ({ consensus: [version(2, 0)], api });
  const zero = version(0, 4), one = version(1, 7);
  assertEquals(negotiate(both, [offer(zero), offer(one), offer(one)]), one);
  assertEquals(negotiate(both, [offer(zero), offer(one)]), zero);
  assertEquals(negotiate(both, [offer(zero, one), offer(zero, one)]), zero);
});

function summary(core: number, modules: Record<number, number>): SupportedApiVersionsSummary {
  return {
    core: { coreConsensus: version(2, 1), api: [version(0, core)] },
    modules: new Map(
      Object.entries(modules).map(([id, minor]) => [
        Number(id),
        { coreConsensus: version(2, 1), moduleConsensus: version(1, 0), api: [version(0, minor)] },
      ]),
    ),
  };
}

Deno.test("a module that nobody speaks is left out, and the client goes on", () => {
  const modules = new Map([
    [1, { moduleConsensus: version(1, 0), api: [version(0, 1)] }],
    [2, { moduleConsensus: version(1, 0), api: [version(0, 1)] }],
    [3, { moduleConsensus: version(2, 0), api: [version(0, 0)] }],
  ]);
  const summaries = new Map([[0, summary(9, { 1: 2, 2: 0, 3: 5 })], [1, summary(8, { 1: 1, 3: 5 })]]);
  const chosen = negotiateAll(version(2, 0), [version(0, 0)], modules, summaries);
  assertEquals(chosen, { core: version(0, 8), modules: new Map([[1, version(0, 1)]]) });
});

Deno.test("without a common core version there is nothing", () => {
  assertEquals(negotiateAll(version(3, 0), [version(0, 0)], new Map(), new Map([[0, summary(9, {})]])), null);
});
