import { assert, assertEquals } from "@std/assert";
import { DESTINATION, fundedChain, hexOf, kindOf, refusals, send } from "../testing/refusals.ts";
import { KINDS, spend, taprootSignature } from "../testing/spends.ts";

const funded = await fundedChain();
const { chain, coin } = funded;

for (const { name, hex, answer } of refusals(funded)) {
  Deno.test(`a transaction with ${name} is refused`, async () => {
    const before = chain.node.mempool.size;
    assertEquals((await chain.failure("sendrawtransaction", hex)).split(",")[0], answer);
    assertEquals(chain.node.mempool.size, before);
  });
}

for (const { name } of KINDS) {
  Deno.test(`a coin of kind ${name} can be spent by its owner`, async () => {
    const tx = spend([coin(name, 2), coin(name, 3)], [{ valueSat: 199_990_000n, script: DESTINATION }]);
    const [test] = await chain.call<{ allowed: boolean }[]>("testmempoolaccept", [hexOf(tx)]);
    assertEquals(test?.allowed, true);
    const txid = await send(chain, tx);
    assertEquals(await send(chain, tx), txid, "sending it again changes nothing");
    assert(chain.node.mempool.get(txid) !== undefined);
  });
}

Deno.test("every kind of signature that taproot has is checked", async () => {
  const coins = [coin("P2TR key path", 4), coin("P2TR key path", 5)];
  const spent = coins.map(({ kind, valueSat }) => ({ script: kind.script, valueSat }));
  const bare = spend(coins, [{ valueSat: 99_000_000n, script: DESTINATION }, {
    valueSat: 100_000_000n,
    script: DESTINATION,
  }]);
  for (const sighash of [1, 2, 3, 0x81, 0x82, 0x83]) {
    const inputs = bare.inputs.map((input, i) => ({ ...input, witness: [taprootSignature(bare, i, spent, sighash)] }));
    const [good] = await chain.call<{ allowed: boolean }[]>("testmempoolaccept", [hexOf({ ...bare, inputs })]);
    assertEquals(good?.allowed, true, `kind ${sighash}`);
    const swapped = [inputs[0]!, { ...inputs[1]!, witness: inputs[0]!.witness }];
    const [bad] = await chain.call<{ "reject-reason": string }[]>("testmempoolaccept", [
      hexOf({ ...bare, inputs: swapped }),
    ]);
    assertEquals(bad?.["reject-reason"], "mandatory-script-verify-flag-failed (Invalid Schnorr signature)");
  }
});

Deno.test("the same transaction with another witness is told from the same one", async () => {
  const tx = spend([coin("P2SH-P2WPKH", 5)], [{ valueSat: 99_990_000n, script: DESTINATION }]);
  await send(chain, tx);
  const other = {
    ...tx,
    inputs: tx.inputs.map((input) => ({ ...input, witness: [new Uint8Array(71), input.witness[1]!] })),
  };
  const [test] = await chain.call<{ "reject-reason": string }[]>("testmempoolaccept", [hexOf(other)]);
  assertEquals(test?.["reject-reason"], "txn-same-nonwitness-data-in-mempool");
});

Deno.test("twenty-five unconfirmed transactions may depend on each other, and no more", async () => {
  const kind = kindOf("P2WPKH");
  let at = coin("P2PKH", 5);
  let before = at;
  for (let i = 0; i < 25; i++) {
    before = at;
    const valueSat = at.valueSat - 1_000n;
    at = { key: `${await send(chain, spend([at], [{ valueSat, script: kind.script }]))}:0`, kind, valueSat };
  }
  const last = spend([at], [{ valueSat: at.valueSat - 1_000n, script: kind.script }]);
  assertEquals((await chain.failure("sendrawtransaction", hexOf(last))).split(",")[0], "-26: too-long-mempool-chain");
  // one that takes the place of the last has its room
  const valueSat = before.valueSat - 5_000n;
  at = { key: `${await send(chain, spend([before], [{ valueSat, script: kind.script }]))}:0`, kind, valueSat };
  await chain.mine(1);
  await send(chain, spend([at], [{ valueSat: at.valueSat - 1_000n, script: kind.script }]));
});

Deno.test("a confirmed transaction is known as such", async () => {
  const tx = spend([coin("P2WSH multisig", 5)], [{ valueSat: 99_990_000n, script: DESTINATION }]);
  await send(chain, tx);
  await chain.mine(1);
  assertEquals(await chain.failure("sendrawtransaction", hexOf(tx)), "-27: Transaction outputs already in utxo set");
});
