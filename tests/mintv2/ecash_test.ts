/** E-cash texts that are not what they seem: nothing is lost, nothing comes twice, and the error says why. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { FederationClient } from "../../client/mod.ts";
import { ClientWorld } from "../../client/testing.ts";
import { bls, scalarFromBigInt } from "../../core/crypto/bls/mod.ts";
import { DecodeError, encodeText } from "../../core/encoding/mod.ts";
import { EcashError } from "../../modules/mintv2/client_api.ts";
import { ecash, formatEcash, makeEcash } from "../../modules/mintv2/ecash.ts";
import type { SpendableNote } from "../../modules/mintv2/ecash.ts";
import { MintFederation } from "./federation.ts";

const world = new ClientWorld(2);
const started = MintFederation.start(world);
let wallets = 0;

async function setting(): Promise<{ federation: MintFederation; wallet: FederationClient; done: () => Promise<void> }> {
  const federation = await started;
  const wallet = await federation.wallet(world, `wallet ${wallets++}`);
  return { federation, wallet, done: () => world.finish(wallet.close()) };
}

/** Receives and waits until nothing is under way any more. @returns what came, and the reason of a refusal */
async function receive(wallet: FederationClient, text: string): Promise<{ cameMsat: bigint; refused: string | null }> {
  const beforeMsat = await wallet.getBalance();
  const { operationId } = await world.finish(wallet.receive(text));
  const outcome = await world.finish(wallet.awaitReceive(operationId));
  await world.finish(wallet.awaitNotes(operationId));
  return { cameMsat: await wallet.getBalance() - beforeMsat, refused: outcome.ok ? null : outcome.error };
}

function forged(note: SpendableNote): SpendableNote {
  return { ...note, signature: bls.g1.multiply(bls.g1.generator, scalarFromBigInt(7n)) };
}

async function refusal(wallet: FederationClient, text: string): Promise<string> {
  const beforeMsat = await wallet.getBalance();
  const error = await assertRejects(() => world.finish(wallet.receive(text)));
  assert(error instanceof EcashError || error instanceof DecodeError, String(error));
  assertEquals(await wallet.getBalance(), beforeMsat);
  assertEquals((await world.finish(wallet.operations())).length, 0, "nothing is under way");
  return error.code;
}

Deno.test("e-cash that is cut, has something behind it, of another federation, empty or of no value is refused at once", async () => {
  const { federation, wallet, done } = await setting();
  const note = await federation.note(11), text = federation.text(note);
  for (const length of [0, 8, 9, 20, 50, text.length / 2, text.length - 2]) {
    await refusal(wallet, text.slice(0, length));
  }
  await refusal(wallet, `${text}00`);
  await refusal(wallet, `${text} ${text}`);
  assertEquals(await refusal(wallet, formatEcash(makeEcash("ab".repeat(32), [note]))), "wrong_federation");
  assertEquals(await refusal(wallet, formatEcash([{ tag: "Note", value: note }])), "wrong_federation");
  assertEquals(await refusal(wallet, federation.text()), "zero_amount");
  for (const denomination of [42, 63, 64, 255]) {
    const huge = encodeText(ecash, makeEcash(federation.toy.invite.federationId, [{ ...note, denomination }]));
    assertEquals(await refusal(wallet, huge), "invalid");
  }
  // none of this spoiled it
  assertEquals(await receive(wallet, ` ${text}\n`), { cameMsat: 2_048n, refused: null });
  await done();
});

Deno.test("e-cash is received once; that it was is told from that somebody else was faster", async () => {
  const { federation, wallet, done } = await setting();
  const other = await setting();
  const text = federation.text(await federation.note(11));
  assertEquals(await receive(wallet, text), { cameMsat: 2_048n, refused: null });
  const again = await assertRejects(() => world.finish(wallet.receive(text.toUpperCase())), EcashError);
  assertEquals([again.code, await wallet.getBalance()], ["already_received", 2_048n]);
  const late = await receive(other.wallet, text);
  assertEquals(late.cameMsat, 0n);
  assertStringIncludes(late.refused!, "The note is already spent");
  await other.done();
  await done();
});

Deno.test("a note that is forged, spent, or there twice spoils no other of the text", async () => {
  const { federation, wallet, done } = await setting();
  const spent = await federation.note(12);
  assertEquals((await receive(wallet, federation.text(spent))).cameMsat, 4_096n);
  const texts: [(good: readonly SpendableNote[]) => readonly SpendableNote[], string][] = [
    [([a, b]) => [a!, forged(b!), b!], "The note has an invalid signature"],
    [([a, b]) => [spent, a!, b!], "The note is already spent"],
    [([a, b]) => [a!, b!, a!], "The note is already spent"],
    [([a, b]) => [a!, b!, { ...forged(a!), denomination: 20 }], "The note has an invalid signature"],
  ];
  for (const [of, reason] of texts) {
    const good = [await federation.note(11), await federation.note(13)];
    const { cameMsat, refused } = await receive(wallet, federation.text(...of(good)));
    assertStringIncludes(refused!, reason);
    assertEquals(cameMsat, 2_048n + 8_192n, reason);
  }
  await done();
});

Deno.test("forged notes alone bring nothing and take nothing, however large they are", async () => {
  const { federation, wallet, done } = await setting();
  assertEquals((await receive(wallet, federation.text(await federation.note(12)))).cameMsat, 4_096n);
  const made = forged(await federation.note(11));
  const notes = Array.from(
    { length: 2 },
    (_, i) => ({ ...made, denomination: 41, keypair: made.keypair.with(31, i) }),
  );
  const { cameMsat, refused } = await receive(wallet, federation.text(...notes as SpendableNote[]));
  assertEquals(cameMsat, 0n);
  assertStringIncludes(refused!, "The note has an invalid signature");
  await done();
});

Deno.test("e-cash that was sent can be taken back by its own wallet, once", async () => {
  const { federation, wallet, done } = await setting();
  await receive(wallet, federation.text(await federation.note(13)));
  const { ecash: text } = await world.finish(wallet.spend(1_024n));
  assertEquals(await wallet.getBalance(), 8_192n - 1_024n);
  assertEquals(await receive(wallet, text), { cameMsat: 1_024n, refused: null });
  const again = await assertRejects(() => world.finish(wallet.receive(text)), EcashError);
  assertEquals([again.code, await wallet.getBalance()], ["already_received", 8_192n]);
  await done();
});
