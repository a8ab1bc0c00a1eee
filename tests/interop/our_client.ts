/**
 * Our client in an official federation, with an official client on the other side: join, deposit, e-cash both ways, withdrawal, and the
 * shape of every output against the official one's. Real processes, a real Bitcoin node on regtest. Takes some minutes.
 *
 * ```
 * FEDERATION_SH=…/federation.sh INTEROP_DIR=…/interop deno run -A tests/interop/client_vs_official.ts
 * ```
 * `INTEROP_DIR` has `fedimintd`, `fedimint-cli` (0.13.0), `bitcoind`, `bitcoin-cli`; `FEDERATION_SH` starts an official federation of
 * four from them. Without these it says so and ends well. Prints `N passed, N failed`.
 */
import { join } from "@std/path";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { shapeOf } from "../../client/testing.ts";

const CONFIRMATIONS = "12";
const DEPOSIT_BTC = "0.002";
const DEPOSIT_MSAT = 200_000_000n;
const WAIT_MS = 600_000;
const POLL_MS = 1_000;
const PORTS_FROM = 23_600;

type Ran = { readonly exit: number; readonly out: string; readonly err: string };

async function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], env }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { exit: code, out: decode(stdout), err: decode(stderr) };
}

/** Why it can't run here. */
async function missing(): Promise<string | null> {
  for (const name of ["FEDERATION_SH", "INTEROP_DIR"]) {
    if (!Deno.env.get(name)) return `${name} is not set`;
  }
  const needed = [
    Deno.env.get("FEDERATION_SH")!,
    ...["fedimintd", "fedimint-cli", "bitcoind", "bitcoin-cli"].map((name) => join(Deno.env.get("INTEROP_DIR")!, name)),
  ];
  for (const path of needed) {
    try {
      await Deno.stat(path);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
      return `${path} is not there`;
    }
  }
  return null;
}

class Interop {
  passed = 0;
  failed = 0;
  readonly #dir: string;
  readonly #binaries: string;
  readonly #script: string;

  constructor(dir: string, binaries: string, script: string) {
    this.#dir = dir;
    this.#binaries = binaries;
    this.#script = script;
  }

