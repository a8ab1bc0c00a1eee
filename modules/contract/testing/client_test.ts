/** `TestClient` finds what client and guardians would disagree on. */
import { assertEquals, assertRejects } from "@std/assert";
import { bountyClient } from "../../../tests/examples/bounty/client.ts";
import { ANSWER, guardiansAt, NOW_SECS, QUESTION } from "../../../tests/examples/bounty/testing.ts";
import type { ClientModuleEnv } from "../mod.ts";
import { DerivableSecret } from "../mod.ts";
import { TestClient } from "./mod.ts";

type Env = Parameters<typeof bountyClient.start>[0];

const WANTED = { amountMsat: 50_000n, question: QUESTION, answer: ANSWER, openSecs: 30n };

/** A wallet whose module sees another environment. */
async function walletWith(change: (env: Env) => Partial<ClientModuleEnv<Env["config"], never>>) {
  const { clock, guardians } = await guardiansAt(NOW_SECS);
  const definition = {
    ...bountyClient,
    start: (env: Env) => bountyClient.start(Object.create(env, Object.getOwnPropertyDescriptors(change(env)))),
  };
  return await TestClient.start(definition, guardians, { clock, balanceMsat: 1_000_000n });
}

Deno.test("fees that client and guardians reckon differently are found", async () => {
  const wallet = await walletWith(({ config }) => ({ config: { ...config, lockFeeMsat: 999n } }));
  const whole = async () => {
    const { operationId } = await wallet.until(wallet.api.create(WANTED));
    await wallet.until(wallet.api.awaitOpen(operationId));
  };
  await assertRejects(whole, Error, "client and guardians reckon fees alike");
});

Deno.test("a key that is not the one that guardians ask for is found", async () => {
  let made = 0;
  const wallet = await walletWith(() => ({
    get secret() {
      return DerivableSecret.root(Uint8Array.of(made++), new Uint8Array());
    },
  }));
  const { operationId } = await wallet.until(wallet.api.create(WANTED));
  await assertRejects(
    () => wallet.until(wallet.api.awaitOutcome(operationId)),
    Error,
    "the client signs with the key that is asked for",
  );
});

Deno.test("a wallet pays no more than it has, and what is refused comes back", async () => {
  const wallet = await walletWith(() => ({}));
  const most = { ...WANTED, amountMsat: 999_000n };
  await assertRejects(() => wallet.api.create({ ...WANTED, amountMsat: 999_001n }), Error, "too little money");
  wallet.refuse = "no";
  const { operationId } = await wallet.until(wallet.api.create(most));
  assertEquals(wallet.balanceMsat, 1_000_000n);
  assertEquals(await wallet.until(wallet.api.awaitOpen(operationId)), { ok: false, error: "no" });
  wallet.refuse = null;
  await wallet.until(wallet.api.create(most));
  assertEquals(wallet.balanceMsat, 0n);
});

Deno.test("what never ends is told, and what waits ends with the wallet", async () => {
  const wallet = await walletWith(() => ({}));
  const { operationId } = await wallet.until(wallet.api.create({ ...WANTED, openSecs: 1_000_000n }));
  const never = wallet.api.awaitOutcome(operationId);
  await assertRejects(() => wallet.until(never), Error, "it comes to an end");
  wallet.close();
  await assertRejects(() => never);
});
