/** `dev query-federation-ips`, in a world whose hosts have the addresses that a test gives them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { NetworkError } from "../../actors/platform/error.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import type { ToyFederation } from "../testing/federation.ts";
import { toyFederation } from "../testing/federation.ts";
import { ClientWorld, serveGuardian } from "../testing/world.ts";
import { GUARDIAN_ADDRESSES_MAX } from "../limits.ts";
import { addressType } from "./ip_address.ts";
import type { Ran } from "./testing/mod.ts";
import { runInWorld } from "./testing/mod.ts";

const COMMAND = ["dev", "query-federation-ips"];

class Internet {
  readonly world = new ClientWorld(1);
  readonly federation: ToyFederation;
  /** About which addresses ipwho.is was asked. */
  readonly asked: string[] = [];
  readonly #addresses: Readonly<Record<string, readonly string[]>>;

  constructor(urls: readonly string[], addresses: Readonly<Record<string, readonly string[]>>) {
    this.federation = toyFederation({ guardians: urls.length, urlOf: (peer) => urls[peer]! });
    this.#addresses = addresses;
  }

  async start(infos: Readonly<Record<string, string>>): Promise<this> {
    for (const [peer, { url }] of this.federation.config.global.apiEndpoints) {
      if (url.startsWith("iroh:")) continue;
      const { hostname, port } = new URL(url), { platform } = this.world.world.process(hostname);
      const at = { hostname: "0.0.0.0", port: Number(port) };
      await this.world.finish(serveGuardian(platform, at, peer, this.federation.honest));
    }
    const { network } = this.world.world.process("ipwho.is").platform;
    await this.world.finish(network.serveHttp({ hostname: "0.0.0.0", port: 443 }, (request) => {
      const ip = new URL(request.url).pathname.slice(1), info = infos[ip];
      this.asked.push(ip);
      return info === undefined ? new Response("", { status: 429 }) : new Response(info);
    }));
    return this;
  }

  query(...args: string[]): Promise<Ran> {
    const { world } = this, { platform } = world;
    const resolve = (target: string): Promise<readonly string[]> => {
      const found = this.#addresses[target];
      if (found) return Promise.resolve(found);
      return Promise.reject(new NetworkError({ code: "unreachable", target }, `${target} has no known address.`));
    };
    return runInWorld(
      {
        platform: { ...platform, network: { ...platform.network, resolve } },
        openStore: () => Promise.reject(new Error("no wallet is needed")),
        finish: (promise) => world.finish(promise),
      },
      [...COMMAND, ...args, formatInviteCode(this.federation.invite)],
      { modules: [] },
    );
  }
}

Deno.test("guardians' addresses are told, in whose networks they are, and how many are in each", async () => {
  const internet = await new Internet(
    ["ws://a.example:7000/", "ws://b.example:7001/", "ws://127.0.0.1:7002/", "ws://nobody.example:7003/"],
    { "a.example": ["9.9.9.9", "2620:fe::fe"], "b.example": ["9.9.9.9", "8.8.8.8", "10.1.2.3"] },
  ).start({
    "9.9.9.9": stringifyJson({
      success: true,
      country_code: "CH",
      country: "Switzerland",
      connection: { asn: 19281, org: "Quad9", isp: "Other" },
    }),
    "2620:fe::fe": stringifyJson({ country: "Switzerland", connection: { asn: 19281, isp: "Quad9" } }),
    "8.8.8.8": stringifyJson({ success: false, message: "You've hit the limit" }),
  });
  // those of the machine itself are not the client's: it is found at no other address
  await internet.world.finish(
    serveGuardian(internet.world.platform, { hostname: "0.0.0.0", port: 7002 }, 2, internet.federation.honest),
  );
  const { exit, out } = await internet.query();
  assertEquals(exit, 0, out);
  const report = parseJson(out) as JsonObject;
  const quad9 = { address_type: "public", country: "CH", asn: "AS19281", as_name: "Quad9", org: "Quad9" };
  assertEquals(report, {
    federation_id: internet.federation.invite.federationId,
    guardians: {
      "0": {
        name: "g0",
        api_url: "ws://a.example:7000/",
        addresses: {
          "2620:fe::fe": { address_type: "public", country: "Switzerland", asn: "AS19281", as_name: "Quad9" },
          "9.9.9.9": quad9,
        },
        iroh: null,
        error: null,
      },
      "1": {
        name: "g1",
        api_url: "ws://b.example:7001/",
        addresses: {
          "10.1.2.3": { address_type: "private" },
          "8.8.8.8": { address_type: "public", error: "You've hit the limit" },
          "9.9.9.9": quad9,
        },
        iroh: null,
        error: null,
      },
      "2": {
        name: "g2",
        api_url: "ws://127.0.0.1:7002/",
        addresses: { "127.0.0.1": { address_type: "loopback" } },
        iroh: null,
        error: null,
      },
      "3": {
        name: "g3",
        api_url: "ws://nobody.example:7003/",
        addresses: {},
        iroh: null,
        error: "failed to resolve endpoint host nobody.example",
      },
    },
    summary: {
      guardian_count: 4,
      iroh_guardian_count: 0,
      resolved_guardian_count: 3,
      iroh_direct_guardian_count: 0,
      iroh_relayed_guardian_count: 0,
      public_ip_count: 3,
      countries: { CH: 2, Switzerland: 1 },
      autonomous_systems: { "AS19281 Quad9": 2 },
    },
  });
  // one question an address, and none about those that are nobody's but the machine's
  assertEquals(internet.asked.toSorted(), ["2620:fe::fe", "8.8.8.8", "9.9.9.9"]);
});

