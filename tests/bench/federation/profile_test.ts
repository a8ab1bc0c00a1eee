import { assertEquals } from "@std/assert";
import { sharesOf } from "./profile.ts";

const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url },
  children,
});

const profile = {
  nodes: [
    node(1, "(root)", "", [2, 3, 7]),
    node(2, "(idle)", ""),
    node(3, "process", "file:///x/server/consensus/engine/engine.ts", [4, 6]),
    node(4, "verifyGroups", "file:///x/core/crypto/tbs_batch.ts", [5]),
    node(5, "get", "file:///x/actors/store/cache.ts"),
    node(6, "sha256", "https://registry/hashes/sha2.js"),
    node(7, "(garbage collector)", ""),
  ],
  samples: [2, 3, 5, 6, 7],
  timeDeltas: [100, 10, 20, 40, 80],
};

Deno.test("a sample counts for what it is part of, or for its nearest caller with a subject; idle time doesn't", () => {
  assertEquals(sharesOf(profile, { fromUs: 0, toUs: 1_000 }), [
    { subject: "garbage collection", us: 80 },
    { subject: "consensus", us: 50 },
    { subject: "BLS: notes verified", us: 20 },
  ]);
});

Deno.test("only samples within a window count", () => {
  assertEquals(sharesOf(profile, { fromUs: 105, toUs: 115 }), [{ subject: "consensus", us: 10 }]);
  assertEquals(sharesOf(profile, { fromUs: 115, toUs: 170 }), [
    { subject: "consensus", us: 40 },
    { subject: "BLS: notes verified", us: 20 },
  ]);
});
