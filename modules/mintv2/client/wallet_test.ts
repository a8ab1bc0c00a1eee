import { assert, assertEquals, assertThrows } from "@std/assert";
import { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import { utf8 } from "../../../core/bytes.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import type { Attempt } from "../../contract/client_env.ts";
import { NotReady } from "../../contract/client_env.ts";
import type { MintEnv } from "./wallet.ts";
import { Wallet } from "./wallet.ts";

Deno.test("a transaction that is tried again asks for the notes that it asked for, and derives none anew", async () => {
  const world = new SimulatedWorld(1), signal = new AbortController().signal, fail = () => assert(false);
  const wallet = new Wallet({
    secret: DerivableSecret.root(new Uint8Array(64), utf8("a wallet")),
    config: { tbsAggPks: new Map(), tbsPks: new Map() },
    platform: world.process("wallet").platform,
    log: { debug: fail, info: fail, warn: fail, error: fail },
    signal,
  } as unknown as MintEnv);
  const undo: (() => void)[] = [], attempt: Attempt = { onUndo: (effect) => undo.push(effect) };
  const needed = assertThrows(() => wallet.requests(attempt, [4, 5, 4]), NotReady);
  await world.finish(needed.ready(), { forMs: 60_000 });
  const first = wallet.requests(attempt, [4, 5, 4]);
  undo.forEach((effect) => effect());
  // what the other transaction took was a note of 5
  const again = wallet.requests(attempt, [5, 4]);
  assertEquals(again.map((request) => first.indexOf(request)), [1, 0]);
});
