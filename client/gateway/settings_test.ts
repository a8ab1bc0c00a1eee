/** gatewayd's settings: what is taken, and what is refused with its name and without secrets. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { gatewayCommand, readSettings, SettingsError } from "./settings.ts";

const HASH = "$2b$06$a8A/XduCAo.cMRrAMfyxteFgKWRZX//je8R4Eg51X6XuIF2q03Ooa";
const ENV: Readonly<Record<string, string>> = {
  FM_GATEWAY_DATA_DIR: "/gw",
  FM_GATEWAY_LISTEN_ADDR: "127.0.0.1:8175",
  FM_GATEWAY_BCRYPT_PASSWORD_HASH: HASH,
  FM_GATEWAY_NETWORK: "regtest",
  FM_LND_RPC_ADDR: "https://localhost:8080",
  FM_LND_TLS_CERT: "tls.cert",
  FM_LND_MACAROON: "admin.macaroon",
};

async function settingsOf(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const parsed = gatewayCommand();
  parsed.lnd.action(() => {});
  parsed.command.exitOverride();
  await parsed.command.parseAsync(["deno", "gateway", ...args, "lnd"]);
  return readSettings(parsed, (name) => env[name]);
}

Deno.test("gatewayd's variables are taken, with its defaults; a flag beats its variable", async () => {
  const settings = await settingsOf({ ...ENV, FM_GATEWAY_API_ADDR: "https://gw.example" }, "--data-dir", "/other");
  assertEquals(settings.dataDir, "/other");
  assertEquals(settings.bind, { hostname: "127.0.0.1", port: 8_175 });
  assertEquals(settings.apiUrl, "https://gw.example/v1");
  assertEquals(settings.fees.lightningFee, { base: 2_000n, partsPerMillion: 3_000n });
  assertEquals(settings.invoiceRate, { burst: 50, perSecond: 5 });
  assertEquals([settings.lnd.paymentTimeoutSecs, settings.lnd.timePreference], [180, 0.5]);
  assertEquals((await settingsOf({ ...ENV, FM_DEFAULT_ROUTING_FEES: "3 sat,7" })).fees.lightningFee, {
    base: 3_000n,
    partsPerMillion: 7n,
  });
});

Deno.test("what is missing or wrong is refused by its name; a password's hash is never shown", () => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    FM_GATEWAY_DATA_DIR: [""],
    FM_GATEWAY_LISTEN_ADDR: ["", "8175", "http://127.0.0.1:8175", "127.0.0.1:70000"],
    FM_GATEWAY_BCRYPT_PASSWORD_HASH: ["", "secret", "$2b$06$short", HASH.replace("$06$", "$31$")],
    FM_GATEWAY_NETWORK: ["", "mainnet"],
    FM_LND_RPC_ADDR: ["", "localhost:8080", "http://localhost:8080", "https://user:pass@localhost:8080"],
    FM_LND_TIME_PREF: ["2", "x", "NaN"],
    FM_LND_PAYMENT_TIMEOUT_SECS: ["0", "601", "1.5"],
    FM_DEFAULT_TRANSACTION_FEES: ["1", "1,2,3", "a,b"],
    FM_GATEWAY_INVOICE_RATE_LIMIT_BURST: ["0", "-1"],
    FM_GATEWAY_API_ADDR: ["gw.example", "ftp://gw.example"],
  };
  for (const [variable, texts] of Object.entries(wrong)) {
    for (const text of texts) {
      const parsed = gatewayCommand(), env = { ...ENV, [variable]: text };
      const thrown = assertThrows(() => readSettings(parsed, (name) => env[name]), SettingsError);
      assertEquals(thrown.facts.setting, variable);
      assert(text === "" || variable !== "FM_GATEWAY_BCRYPT_PASSWORD_HASH" || !thrown.message.includes(text));
    }
  }
});
