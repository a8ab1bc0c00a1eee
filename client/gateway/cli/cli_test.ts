/** The tree of commands is gateway-cli's, and what is wrong is told with its codes. */
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../../actors/testing/manual_clock.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import { runGatewayCli } from "./cli.ts";
import { COMMANDS } from "./commands.ts";

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
