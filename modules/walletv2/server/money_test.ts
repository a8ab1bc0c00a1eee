/** Whatever happens in whatever order: guardians stay equal, and the federation holds what it owes. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { dump } from "../../contract/testing/mod.ts";
import type { FederationWallet } from "../common.ts";
import { getWallet } from "./db.ts";
import type { TestWallet } from "../testing/federation.ts";
import {
  agree,
  ask,
  claim,
  confirm,
  depositAddress,
  payment,
  send,
  signedTransactions,
  testWallet,
} from "../testing/federation.ts";

type Step =
  | { readonly do: "deposit"; readonly address: number; readonly valueSat: bigint }
  | { readonly do: "claim"; readonly output: number; readonly stolen: boolean; readonly extraSat: bigint }
  | { readonly do: "send"; readonly valueSat: bigint; readonly extraSat: bigint }
  | { readonly do: "sign" }
  | { readonly do: "confirm" }
  | { readonly do: "feerate"; readonly satPerKvb: bigint | null };

const address = fc.nat(2), extraSat = fc.bigInt(-2n, 1_000n);
/** One claim in eight is made with another address' key. */
const stolen = fc.nat(7).map((n) => n === 0);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("deposit"), address, valueSat: fc.bigInt(1n, 200_000n) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("claim"), output: fc.nat(), stolen, extraSat }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("send"), valueSat: fc.bigInt(9_999n, 90_000n), extraSat }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sign") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("confirm") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("feerate"), satPerKvb: fc.option(fc.bigInt(500n, 3_000n)) }) },
) as fc.Arbitrary<Step>;

/** What clients were credited with less what they paid, msat; and the address of each deposit. */
type Ledger = { owedMsat: bigint; accepted: number; readonly addresses: number[] };

async function feeOf(wallet: TestWallet, method: "send_fee" | "receive_fee", extra: bigint): Promise<bigint> {
  const fee = BigInt(await ask(wallet.guardians[0]!, method) as number | null ?? 1_000) + extra;
  return fee < 0n ? 0n : fee;
}

async function play(wallet: TestWallet, ledger: Ledger, move: Step, outIdx: number): Promise<void> {
  switch (move.do) {
    case "deposit":
      ledger.addresses.push(move.address);
      return await confirm(
        wallet,
        payment({ valueSat: move.valueSat, script: depositAddress(wallet, move.address).script }),
      );
    case "claim": {
      const fee = await feeOf(wallet, "receive_fee", move.extraSat);
      // the index behind the last one too
      const index = move.output % (ledger.addresses.length + 1);
      const { publicKey: tweak } = depositAddress(wallet, move.stolen ? 3 : ledger.addresses[index] ?? 0);
      const input = { tag: "V0", value: { outputIndex: BigInt(index), tweak, fee } } as const;
      const result = await claim(wallet, input);
      if (!result.ok) return;
      ledger.owedMsat += result.value.amounts.get(0n)!;
      ledger.accepted++;
      assertEquals(await claim(wallet, input), { ok: false, error: { tag: "OutputAlreadySpent", value: null } });
      return;
    }
    case "send": {
      const fee = await feeOf(wallet, "send_fee", move.extraSat);
      const destination = { tag: "P2WPKH", value: new Uint8Array(20) } as const;
      const output = { tag: "V0", value: { destination, value: move.valueSat, fee } } as const;
      const result = await send(wallet, output, { txid: "ab".repeat(32), outIdx });
      if (!result.ok) return;
      ledger.owedMsat -= result.value.amounts.get(0n)!;
      ledger.accepted++;
      return;
    }
    case "sign":
      return void await agree(wallet);
    case "confirm":
      return await confirm(wallet, ...await signedTransactions(wallet));
    case "feerate":
      wallet.chain.feerateSatPerKvb = move.satPerKvb;
      return void await agree(wallet);
  }
}

async function check(wallet: TestWallet, ledger: Ledger): Promise<void> {
  const first = await dump(wallet.guardians[0]!.store);
  for (const { store } of wallet.guardians) assertEquals(await dump(store), first);
  const { store, module } = wallet.guardians[0]!;
  const held: FederationWallet | undefined = await store.read((tx) => getWallet(tx));
  const assetsMsat = await store.read((tx) => module.audit(tx));
  assertEquals(assetsMsat, (held?.value ?? 0n) * 1000n);
  assert(assetsMsat >= ledger.owedMsat, `assets of ${assetsMsat} msat cover the ${ledger.owedMsat} msat owed`);
}

Deno.test("guardians stay equal and hold what they owe, whatever clients and the chain do", async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (moves) => {
      const wallet = await testWallet();
      const ledger: Ledger = { owedMsat: 0n, accepted: 0, addresses: [] };
      await play(wallet, ledger, { do: "deposit", address: 0, valueSat: 500_000n }, 0);
      for (const [number, move] of moves.entries()) {
        await play(wallet, ledger, move, number);
        await check(wallet, ledger);
      }
      // in the end everything that was accepted gets into a block
      await confirm(wallet, ...await signedTransactions(wallet));
      assertEquals(await ask(wallet.guardians[0]!, "pending_transaction_chain"), []);
      await check(wallet, ledger);
      accepted += ledger.accepted;
    }),
    { numRuns: 15 },
  );
  assert(accepted > 15, `only ${accepted} claims and payments were accepted: the test tries nothing`);
});
