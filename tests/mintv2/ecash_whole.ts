/** E-cash texts that are not what they seem: nothing is lost, nothing comes twice, and the error says why. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { FederationClient } from "../../client/mod.ts";
import { PastedError } from "../../client/pasted.ts";
import { ClientWorld } from "../../client/testing/world.ts";
import { bls, scalarFromBigInt } from "../../core/crypto/bls/mod.ts";
import { encodeText } from "../../core/encoding/mod.ts";
import { EcashError } from "../../modules/mintv2/client/api.ts";
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
  assert(error instanceof EcashError || error instanceof PastedError, String(error));
  assertEquals(await wallet.getBalance(), beforeMsat);
  assertEquals((await world.finish(wallet.operations())).length, 0, "nothing was begun");
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
    assertEquals(await refusal(wallet, huge), "wrong_text");
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

Deno.test("a note that is spent spoils no other of the text", async () => {
  const { federation, wallet, done } = await setting();
  const spent = await federation.note(12);
  assertEquals((await receive(wallet, federation.text(spent))).cameMsat, 4_096n);
  const good = [await federation.note(11), await federation.note(13)];
  const { cameMsat, refused } = await receive(wallet, federation.text(spent, ...good));
  assertStringIncludes(refused!, "The note is already spent");
  assertEquals(cameMsat, 2_048n + 8_192n);
  await done();
});

Deno.test("e-cash with a forged note, or one twice, is refused at once, costs nothing, and the genuine text stays good", async () => {
  const { federation, wallet, done } = await setting();
  const [a, b] = [await federation.note(11), await federation.note(13)];
  const texts: [readonly SpendableNote[], string][] = [
    [[a, forged(b), b], "repeated_note"],
    [[a, b, a], "repeated_note"],
    [Array<SpendableNote>(10).fill(a), "repeated_note"],
    [[a, { ...b, keypair: a.keypair }], "repeated_note"],
    [[a, forged(b)], "invalid_signature"],
    [[a, { ...b, denomination: 20 }], "invalid_signature"],
    [[a, { ...b, signature: bls.g1.infinity }], "invalid_signature"],
    [[a, { ...b, signature: a.signature }, await federation.note(9)], "invalid_signature"],
  ];
  for (const [notes, code] of texts) assertEquals(await refusal(wallet, federation.text(...notes)), code);
  assertEquals(await receive(wallet, federation.text(a, b)), { cameMsat: 2_048n + 8_192n, refused: null });
  await done();
});

Deno.test("forged notes that are as large as can be are refused at once too", async () => {
  const { federation, wallet, done } = await setting();
  assertEquals((await receive(wallet, federation.text(await federation.note(12)))).cameMsat, 4_096n);
  const made = forged(await federation.note(11));
  const notes = Array.from(
    { length: 2 },
    (_, i) => ({ ...made, denomination: 41, keypair: made.keypair.with(31, i) }),
  );
  const error = await assertRejects(() => world.finish(wallet.receive(federation.text(...notes as SpendableNote[]))));
  assertEquals([(error as EcashError).code, await wallet.getBalance()], ["invalid_signature", 4_096n]);
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
