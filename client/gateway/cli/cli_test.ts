/** The tree of commands is gateway-cli's, and what is wrong is told with its codes. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ManualClock } from "../../../actors/testing/manual_clock.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import { NetworkError } from "../../../actors/platform/error.ts";
import { runGatewayCli } from "./cli.ts";
import type { Given } from "./commands.ts";
import { COMMANDS, InputError } from "./commands.ts";
import { chosen, FRIENDLY } from "./friendly.ts";
import { paymentsText, statusText } from "./tables.ts";

/** Of `gateway-cli --help` and that of its groups, 0.13.0; `version-hash`, `completion` and `help` ask nothing. */
const OFFICIAL = [
  "info",
  "get-balances",
  "connect-fed",
  "leave-fed",
  "seed",
  "stop",
  "payment-log",
  "create-password-hash",
  "payment-summary",
  "invite-codes",
  "lightning create-invoice",
  "lightning pay-invoice",
  "lightning connect-peer",
  "lightning open-channel",
  "lightning close-channels-with-peer",
  "lightning list-channels",
  "lightning set-channel-fees",
  "lightning list-transactions",
  "lightning get-invoice",
  "lightning create-offer",
  "lightning pay-offer",
  "ecash backup",
  "ecash pegin",
  "ecash pegin-recheck",
  "ecash pegin-from-onchain",
  "ecash pegout",
  "ecash pegout-to-onchain",
  "ecash send",
  "ecash receive",
  "onchain address",
  "onchain send",
  "cfg client-config",
  "cfg display",
  "cfg set-mnemonic",
  "cfg set-fees",
  "cfg set-payment-policy",
];
const platform = { clock: new ManualClock(), network: null as unknown as Platform["network"] };

Deno.test("gateway cli has every command of gateway-cli", () => {
  const ours = new Set(COMMANDS.map(({ path }) => path.join(" ")));
  assertEquals(OFFICIAL.filter((command) => !ours.has(command)), []);
});

Deno.test("gateway cli completes its commands in each shell", async () => {
  for (const shell of ["bash", "elvish", "fish", "powershell", "zsh"]) {
    const { output, exit } = await runGatewayCli({ platform, args: ["completion", shell] });
    assertEquals(exit, 0);
    assert(output.includes("pegin-from-onchain") && output.includes("--federation-id"));
  }
  assertEquals((await runGatewayCli({ platform, args: ["completion", "ksh"] })).exit, 2);
});

Deno.test("a federation is named by its id, the beginning of it or its name, and alone needs no name", () => {
  const here = { id: "aa11".repeat(16), name: "Here" }, there = { id: "aa22".repeat(16), name: null };
  assertEquals(chosen([here], null), here);
  assertEquals([here.id, "aa11", "Here"].map((wanted) => chosen([here, there], wanted)), [here, here, here]);
  for (const [all, wanted] of [[[here, there], null], [[here, there], "aa"], [[here, there], "nowhere"], [[], null]]) {
    assertThrows(() => chosen(all as readonly typeof here[], wanted as string | null), InputError);
  }
});

Deno.test("deposit and withdraw move money between a federation and the node's wallet, or an address", async () => {
  const id = "aa11".repeat(16), federation = "aa11";
  const asked: [string, unknown][] = [];
  const ask = (route: string, body?: Json): Promise<Json> => {
    if (route === "/info") return Promise.resolve({ federations: [{ federation_id: id, federation_name: "Here" }] });
    asked.push([route, body]);
    return Promise.resolve(route === "/withdraw" || route === "/withdraw_to_onchain" ? { txid: "ab" } : "answer");
  };
  const run = async (name: string, given: Given) => {
    const command = FRIENDLY.find(({ path }) => path[0] === name)!;
    const answer = await command.run(ask, given, 0);
    return [answer, command.show!(answer).trim().split("\n").at(-1)];
  };
  assertEquals(await run("deposit", {}), [
    { address: "answer" },
    "What is paid to it becomes e-cash of the gateway.",
  ]);
  assertEquals(await run("deposit", { federation, amount: "5000 sat", fee_rate: "3" }), [
    { txid: "answer" },
    "Sent in answer: it is e-cash once guardians have seen enough blocks.",
  ]);
  assertEquals(await run("withdraw", { amount: "all" }), [{ txid: "ab" }, "Withdrawn in ab"]);
  assertEquals(await run("withdraw", { amount: "7 sat", address: "bc1" }), [{ txid: "ab" }, "Withdrawn in ab"]);
  assertEquals(asked, [
    ["/address", { federation_id: id }],
    ["/pegin_from_onchain", { federation_id: id, amount: 5_000, fee_rate_sats_per_vbyte: 3 }],
    ["/withdraw_to_onchain", { federation_id: id, amount: "all" }],
    ["/withdraw", { federation_id: id, amount: 7, address: "bc1" }],
  ]);
  await assertRejects(() => run("deposit", { amount: "5000 sat" }), InputError, "--fee-rate");
  await assertRejects(() => run("withdraw", { amount: "500" }), InputError, "no whole number of sat");
});

Deno.test("tables show what others wrote without what moves a terminal's cursor", () => {
  const info = {
    gateway_state: "Running",
    lightning_info: "not_connected",
    registrations: {},
    federations: [{
      federation_id: "aa".repeat(32),
      federation_name: "\u001b[2JEvil\nname",
      balance_msat: 1_500,
      config: {
        lightning_fee: { base: 2_000, parts_per_million: 3_000 },
        transaction_fee: { base: 0, parts_per_million: 1 },
        payment_policies: ["ReceivesDisabled"],
      },
    }],
  };
  assertEquals(
    statusText(info),
    `Gateway    Running
Node       not connected: see the gateway's log

Federation         Name                        E-cash  Lightning fee         Transaction fee  Receives
aaaaaaaaaaaaaaaa…  [2JEvil name  1.5 sat (1,500 msat)  2000 msat + 3000 ppm  0 msat + 1 ppm   no
`,
  );
  const warned = statusText({ ...info, warnings: ["it gives \u001b[2Jback"] });
  assertEquals(warned.split("\n")[2], "Warning    it gives [2Jback");
});

Deno.test("payments are shown with what the client paid and what the gateway keeps of it", () => {
  const log = [{
    federation_id: "bb".repeat(32),
    kind: "outgoing-payment-started",
    ts_usecs: 1_700_000_000_000_000,
    payload: {
      outgoing_contract: { payment_image: { Hash: "cc".repeat(32) } },
      min_contract_amount: 102_000,
      invoice_amount: 100_000,
    },
  }];
  assertEquals(
    paymentsText(log),
    `Time                 Federation         What                               Amount                 Fee  Payment
2023-11-14 22:13:20  bbbbbbbbbbbbbbbb…  pays for a client  100 sat (100,000 msat)  2 sat (2,000 msat)  cccccccccccccccc…
`,
  );
  assertEquals(paymentsText([]), "No payments yet.\n");
});

Deno.test("on a terminal a failure says what to do, and programs get its JSON", async () => {
  const fetch = () =>
    Promise.reject(new NetworkError({ code: "unreachable", target: "a:1" }, "a:1 cannot be reached."));
  const env = { platform: { ...platform, network: { fetch } as unknown as Platform["network"] }, args: ["status"] };
  const shown = await runGatewayCli({ ...env, isTerminal: true });
  assertEquals(shown.exit, 2);
  assert(shown.output.startsWith("error: The gateway at") && shown.output.includes("--address"));
  const told = await runGatewayCli(env);
  assertEquals((JSON.parse(told.output) as { code: string }).code, "connection_failed");
});
