/** The program as people start it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { testsNeeding } from "../../../core/testing/permissions.ts";
import { freePorts } from "../../../server/dev/federation/processes.ts";
import { Lab, until } from "../node/ldk/testing/lab.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");
const MAIN = new URL("./main.ts", import.meta.url).pathname;

onMachine("the outside world runs, opens a channel, makes an invoice, is paid and pays", async () => {
  const lab = await Lab.open();
  const dir = `${lab.folder}/devln`, [port] = freePorts(1);
  const args = (...more: string[]) => ["run", "-A", MAIN, "--dir", dir, ...more];
  const devln = async (...more: string[]): Promise<[number, string]> => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: args(...more) }).output();
    return [code, new TextDecoder().decode(code === 0 ? stdout : stderr).trim()];
  };
  assertEquals(await devln("info"), [1, `error: No Lightning node runs in ${dir}. Say --dir and the folder of one.`]);
  const told = async (...more: string[]): Promise<string> => {
    const { stderr } = await new Deno.Command(Deno.execPath(), { args: args(...more) }).output();
    return new TextDecoder().decode(stderr);
  };
  assertEquals(await devln("invoice", "tea"), [1, 'error: "tea" is no amount. Say it as in "1000 sat".']);
  assert((await devln("pay", "tea"))[1].startsWith("error: That is no invoice (lnbcrt1…): "));
  const chain = ["--bitcoind-url", lab.url, "--bitcoind-username", lab.username, "--bitcoind-password", lab.password];
  const program = new Deno.Command(Deno.execPath(), {
    args: args("run", "--listen", `127.0.0.1:${port}`, ...chain),
    stderr: "null",
  }).spawn();
  try {
    const inner = await lab.node("inner");
    await until("it answers", async () => (await devln("info"))[0] === 0);
    const mode = (await Deno.stat(`${dir}/devln.json`)).mode! & 0o777;
    assertEquals([mode, (await Deno.stat(`${dir}/seed`)).mode! & 0o777], [0o600, 0o600]);
    assertStringIncludes(
      await told("invoice", "5 sat"),
      "It can't be paid now: this node can receive 0 sat at most. Somebody",
    );
    const early = await inner.node.operator.createInvoice({ amountMsat: 3_000n, expirySecs: 600, description: "" });
    assertStringIncludes((await devln("pay", early))[1], "No channel can send anything: `open` one, and have 6 blocks");
    await lab.pay((await devln("address"))[1], 0.1);
    await lab.mine(1);
    await until("its money", async () => (await devln("info"))[1].includes("chain     10000000 sat"));
    const node = `${inner.key.toHex()}@${inner.host}`;
    const [code, txid] = await devln("open", node, "1000000 sat", "400000 sat");
    assertEquals([code, txid.length], [0, 64], txid);
    await lab.mine(6);
    await lab.usable(inner);
    await until("the channel", async () => (await devln("info"))[1].includes(", active"));
    const [, invoice] = await devln("invoice", "1000", "sat");
    const { parseBolt11 } = await import("../../../core/lightning/bolt11.ts");
    const paid = await inner.node.pay({ invoice: parseBolt11(invoice), feeLimitMsat: 5_000n, cltvLimit: 1_000 });
    assert(paid.ok, paid.ok ? "" : paid.error);
    const back = await inner.node.operator.createInvoice({ amountMsat: 2_000n, expirySecs: 600, description: "" });
    assert((await devln("pay", `lightning:${back}`))[1].startsWith("paid; the preimage is "));
    // what has failed for want of a channel is another attempt now
    assert((await devln("pay", early))[1].startsWith("paid; the preimage is "));
    const much = await inner.node.operator.createInvoice({ amountMsat: 9n ** 10n, expirySecs: 600, description: "" });
    assertStringIncludes(
      await told("pay", much),
      "It is more than the channels can send: `open` another, or pay less.",
    );
    const more = await told("invoice", "999999 sat");
    assertStringIncludes(more, "Ask for less, or pay something first.");
  } finally {
    program.kill("SIGTERM");
    await program.status;
    await lab.close();
  }
});