  /** @returns what the script prints last */
  async federation(command: string, ...args: string[]): Promise<string> {
    const env = {
      BITCOIND_DIR: this.#binaries,
      GUARDIAN: join(this.#binaries, "fedimintd"),
      CLI: join(this.#binaries, "fedimint-cli"),
      BASE: String(PORTS_FROM),
    };
    const ran = await run("bash", [this.#script, command, this.#dir, ...args], env);
    if (ran.exit !== 0) throw new Error(`federation ${command}: ${ran.err}`);
    return ran.out.trim().split("\n").at(-1)!;
  }

  official(...args: string[]): Promise<Ran> {
    const cli = join(this.#binaries, "fedimint-cli");
    return run(cli, ["--data-dir", join(this.#dir, "official"), ...args], { FM_IN_DEVIMINT: "1", RUST_LOG: "off" });
  }

  ours(...args: string[]): Promise<Ran> {
    const dir = join(this.#dir, "ours");
    return run(Deno.execPath(), ["run", "-A", "client/main.ts", "--data-dir", dir, ...args], {
      FM_IN_DEVIMINT: "1",
      RUST_LOG: "off",
    });
  }

  /** One case: what it throws is a failure, and the others go on. */
  async check(name: string, body: () => Promise<void>): Promise<void> {
    const begun = performance.now();
    const seconds = (): string => `${((performance.now() - begun) / 1_000).toFixed(1)} s`;
    try {
      await body();
      this.passed++;
      console.log(`ok     ${name} (${seconds()})`);
    } catch (thrown) {
      this.failed++;
      console.log(`FAILED ${name} (${seconds()})\n${thrown instanceof Error ? thrown.message : thrown}`);
    }
  }
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function json({ exit, out, err }: Ran): Json {
  demand(exit === 0, `exit ${exit}: ${out}${err}`);
  return parseJson(out);
}

function balanceMsat(info: Json): bigint {
  return BigInt((info as JsonObject).total_amount_msat as number | bigint);
}

/** Members and types, not values. */
function sameShape(ours: Json, official: Json): void {
  const [mine, theirs] = [shapeOf(ours), shapeOf(official)];
  const missing = theirs.filter((line) => !mine.includes(line)), more = mine.filter((line) => !theirs.includes(line));
  demand(missing.length + more.length === 0, `missing: ${missing.join(", ")}\nmore: ${more.join(", ")}`);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS;
  while (!await holds()) {
    demand(performance.now() < deadlineMs, `${what}: not after ${WAIT_MS / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Newest entry of a kind of module whose meta has this member. */
async function operation(ran: Promise<Ran>, kind: string, member: string): Promise<Json> {
  const { operations } = json(await ran) as unknown as { operations: readonly JsonObject[] };
  const found = operations.find(({ operation_kind, operation_meta }) =>
    operation_kind === kind && Object.hasOwn(operation_meta as JsonObject, member)
  );
  if (!found) throw new Error(`no operation ${kind} ${member} in ${stringifyJson(operations as Json)}`);
  return found;
}

async function events(ran: Promise<Ran>, kind: string): Promise<readonly Json[]> {
  return (json(await ran) as readonly JsonObject[]).filter((event) => event.kind === kind);
}

async function scenario(it: Interop): Promise<void> {
  const invite = await it.federation("up", "4");
  const { ours, official } = { ours: it.ours.bind(it), official: it.official.bind(it) };
  const eventLog = ["dev", "show-event-log", "--limit", "1000"];

  await it.check("both join", async () => {
    sameShape(json(await ours("join", invite)), json(await official("join", invite)));
    sameShape(json(await ours("info")), json(await official("info")));
  });
  await it.check("config, versions, chain id and invite code are equal", async () => {
    for (const args of [["dev", "config"], ["dev", "chain-id"], ["invite-code", "1"], ["dev", "meta-fields"]]) {
      const [mine, theirs] = [json(await ours(...args)), json(await official(...args))];
      demand(sortedText(mine) === sortedText(theirs), `${args.join(" ")} differs`);
    }
  });
  for (const [name, side] of [["the official", official], ["our", ours]] as const) {
    await it.check(`${name} client's deposit is claimed`, async () => {
      const address = json(await side("module", "walletv2", "receive")) as string;
      await it.federation("btc", "-rpcwallet=w", "sendtoaddress", address, DEPOSIT_BTC);
      await it.federation("mine", CONFIRMATIONS);
      const claimed = json(await side("module", "walletv2", "await-receive", "0")) as readonly Json[];
      demand(claimed[0] === "Success" && typeof claimed[1] === "number", stringifyJson(claimed));
      const info = json(await side("info"));
      demand(balanceMsat(info) > DEPOSIT_MSAT * 9n / 10n && balanceMsat(info) < DEPOSIT_MSAT, stringifyJson(info));
    });
  }
  await it.check("a deposit looks alike in both operation logs and event logs", async () => {
    sameShape(
      await operation(ours("list-operations"), "walletv2", "Receive"),
      await operation(official("list-operations"), "walletv2", "Receive"),
    );
    for (const kind of ["tx-created", "tx-accepted", "payment-receive", "payment-receive-update"]) {
      sameShape(
        (await events(ours(...eventLog), kind))[0]!,
        (await events(official(...eventLog), kind))[0]!,
      );
    }
  });
  const ways = [
    { from: "our", to: "the official one", sender: ours, receiver: official },
    { from: "the official", to: "ours", sender: official, receiver: ours },
  ];
  for (const { from, to, sender, receiver } of ways) {
    await it.check(`e-cash of ${from} client is redeemed by ${to}, once`, async () => {
      const before = balanceMsat(json(await receiver("info")));
      const ecash = json(await sender("module", "mintv2", "send", "1000 sat")) as string;
      demand(json(await receiver("module", "mintv2", "receive", ecash)) === "Success", "refused");
      // the official client says so before the notes are there, and works on them only while it runs
      json(await receiver("dev", "wait-complete"));
      demand(balanceMsat(json(await receiver("info"))) > before + 900_000n, "the notes are not in the balance");
      const again = await receiver("module", "mintv2", "receive", ecash);
      demand(again.exit === 1, "the same e-cash was received twice");
      demand((parseJson(again.out) as JsonObject).error === "The ECash was already received", again.out);
    });
  }
  await it.check("e-cash that carries an invite is understood by the other side", async () => {
    const ecash = json(await ours("module", "mintv2", "send", "10 sat", "--include-invite")) as string;
    demand(json(await official("module", "mintv2", "receive", ecash)) === "Success", "refused");
  });
  await it.check("sent and received e-cash look alike in both logs", async () => {
    for (const member of ["Send", "Receive"]) {
      sameShape(
        await operation(ours("list-operations"), "mintv2", member),
        await operation(official("list-operations"), "mintv2", member),
      );
    }
    sameShape(
      (await events(ours(...eventLog), "payment-send"))[0]!,
      (await events(official(...eventLog), "payment-send"))[0]!,
    );
  });
  await it.check("the friendly commands spend and receive", async () => {
    const spent = await ours("spend", "20 sat");
    demand(spent.exit === 0 && /^fedimint\S+\n$/.test(spent.out), `${spent.out}${spent.err}`);
    const received = await ours("receive", spent.out.trim());
    demand(received.exit === 0 && received.out.startsWith("Received "), `${received.out}${received.err}`);
  });
  for (const [name, side] of [["the official", official], ["our", ours]] as const) {
    await it.check(`${name} client withdraws to a Bitcoin address`, async () => {
      const address = await it.federation("btc", "-rpcwallet=w", "getnewaddress");
      const sent = json(await side("module", "walletv2", "send", address, "20000 sat")) as JsonObject;
      const txid = sent.Success as string;
      await until("the transaction is known to the Bitcoin node", async () => {
        await it.federation("mine", "1");
        const received = await it.federation("btc", "-rpcwallet=w", "getreceivedbyaddress", address, "1");
        return received === "0.00020000";
      });
      demand(/^[0-9a-f]{64}$/.test(txid), stringifyJson(sent));
    });
  }
  await it.check("a withdrawal looks alike in both operation logs and event logs", async () => {
    sameShape(
      await operation(ours("list-operations"), "walletv2", "Send"),
      await operation(official("list-operations"), "walletv2", "Send"),
    );
  });
  await it.check("the federation's audit balances", async () => {
    const audit = json(await ours("--our-id", "0", "--password", "pass", "admin", "audit")) as JsonObject;
    demand((audit.net_assets as number) >= 0, stringifyJson(audit));
  });
  await it.check("nothing is under way any more, and both balances add up to what was paid in less fees", async () => {
    json(await ours("dev", "wait-complete"));
    const sum = balanceMsat(json(await ours("info"))) + balanceMsat(json(await official("info")));
    const most = 2n * DEPOSIT_MSAT - 2n * 20_000_000n;
    demand(sum <= most && sum > most * 95n / 100n, `${sum} of ${most}`);
  });
}

function sortedText(value: Json): string {
  const sorted = (json: Json): Json => {
    if (Array.isArray(json)) return (json as readonly Json[]).map(sorted);
    if (typeof json !== "object" || json === null) return json;
    return Object.fromEntries(Object.entries(json as JsonObject).sort().map(([key, item]) => [key, sorted(item)]));
  };
  return stringifyJson(sorted(value));
}

if (import.meta.main) {
  const why = await missing();
  if (why !== null) {
    console.log(`not run here: ${why}\n0 passed, 0 failed`);
    Deno.exit(0);
  }
  const dir = await Deno.makeTempDir({ prefix: "client-vs-official-" });
  const it = new Interop(dir, Deno.env.get("INTEROP_DIR")!, Deno.env.get("FEDERATION_SH")!);
  try {
    await scenario(it);
  } finally {
    await it.federation("down");
    await new Deno.Command("rm", { args: ["-rf", dir] }).output();
  }
  console.log(`${it.passed} passed, ${it.failed} failed`);
  Deno.exit(it.failed === 0 ? 0 : 1);
}
