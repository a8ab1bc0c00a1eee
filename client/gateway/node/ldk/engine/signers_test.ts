/** Which keys a channel has: of its id, and of the words alone. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { realPlatform } from "../../../../../actors/platform/real.ts";
import { publicKeyOf } from "../../../../../core/crypto/secp.ts";
import { toHex } from "../../../../../core/bytes.ts";
import { testsNeeding } from "../../../../../core/testing/permissions.ts";
import { ldk, loadLdk, unwrap } from "./bindings.ts";
import { PAYMENT_KEYS, PAYMENT_KEYS_FIRST, WalletKeys } from "./keys.ts";
import { channelKeys, signersOf } from "./signers.ts";

const onMachine = testsNeeding("read", "env");
const SEED = new Uint8Array(32).fill(7), VALUE_SAT = 1_000_000n;

type Keys = { readonly payment: string; readonly funding: string };

function keysOf(signer: ldk.InMemorySigner): Keys {
  const keys = signer.as_ChannelSigner().get_pubkeys();
  return { payment: toHex(keys.get_payment_point()), funding: toHex(keys.get_funding_pubkey()) };
}

onMachine("a channel's keys are its own but for the one that peers pay to, which the seed alone gives", async () => {
  await loadLdk(realPlatform().files);
  const { dice } = realPlatform();
  const keys = ldk.KeysManager.constructor_new(SEED, 1n, 1), wallet = new WalletKeys(SEED);
  const signers = signersOf(keys, wallet, dice);
  const points = new Set(
    Array.from({ length: PAYMENT_KEYS }, (_, i) => toHex(publicKeyOf(wallet.secretKey(PAYMENT_KEYS_FIRST + i)))),
  );
  const ids = [1, 2, 3].map(() => signers.generate_channel_keys_id(false, VALUE_SAT, 0n));
  const made = ids.map((id) => keysOf(channelKeys(keys, wallet, dice, { valueSat: VALUE_SAT, id })));
  assertEquals(made.map(({ payment }) => points.has(payment)), [true, true, true]);
  assertEquals(new Set(made.map(({ funding }) => funding)).size, 3);
  // another life of the seed
  const later = ldk.KeysManager.constructor_new(SEED, 2n, 2);
  assertEquals(keysOf(channelKeys(later, wallet, dice, { valueSat: VALUE_SAT, id: ids[0]! })), made[0]);
});

onMachine("a channel with an id of LDK's has LDK's keys", async () => {
  await loadLdk(realPlatform().files);
  const keys = ldk.KeysManager.constructor_new(SEED, 1n, 1), inner = keys.as_SignerProvider();
  const wallet = new WalletKeys(SEED), { dice } = realPlatform();
  const id = inner.generate_channel_keys_id(true, VALUE_SAT, 5n);
  const expected = keysOf(keys.derive_channel_keys(VALUE_SAT, id));
  assertEquals(keysOf(channelKeys(keys, wallet, dice, { valueSat: VALUE_SAT, id })), expected);
  assertNotEquals(expected.payment, toHex(publicKeyOf(wallet.secretKey(PAYMENT_KEYS_FIRST))));
});

onMachine("what a channel pays to us by itself goes to the wallet's own script", async () => {
  await loadLdk(realPlatform().files);
  const wallet = new WalletKeys(SEED);
  const signers = signersOf(ldk.KeysManager.constructor_new(SEED, 1n, 1), wallet, realPlatform().dice);
  const own = toHex(wallet.script(0));
  assertEquals(toHex(unwrap(signers.get_destination_script(new Uint8Array(32)), "a script")), own);
  const shutdown: ldk.ShutdownScript = unwrap(signers.get_shutdown_scriptpubkey(), "a script");
  assertEquals(toHex(shutdown.into_inner()), own);
});
