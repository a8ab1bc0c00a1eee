import { assertEquals } from "@std/assert";
import { loggerFor } from "../logger.ts";
import { err, ok } from "../../core/result.ts";
import type { BackendFailure, BitcoinBackend } from "./backend.ts";
import { hybridBackend } from "./hybrid.ts";

const never = new AbortController().signal;
const away: BackendFailure = { code: "unreachable" };

type Node = { up: boolean; downloading: boolean; blocks: number; hash: string; feerate: bigint | null };

function backendOf(node: Node): BitcoinBackend {
  const answer = <T>(value: T) => Promise.resolve(node.up ? ok(value) : err(away));
  return {
    blockCount: () => answer(node.blocks),
    blockCountAndDownload: () => answer({ blockCount: node.blocks, downloading: node.downloading }),
    tipHash: () => answer(node.hash),
    hashAt: () => answer(node.hash),
    blockOf: () => answer(new Uint8Array([node.blocks])),
    feerateSatPerKvb: () => answer(node.feerate),
    syncProgress: () => answer(0.5),
    broadcast: () => answer(null),
  };
}

function pair(first: Partial<Node> = {}, second: Partial<Node> = {}) {
  const bitcoind: Node = { up: true, downloading: false, blocks: 7, hash: "aa", feerate: 2_000n, ...first };
  const esplora: Node = { up: true, downloading: false, blocks: 9, hash: "aa", feerate: 3_000n, ...second };
  const lines: string[] = [];
  const log = loggerFor("bitcoin", ({ level, message }) => lines.push(`${level}: ${message}`));
  return { bitcoind, esplora, lines, both: hybridBackend(backendOf(bitcoind), backendOf(esplora), log) };
}

Deno.test("bitcoind answers where it can", async () => {
  const { both, lines } = pair();
  assertEquals(await both.blockCount(never), ok(7));
  assertEquals(await both.blockCount(never), ok(7));
  assertEquals(await both.feerateSatPerKvb(never), ok(2_000n));
  assertEquals(await both.syncProgress(never), ok(null));
  assertEquals(lines, []);
});

Deno.test("Esplora answers each call that bitcoind can't, which is said once, as is its return", async () => {
  const { both, bitcoind, lines } = pair();
  await both.blockCount(never);
  bitcoind.up = false;
  assertEquals(await both.blockCount(never), ok(9));
  assertEquals(await both.blockOf("aa", never), ok(new Uint8Array([9])));
  assertEquals(await both.broadcast(new Uint8Array(1), never), ok(null));
  bitcoind.up = true;
  assertEquals(await both.blockCount(never), ok(7));
  assertEquals(lines, ["warn: bitcoind can't answer; Esplora is asked", "info: bitcoind answers again"]);
});

Deno.test("while bitcoind loads the chain the count is Esplora's, and afterwards its own", async () => {
  const { both, bitcoind } = pair({ downloading: true });
  assertEquals(await both.blockCount(never), ok(9));
  bitcoind.downloading = false;
  assertEquals(await both.blockCountAndDownload(never), ok({ blockCount: 7, downloading: false }));
  bitcoind.downloading = true; // it doesn't go back to that state
  assertEquals(await both.blockCount(never), ok(7));
});

Deno.test("an estimate that bitcoind lacks is Esplora's", async () => {
  assertEquals(await pair({ feerate: null }).both.feerateSatPerKvb(never), ok(3_000n));
  assertEquals(await pair({ feerate: null }, { up: false }).both.feerateSatPerKvb(never), ok(null));
});

Deno.test("where both are away, bitcoind's failure is told", async () => {
  const { both } = pair({ up: false }, { up: false });
  assertEquals(await both.blockCount(never), err(away));
  assertEquals(await both.hashAt(1, never), err(away));
  assertEquals(await both.hashAt(1, never), err(away));
});

Deno.test("two different chains are no node, until they are one; one alone is taken", async () => {
  const { both, esplora } = pair({}, { hash: "bb" });
  for (let poll = 0; poll < 3; poll++) assertEquals(await both.hashAt(1, never), err({ code: "two_chains" }));
  esplora.hash = "aa";
  assertEquals(await both.hashAt(1, never), ok("aa"));
  const alone = pair({}, { up: false, hash: "bb" });
  assertEquals(await alone.both.hashAt(1, never), ok("aa"));
  alone.esplora.up = true;
  assertEquals(await alone.both.hashAt(1, never), err({ code: "two_chains" }), "compared once both answer");
  assertEquals(await pair({ up: false }, { hash: "bb" }).both.hashAt(1, never), ok("bb"));
});
