/** Receives by lnurl: contracts that somebody made for the wallet, found in the stream of all. */
import { assertEquals, assertRejects } from "@std/assert";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { decodeText } from "../../../core/encoding/mod.ts";
import { decodeLnurl } from "../../../core/lightning/lnurl.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import { seededDice } from "../../contract/testing/mod.ts";
import type { IncomingContract } from "../contracts.ts";
import { feeEncodedExpiration } from "../contracts.ts";
import { contractFor, newTweak } from "../incoming.ts";
import type { LnurlRequest } from "../lnurl.ts";
import { lnurlRequest } from "../lnurl.ts";
import { fund, incomingOutput } from "../testing/guardians.ts";
import type { LightningWallet } from "../testing/wallet.ts";
import { assertMoney, BALANCE_MSAT, lightningWallet } from "../testing/wallet.ts";
import { receiptOperationId } from "./contracts.ts";
import { Lnv2Error } from "./error.ts";

const FEDERATION_FEE = 1_000n;
const SERVER = "https://pay.example/";

/** What a server of lnurls reads in one. */
function requestOf(lnurl: string): LnurlRequest {
  const url = decodeLnurl(lnurl)!;
  assertEquals(url.slice(0, SERVER.length + 12), `${SERVER}pay/fedimint`);
  return decodeText(lnurlRequest, url.slice(`${SERVER}pay/`.length));
}

const dice = seededDice(5);
const refundPk = publicKeyOf(new Uint8Array(32).fill(110));

/** What the server makes of it. */
function contractOf(
  { recipientPk: publicKey, aggregatePk: aggregateKey }: LnurlRequest,
  { amount, feeMsat = 300n }: { readonly amount: bigint; readonly feeMsat?: bigint },
): IncomingContract {
  const tweak = newTweak(publicKey, (size) => dice.bytes(size));
  const terms = { amount, expiration: feeEncodedExpiration(feeMsat), refundPk };
  return contractFor({ publicKey, aggregateKey }, tweak, terms).contract;
}

async function published({ wallet }: LightningWallet): Promise<LnurlRequest> {
  return requestOf(await wallet.until(wallet.api.lnurl(SERVER)));
}

function pay({ world }: LightningWallet, contract: IncomingContract) {
  return fund(world, incomingOutput(contract));
}

Deno.test("an lnurl says who is paid, at which federation, through which gateways", async () => {
  const lightning = await lightningWallet(), { wallet } = lightning;
  const request = await published(lightning);
  assertEquals(request.gateways, ["http://gw/v1"]);
  assertEquals(request.federationId, "0f".repeat(32));
  assertEquals(await published(lightning), request);
  const named = await wallet.until(wallet.api.lnurl(SERVER, "https://mine.example/"));
  assertEquals(requestOf(named).gateways, ["https://mine.example/"]);
  const none = await lightningWallet({ vetted: [] });
  const error = await assertRejects(() => none.wallet.until(none.wallet.api.lnurl(SERVER)), Lnv2Error);
  assertEquals(error.code, "no_gateways");
});

Deno.test("what was paid by lnurl comes by itself, and its gateway's fee is known", async () => {
  const lightning = await lightningWallet(), { wallet } = lightning;
  const contract = contractOf(await published(lightning), { amount: 50_000n, feeMsat: 300n });
  wallet.beginBackground();
  await wallet.pass(5_000);
  await pay(lightning, contract);
  await wallet.pass(5_000);
  const operationId = receiptOperationId(contract);
  assertEquals(wallet.outcomes.get(operationId), "Claimed");
  assertEquals(wallet.events, [
    { kind: "payment-receive", payload: { operation_id: operationId, amount: 50_300, fee: 300 } },
  ]);
  await assertMoney(lightning, { balanceMsat: BALANCE_MSAT + 50_000n - FEDERATION_FEE });
});

Deno.test("a wallet from the same words finds what was paid while there was none, each contract once", async () => {
  const lightning = await lightningWallet(), { wallet, open } = lightning;
  const request = await published(lightning);
  wallet.close();
  for (const amount of [20_000n, 30_000n]) await pay(lightning, contractOf(request, { amount }));
  const restored = await open({ balanceMsat: 0n });
  restored.beginBackground();
  await restored.pass(10_000);
  assertEquals(restored.balanceMsat, 50_000n - 2n * FEDERATION_FEE);
  await restored.pass(120_000);
  assertEquals(restored.balanceMsat, 50_000n - 2n * FEDERATION_FEE);
  restored.close();
  const other = await open({ seed: 2, balanceMsat: 0n });
  await pay(lightning, contractOf(request, { amount: 40_000n }));
  other.beginBackground();
  await other.pass(10_000);
  assertEquals({ balanceMsat: other.balanceMsat, operations: other.logged.size }, { balanceMsat: 0n, operations: 0 });
});

Deno.test("contracts that aren't worth a claim, are broken or lie about their fee keep none of the others back", async () => {
  const lightning = await lightningWallet(), { wallet } = lightning;
  const request = await published(lightning);
  const dust = contractOf(request, { amount: FEDERATION_FEE });
  // the greatest fee that isn't a time that is over
  const lie = contractOf(request, { amount: 3_000_000_000n, feeMsat: U64_MAX - 2_000_000_000n });
  // sound for guardians, with a preimage that fits nothing
  const other = contractOf({ ...request, recipientPk: refundPk }, { amount: 6_000n });
  const good = contractOf(request, { amount: 7_000n });
  for (const contract of [dust, lie, other, good]) await pay(lightning, contract);
  wallet.beginBackground();
  await wallet.pass(20_000);
  assertEquals(wallet.logged.size, 2);
  await assertMoney(lightning, {
    balanceMsat: BALANCE_MSAT + 3_000_000_000n + 7_000n - 2n * FEDERATION_FEE,
    openMsat: FEDERATION_FEE + 6_000n,
  });
  assertEquals(wallet.events.map(({ payload }) => (payload as { amount: unknown }).amount), [U64_MAX, 7_300]);
});

Deno.test("other people's contracts are gone through, and the position is kept", async () => {
  const lightning = await lightningWallet(), { wallet } = lightning;
  const request = await published(lightning);
  const stranger = { ...request, recipientPk: refundPk };
  for (let i = 0; i < 12; i++) await pay(lightning, contractOf(stranger, { amount: 2_000n }));
  await pay(lightning, contractOf(request, { amount: 50_000n }));
  wallet.beginBackground();
  await wallet.pass(5_000);
  assertEquals(wallet.balanceMsat, BALANCE_MSAT + 50_000n - FEDERATION_FEE);
  const stored = await wallet.store.read((tx) => tx.get(Uint8Array.of(0x42)));
  assertEquals([...stored!], [13]);
});
