import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseJson } from "../../core/encoding/mod.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { defineClientModule } from "../../modules/contract/client.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { moneyless } from "../testing/moneyless.ts";
import { ClientWorld } from "../testing/world.ts";
import { runInWorld, WALLET_DIR } from "./testing/mod.ts";

const echo = (name: string) => ({
  usage: name,
  help: `Help of ${name}`,
  run: (args: readonly string[]) => Promise.resolve([name, ...args]),
});

/** A module in the place of the first Lightning module, whose commands answer with what they were given. */
const echoing = defineClientModule<null, null, null>({
  kind: "ln",
  ...moneyless,
  api: null,
  start: () =>
    Promise.resolve({
      transitions: () => [],
      api: null,
      commands: {
        invoice: echo("invoice"),
        pay: echo("pay"),
        "await-pay": echo("await-pay"),
        "await-invoice": echo("await-invoice"),
        "list-gateways": echo("list-gateways"),
      },
    }),
});

Deno.test("the names that commands of the first Lightning module once had still reach it", async () => {
  const world = new ClientWorld(1), modules = [echoing];
  const federation = toyFederation({ modules: new Map([[0, "ln"]]) });
  await world.finish(startGuardians(world, federation, federation.honest));
  const run = (...args: string[]) => runInWorld(world, ["--data-dir", WALLET_DIR, ...args], { modules });
  await run("join", formatInviteCode(federation.invite));
  const answers = async (...args: string[]) => parseJson((await run(...args)).out);
  assertEquals(await answers("list-gateways", "--no-update"), ["list-gateways", "--no-update"]);
  assertEquals(await answers("ln-pay", "lnbc1", "--gateway-id", "02"), ["pay", "lnbc1", "--gateway-id", "02"]);
  assertEquals(await answers("await-ln-pay", "0f"), ["await-pay", "0f"]);
  // its amount was a flag
  const invoice = ["invoice", "1000", "--description", "tea"];
  assertEquals(await answers("ln-invoice", "--amount", "1000", "--description", "tea"), invoice);
  assertEquals(await answers("ln-invoice", "--description", "tea", "--amount=1000"), invoice);
  for (const args of [["--description", "tea"], ["--amount"]]) {
    const { exit, err } = await run("ln-invoice", ...args);
    assertEquals(exit, 2);
    assertStringIncludes(err, "--amount");
  }
  // and this one answered with the wallet's state
  assertEquals(await answers("await-invoice", "0f"), await answers("info"));
});
