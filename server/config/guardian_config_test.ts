import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { toHex } from "../../core/bytes.ts";
import { testConfig } from "./testing/config.ts";
import { builtInModules } from "../modules.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { clientConfigFor, configuredModules } from "./guardian_config.ts";
import { dealtMeta, generateWith } from "../setup/testing/ceremony.ts";

const CONFIG = await generateWith(undefined, undefined, ["meta", "walletv2"]);
const WALLET = [...CONFIG.consensus.modules].find(([, { kind }]) => kind === "walletv2")![0];

function refused(config: GuardianConfig, code: SetupError["code"], text: string): void {
  const error = assertThrows(() => configuredModules(config, builtInModules), SetupError, text);
  assertEquals(error.code, code);
  const secrets = [toHex(CONFIG.private.broadcastSecretKey), JSON.stringify(CONFIG.private.modules.get(WALLET)!.value)];
  for (const secret of secrets) assert(!Deno.inspect(error).includes(secret), "a secret in the error");
  if (code === "config_mismatch") assertStringIncludes(error.message, "from a backup");
}

function withPrivate(change: Partial<GuardianConfig["private"]>): GuardianConfig {
  return { ...CONFIG, private: { ...CONFIG.private, ...change } };
}

function withConsensus(change: Partial<GuardianConfig["consensus"]>): GuardianConfig {
  return { ...CONFIG, consensus: { ...CONFIG.consensus, ...change } };
}

Deno.test("a dealt config fits together, and clients get its modules", () => {
  const modules = configuredModules(CONFIG, builtInModules);
  assertEquals([...clientConfigFor(CONFIG, modules).modules.values()].map(({ kind }) => kind), ["meta", "walletv2"]);
});

Deno.test("a broadcast key of another guardian is refused", () => {
  refused(
    withPrivate({ broadcastSecretKey: testConfig(2).private.broadcastSecretKey }),
    "config_mismatch",
    "Broadcast",
  );
  for (const identity of [1, 3, 4]) {
    refused({ ...CONFIG, local: { ...CONFIG.local, identity } }, "config_mismatch", "Broadcast");
  }
});

Deno.test("files of two guardians in one folder are told apart by whose they are", async () => {
  const [first, , third] = await dealtMeta();
  const mixed = { ...first!, private: third!.private };
  refused(mixed, "config_mismatch", "private.json is of guardian 2 (g2), local.json of guardian 0 (g0)");
  const stranger = {
    ...first!,
    private: { ...first!.private, broadcastSecretKey: testConfig(6).private.broadcastSecretKey },
  };
  refused(
    stranger,
    "config_mismatch",
    "private.json is of no guardian of this federation, local.json of guardian 0 (g0)",
  );
  const local = { ...first!.local, identity: 7 };
  refused({ ...third!, local }, "config_mismatch", "local.json of guardian 7, whom consensus.json doesn't know");
});

Deno.test("peer ids with a gap or none at all are refused", () => {
  const [first, ...others] = CONFIG.consensus.apiEndpoints;
  refused(withConsensus({ apiEndpoints: new Map(others) }), "config_mismatch", "not indexed from 0");
  refused(withConsensus({ apiEndpoints: new Map([first!, others[2]!]) }), "config_mismatch", "not indexed from 0");
  refused(withConsensus({ apiEndpoints: new Map() }), "config_mismatch", "not indexed from 0");
});

Deno.test("modules that this program doesn't have are told by their kinds, all of them, and with the flag that loads them", () => {
  const modules = new Map(CONFIG.consensus.modules).set(WALLET, {
    ...CONFIG.consensus.modules.get(WALLET)!,
    kind: "lottery",
  });
  refused(
    withConsensus({ modules }),
    "unsupported_module",
    "a module of kind lottery, and this program doesn't have it",
  );
  modules.set(0, { ...modules.get(0)!, kind: "counter" });
  refused(withConsensus({ modules }), "unsupported_module", "modules of kinds counter, lottery");
  refused(withConsensus({ modules }), "unsupported_module", "load them with --module FILE (FM_MODULES)");
});

Deno.test("a private config that lacks a module, or has another kind in its place, is refused", () => {
  const modules = new Map(CONFIG.private.modules);
  modules.delete(WALLET);
  refused(withPrivate({ modules }), "config_mismatch", `lacks module ${WALLET}`);
  modules.set(WALLET, CONFIG.private.modules.get(0)!);
  refused(withPrivate({ modules }), "config_mismatch", `lacks module ${WALLET}`);
});

Deno.test("a module's secret key that doesn't fit the public one is refused", () => {
  const value = { bitcoin_sk: "11".repeat(32) };
  const modules = new Map(CONFIG.private.modules).set(WALLET, { kind: "walletv2", value });
  refused(withPrivate({ modules }), "config_mismatch", `Module ${WALLET} (walletv2)`);
});

Deno.test("a module's secret config that is damaged is refused without telling what it holds", () => {
  const secret = CONFIG.private.modules.get(WALLET)!.value as Record<string, string>;
  for (const bad of [null, [], {}, "x", { bitcoin_sk: 7 }, { bitcoin_sk: `${secret.bitcoin_sk}00` }]) {
    const modules = new Map(CONFIG.private.modules).set(WALLET, { kind: "walletv2", value: bad });
    refused(withPrivate({ modules }), "config_mismatch", `private config of module ${WALLET} (walletv2)`);
  }
  const zero = { kind: "walletv2", value: { bitcoin_sk: "00".repeat(32) } };
  const modules = new Map(CONFIG.private.modules).set(WALLET, zero);
  refused(withPrivate({ modules }), "config_mismatch", `module ${WALLET} (walletv2)`);
});

Deno.test("a module's shared config that is damaged is refused", () => {
  const module = CONFIG.consensus.modules.get(WALLET)!;
  for (const config of [new Uint8Array(), module.config.slice(0, -1), new Uint8Array([...module.config, 0])]) {
    const modules = new Map(CONFIG.consensus.modules).set(WALLET, { ...module, config });
    refused(withConsensus({ modules }), "config_mismatch", `config of module ${WALLET} (walletv2)`);
  }
});