Deno.test("a guardian whose name has thousands of addresses makes few questions", async () => {
  const many = Array.from({ length: 2_000 }, (_, at) => `9.9.${at >> 8}.${at & 0xff}`);
  const internet = await new Internet(["ws://a.example:7000/"], { "a.example": many }).start({ "9.9.0.0": "[]" });
  const { exit, out } = await internet.query();
  assertEquals(exit, 0, out);
  assertEquals(internet.asked.length, GUARDIAN_ADDRESSES_MAX);
  const { "0": { addresses } } = (parseJson(out) as { guardians: { "0": { addresses: JsonObject } } }).guardians;
  assertEquals(addresses["9.9.0.0"], { address_type: "public", error: "ipwho.is gave an answer that can't be read" });
  assertEquals(addresses["9.9.0.1"], { address_type: "public", error: "ipwho.is answered 429" });
});

Deno.test("guardians on iroh are told as such; a direct way to them can't be had", async () => {
  const tcp = ["ws://a.example:7000/", "ws://b.example:7001/", "ws://c.example:7002/"];
  const addresses = { "a.example": [], "b.example": [], "c.example": [] };
  const mixed = await new Internet([...tcp, "iroh://abcd"], addresses).start({});
  const { exit, out } = await mixed.query();
  assertEquals(exit, 0, out);
  const { guardians, summary } = parseJson(out) as { guardians: JsonObject; summary: JsonObject };
  assertEquals((guardians["3"] as JsonObject).error, "This client has no iroh");
  assertEquals([summary.iroh_guardian_count, summary.resolved_guardian_count], [1, 0]);
  const direct = await mixed.query("--require-direct", "--path-timeout-seconds", "7");
  assertEquals([direct.exit, parseJson(direct.out)], [1, {
    error: "not all iroh guardians reached a direct path within 7s; pending peers: 3",
  }]);
  const plain = await new Internet(tcp, addresses).start({});
  const refused = await plain.query("--require-direct");
  assertEquals([refused.exit, parseJson(refused.out)], [1, {
    error: "--require-direct requires at least one iroh guardian endpoint",
  }]);
});

Deno.test("without an answer of guardians it fails, and with a wrong invite code or Tor it doesn't ask", async () => {
  const silent = new Internet(["ws://a.example:7000/"], {});
  const failed = await silent.query();
  assertEquals(failed.exit, 1);
  assertStringIncludes(failed.out, "failed to download federation config from invite code: ");
  const world = new ClientWorld(1);
  assertEquals((await runInWorld(world, [...COMMAND, "fed11nothing"], { modules: [] })).exit, 2);
  const hidden = ["--use-tor", ...COMMAND, formatInviteCode(silent.federation.invite)];
  assertStringIncludes((await runInWorld(world, hidden, { modules: [] })).out, "no Tor");
});

Deno.test("addresses are sorted by what they are good for", () => {
  const types: Readonly<Record<string, string>> = {
    "10.0.0.1": "private",
    "172.31.255.255": "private",
    "172.32.0.0": "public",
    "192.168.1.1": "private",
    "127.1.2.3": "loopback",
    "169.254.1.1": "link_local",
    "255.255.255.255": "broadcast",
    "192.0.2.1": "documentation",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "100.64.0.1": "shared",
    "100.128.0.1": "public",
    "198.19.0.1": "benchmark",
    "239.0.0.1": "multicast",
    "0.0.0.0": "unspecified",
    "0.0.0.1": "public",
    "::1": "loopback",
    "::": "unspecified",
    "fd00::1": "unique_local",
    "fe80::1": "link_local",
    "febf::1": "link_local",
    "fec0::1": "public",
    "2001:db8::1": "documentation",
    "2001:db9::1": "public",
    "ff02::1": "multicast",
    "2001:4860:4860::8888": "public",
    "::ffff:10.0.0.1": "public",
  };
  for (const [address, type] of Object.entries(types)) assertEquals(addressType(address), type, address);
  for (const name of ["a.example", "localhost", ":::", ""]) assertEquals(addressType(name), null, name);
});
