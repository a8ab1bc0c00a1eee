/** The first Lightning module in a whole federation, without a gateway: its guardians and wallets need no other. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import { openMemoryStore } from "../../actors/store/mod.ts";
import { startInWorld } from "../../client/cli/testing/mod.ts";
import { clientModules } from "../../client/modules.ts";
import { lnClient } from "../../modules/ln/client.ts";
import { LnError } from "../../modules/ln/client/error.ts";
import { LN_CONSENSUS_VERSION } from "../../modules/ln/common.ts";
import { serverModules } from "../../server/modules.ts";
import type { Audit } from "../demo/audits.ts";
import { netMsat } from "../demo/audits.ts";
import { faucetClient, faucetServer } from "./faucet.ts";
import { SimulatedFederation } from "./federation.ts";
import { SimulatedWallet } from "./wallets.ts";

const SOURCE = "tests/simulation/faucet.ts";
const AMOUNT_MSAT = 100_000n;
/** In the order of kinds: faucet, ln, mintv2. */
const VERSION_METHOD = "module_1_module_consensus_version";

Deno.test("an invoice is paid from one wallet to another within a federation, whoever is killed meanwhile, and all books balance", async () => {
  const federation = await SimulatedFederation.start({
    seed: 21,
    modules: ["faucet", "ln", "mintv2"],
    definitions: serverModules([{ definition: faucetServer, source: SOURCE }]),
    roundsPerSession: 40,
  });
  const modules = clientModules([{ definition: faucetClient, source: SOURCE }]);
  const payee = await SimulatedWallet.open(federation, "payee", undefined, modules);
  const payer = await SimulatedWallet.open(federation, "payer", undefined, modules);
  const clock = federation.world.process("watch").platform.clock;
  await federation.play(async () => {
    await payer.client.use(faucetClient).draw(1_000_000n);
    // guardians ask each other what they know, and vote for it
    const agreed = async (): Promise<boolean> => {
      const { major, minor } = await federation.call(0, VERSION_METHOD) as { major: number; minor: number };
      return major === LN_CONSENSUS_VERSION.major && minor === LN_CONSENSUS_VERSION.minor;
    };
    for (let tries = 0; tries < 60 && !await agreed(); tries++) await sleep(clock, 1_000);
    assert(await agreed(), "the federation comes to the version that all guardians know");

    const { invoice, operationId } = await payee.client.use(lnClient).receive(AMOUNT_MSAT, { gateway: "internal" });
    federation.kill(3);
    payee.kill();
    const { operationId: paying } = await payer.client.use(lnClient).pay(invoice);
    payer.kill();
    await payer.restart();
    assertEquals((await payer.client.use(lnClient).awaitPay(paying)).outcome, "success");
    await payee.restart();
    assertEquals(await payee.client.use(lnClient).awaitReceive(operationId), { outcome: "claimed" });
    await federation.restart(3);

    // paid once: it is told again, and no second invoice of the same payment is bought
    assertEquals((await payer.client.use(lnClient).pay(invoice)).operationId, paying);
    const error = await assertRejects(() => payee.client.use(lnClient).pay(invoice), LnError);
    assertEquals(error.code, "no_offer");

    for (const { client } of [payer, payee]) await client.client.awaitIdle();
    const balances = await Promise.all([payer, payee].map(({ client }) => client.getBalance()));
    assert(balances[1]! > AMOUNT_MSAT * 9n / 10n && balances[1]! <= AMOUNT_MSAT);
    const audit = await federation.call(0, "audit") as unknown as Audit;
    assertEquals(netMsat(audit, "ln"), 0n);
    assertEquals(-netMsat(audit, "mintv2"), balances[0]! + balances[1]!);

    // on the command line the same `pay` as where there is the second module
    const { invoice: shown } = await payee.client.use(lnClient).receive(AMOUNT_MSAT, {
      gateway: "internal",
      description: "tea",
    });
    const disk = await payer.close(), { platform } = federation.world.process("payer");
    const run = (...args: readonly string[]) =>
      startInWorld(
        { platform, openStore: () => openMemoryStore({ clock: platform.clock, backend: disk }) },
        ["--data-dir", "/wallet", "pay", shown, ...args],
        { modules, answer: "y" },
      );
    const elsewhere = await run("--gateway", "http://gateway/v1");
    assertEquals(elsewhere.exit, 1);
    assertStringIncludes(elsewhere.err, "named by their ids");
    const paid = await run();
    assertEquals(paid.exit, 0, paid.err);
    assertStringIncludes(paid.err, "Paying 100 sat (100,000 msat) for “tea”.\nThe federation takes ");
    assertMatch(paid.out, /^Paid[.] Preimage: [0-9a-f]{64}\nBalance: /);
    const again = await run();
    assertEquals([again.exit, again.err.includes("is paid already")], [1, true], again.err);
  });
  await payee.close();
});
