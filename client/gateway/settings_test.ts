/** gatewayd's settings: what is taken, and what is refused with its name and without secrets. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { KNOWN_FLAWS } from "./node/ldk/settings.ts";
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
  let kind: "lnd" | "ldk" | undefined;
  parsed.lnd.action(() => void (kind = "lnd"));
  parsed.ldk.action(() => void (kind = "ldk"));
  parsed.command.action(() => {});
  parsed.command.exitOverride();
  await parsed.command.parseAsync(["deno", "gateway", ...args]);
  return readSettings(parsed, (name) => env[name], kind);
}

const { FM_LND_RPC_ADDR: _, FM_LND_TLS_CERT, FM_LND_MACAROON: __, ...COMMON } = ENV;
const LDK_ENV = {
  ...COMMON,
  FM_BITCOIND_URL: "http://127.0.0.1:18443",
  FM_BITCOIND_USERNAME: "bitcoin",
  FM_BITCOIND_PASSWORD: "geheim",
};
const EMBEDDED = {
  folder: "/gw/ldk_node",
  network: "regtest",
  chain: { kind: "bitcoind", url: "http://127.0.0.1:18443/", username: "bitcoin", password: "geheim" },
  alias: "fedimint-gateway",
  listen: { hostname: "0.0.0.0", port: 9_735 },
  acceptsKnownFlaws: false,
} as const;

Deno.test("gatewayd's variables are taken, with its defaults; a flag beats its variable", async () => {
  const settings = await settingsOf({ ...ENV, FM_GATEWAY_API_ADDR: "https://gw.example" }, "--data-dir", "/other");
  assertEquals(settings.dataDir, "/other");
  assertEquals(settings.bind, { hostname: "127.0.0.1", port: 8_175 });
  assertEquals(settings.apiUrl, "https://gw.example/v1");
  assertEquals(settings.fees.lightningFee, { base: 2_000n, partsPerMillion: 3_000n });
  assertEquals(settings.invoiceRate, { burst: 50, perSecond: 5 });
  assert(settings.node.kind === "lnd");
  const { lnd } = settings.node;
  assertEquals([lnd.paymentTimeoutSecs, lnd.timePreference], [180, 0.5]);
  assertEquals(settings.lnurlUrl, null);
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
      const thrown = assertThrows(() => readSettings(parsed, (name) => env[name], "lnd"), SettingsError);
      assertEquals(thrown.facts.setting, variable);
      assert(text === "" || variable !== "FM_GATEWAY_BCRYPT_PASSWORD_HASH" || !thrown.message.includes(text));
    }
  }
});

Deno.test("the node is the embedded one where it is asked for, and where no LND is given", async () => {
  assertEquals((await settingsOf(LDK_ENV)).node, { kind: "ldk", embedded: EMBEDDED, port: 9_735 });
  assertEquals((await settingsOf(ENV)).node.kind, "lnd");
  const both = { ...ENV, ...LDK_ENV, FM_PORT_LDK: "9999", FM_LDK_ALIAS: "Alice", FM_ESPLORA_URL: "http://esplora" };
  const { node } = await settingsOf(both, "ldk", "--ldk-alias", "Bob");
  assertEquals(node, {
    kind: "ldk",
    embedded: { ...EMBEDDED, alias: "Bob", listen: { hostname: "0.0.0.0", port: 9_999 } },
    port: 9_999,
  });
  const { FM_BITCOIND_URL: _, ...esplora } = { ...both, FM_ESPLORA_URL: "https://mempool.space/api" };
  const found = (await settingsOf(esplora, "ldk")).node;
  assert(found.kind === "ldk");
  assertEquals(found.embedded.chain, { kind: "esplora", url: "https://mempool.space/api" });
  // half an LND is none that nobody wanted
  const half = assertRejects(() => settingsOf({ ...LDK_ENV, FM_LND_TLS_CERT: FM_LND_TLS_CERT! }), SettingsError);
  assertEquals((await half).facts.setting, "FM_LND_RPC_ADDR");
});

Deno.test("real money goes into the embedded node only where its flaws were read", async () => {
  const mainnet = { ...LDK_ENV, FM_GATEWAY_NETWORK: "bitcoin" };
  for (const env of [mainnet, { ...mainnet, FM_LDK_ACCEPT_KNOWN_FLAWS: "0" }]) {
    const thrown = await assertRejects(() => settingsOf(env), SettingsError);
    assertEquals(thrown.message, `FM_LDK_ACCEPT_KNOWN_FLAWS: ${KNOWN_FLAWS}`);
  }
  const unclear = assertRejects(() => settingsOf({ ...mainnet, FM_LDK_ACCEPT_KNOWN_FLAWS: "no" }), SettingsError);
  assertEquals((await unclear).facts.setting, "FM_LDK_ACCEPT_KNOWN_FLAWS");
  for (
    const settings of [
      await settingsOf(mainnet, "ldk", "--ldk-accept-known-flaws"),
      await settingsOf({ ...mainnet, FM_LDK_ACCEPT_KNOWN_FLAWS: "1" }),
    ]
  ) {
    assert(settings.node.kind === "ldk");
    assertEquals([settings.node.embedded.network, settings.node.embedded.acceptsKnownFlaws], ["bitcoin", true]);
  }
});

Deno.test("what the embedded node can't be started with is refused by its name, without the password", async () => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    FM_BITCOIND_URL: ["", "127.0.0.1:18443", "http://user:pass@127.0.0.1:18443"],
    FM_BITCOIND_USERNAME: [""],
    FM_BITCOIND_PASSWORD: [""],
    FM_PORT_LDK: ["0", "65536", "x"],
    FM_LDK_ALIAS: ["x".repeat(33), "ü".repeat(17)],
    FM_GATEWAY_NETWORK: ["testnet4"],
  };
  for (const [variable, texts] of Object.entries(wrong)) {
    for (const text of texts) {
      const thrown = await assertRejects(() => settingsOf({ ...LDK_ENV, [variable]: text }, "ldk"), SettingsError);
      assertEquals(thrown.facts.setting, variable);
      assert(!thrown.message.includes("geheim") && !thrown.message.includes("user:pass"));
    }
  }
});

Deno.test("pages of lnurls are there where they are switched on, and need a public address", async () => {
  const pages = await settingsOf({ ...LDK_ENV, FM_GATEWAY_API_ADDR: "https://gw.example" }, "--lnurl-pages");
  assertEquals([pages.lnurlUrl, pages.apiUrl], ["https://gw.example/", "https://gw.example/v1"]);
  const thrown = await assertRejects(() => settingsOf({ ...LDK_ENV, FM_GATEWAY_LNURL_PAGES: "1" }), SettingsError);
  assertEquals(thrown.facts.setting, "FM_GATEWAY_API_ADDR");
});
