import { assertEquals, assertRejects } from "@std/assert";
import type { BitcoinBackend } from "../../../../../actors/bitcoin/backend.ts";
import { loggerFor } from "../../../../../actors/logger.ts";
import { ManualClock } from "../../../../../actors/testing/manual_clock.ts";
import { MemoryBackend, openMemoryStore } from "../../../../../actors/store/mod.ts";
import type { BlockHeader } from "../../../../../core/bitcoin/mod.ts";
import { block, blockHashOf } from "../../../../../core/bitcoin/mod.ts";
import { encode } from "../../../../../core/encoding/mod.ts";
import { err, ok } from "../../../../../core/result.ts";
import type { Follower, Tip } from "./chain.ts";
import { Chain, OtherChainError } from "./chain.ts";
import { Disk } from "./disk.ts";

/** A chain of empty blocks. */
class Blocks {
  readonly headers: BlockHeader[] = [];

  /** @param fork told from other blocks at the same height */
  grow(count: number, fork = 0): this {
    for (let i = 0; i < count; i++) {
      const prevBlockhash = this.headers.length === 0 ? "00".repeat(32) : blockHashOf(this.headers.at(-1)!);
      const time = this.headers.length;
      this.headers.push({ version: 1, prevBlockhash, merkleRoot: "11".repeat(32), time, bits: 1, nonce: fork });
    }
    return this;
  }

  fork(height: number, count: number, fork: number): this {
    this.headers.length = height;
    return this.grow(count, fork);
  }

  hash(height: number): string {
    return blockHashOf(this.headers[height]!);
  }

  get backend(): BitcoinBackend {
    return {
      blockCount: () => Promise.resolve(ok(this.headers.length)),
      hashAt: (height: number) =>
        Promise.resolve(
          height < this.headers.length
            ? ok(this.hash(height))
            : err({ code: "refused", rpcCode: -8, text: "Block height out of range" } as const),
        ),
      blockOf: (hash: string) => {
        const header = this.headers.find((each) => blockHashOf(each) === hash)!;
        return Promise.resolve(ok(encode(block, { header, transactions: [] })));
      },
    } as unknown as BitcoinBackend;
  }
}

class Recorder implements Follower {
  readonly steps: string[] = [];
  at: Tip;

  constructor(at: Tip) {
    this.at = at;
  }

  tip = (): Tip => this.at;
  connect: Follower["connect"] = ({ hash, height }) => {
    this.at = { hash, height };
    this.steps.push(`+${height}`);
  };
  disconnect: Follower["disconnect"] = (header, height) => {
    this.at = { hash: Chain.previousOf(header), height: height - 1 };
    this.steps.push(`-${height}`);
  };
}

async function chainOf(blocks: Blocks, memory = new MemoryBackend()) {
  const clock = new ManualClock();
  const disk = new Disk(await openMemoryStore({ clock, backend: memory }));
  const log = loggerFor("chain", () => {});
  const chain = new Chain({ backend: blocks.backend, clock, log, disk, signal: new AbortController().signal });
  await chain.load();
  return { chain, disk };
}

Deno.test("each follower comes from its own block, each block is read once, and a chain that was left is walked back", async () => {
  const blocks = new Blocks().grow(11);
  const { chain } = await chainOf(blocks);
  const early = new Recorder({ hash: blocks.hash(3), height: 3 }),
    late = new Recorder({ hash: blocks.hash(8), height: 8 });
  const read: number[] = [];
  assertEquals(await chain.bring([early, late], ({ height }) => read.push(height)), true);
  assertEquals(read, [4, 5, 6, 7, 8, 9, 10]);
  assertEquals(late.steps, ["+9", "+10"]);
  assertEquals(await chain.bring([early, late], () => {}), false);
  blocks.fork(7, 6, 1);
  const stays = new Recorder({ hash: blocks.hash(5), height: 5 });
  assertEquals(await chain.bring([late, stays], () => {}), true);
  assertEquals(late.steps.slice(2), ["-10", "-9", "-8", "-7", "+7", "+8", "+9", "+10", "+11", "+12"]);
  assertEquals([late.at, stays.at], Array(2).fill({ hash: blocks.hash(12), height: 12 }));
});

Deno.test("blocks that were left are known after a start", async () => {
  const memory = new MemoryBackend(), blocks = new Blocks().grow(6);
  const first = await chainOf(blocks, memory);
  const follower = new Recorder({ hash: blocks.hash(0), height: 0 });
  await first.chain.bring([follower], () => {});
  await first.disk.commit();
  blocks.fork(4, 4, 1);
  const again = await chainOf(blocks, memory.crash());
  await again.chain.bring([follower], () => {});
  assertEquals(follower.steps.slice(5), ["-5", "-4", "+4", "+5", "+6", "+7"]);
});

Deno.test("a node that is behind is waited for, and one of another chain is refused", async () => {
  const blocks = new Blocks().grow(6);
  const { chain } = await chainOf(blocks);
  const ahead = new Recorder({ hash: "aa".repeat(32), height: 9 });
  assertEquals(await chain.bring([ahead], () => {}), false);
  assertEquals(ahead.steps, []);
  const other = new Recorder({ hash: "aa".repeat(32), height: 4 });
  await assertRejects(() => chain.bring([other], () => {}), OtherChainError);
});
