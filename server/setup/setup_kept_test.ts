/** Bad days of setup: guardians that restart in the midst of it, codes that come twice, a wrong node, a full disk. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { formatSetupCode, parseSetupCode } from "../../core/types/setup_code.ts";
import { DIR, emptyDisk, filesOn } from "./testing/disk.ts";
import { SetupError } from "../config/error.ts";
import { SETUP_FILE_BYTES_MAX } from "./limits.ts";
import { readSetup } from "./setup_file.ts";
import { CODES, DENIED, FOLLOWER, LEADER, refused, withSetup } from "./testing/setup.ts";
import { peerCode, SETTINGS } from "./testing/ceremony.ts";

Deno.test("a restarted guardian keeps its code, keys and the others' codes, and the ceremony starts with them", async () => {
  const disk = emptyDisk();
  let own: Json = null;
  await withSetup(async ({ ask }) => {
    own = await ask("set_local_params", LEADER);
    assertEquals(disk.files.get(`${DIR}/setup.json`)!.secret, true, "it holds a key");
  }, { disk });
  await withSetup(async ({ ask }) => {
    assertEquals(await ask("setup_status"), "SharingConnectionCodes");
    assertEquals(await ask("get_setup_code"), own);
    assertEquals(await ask("set_local_params", LEADER), own, "asked again, it is the same code");
    for (const code of CODES) await ask("add_peer_setup_code", code);
  }, { disk, seed: 7 });
  await withSetup(async ({ ask, params }) => {
    assertEquals(await ask("start_dkg"), null);
    const { peers, tls } = await params();
    assertEquals(peers.size, 4);
    assertEquals(tls, { certificate: Uint8Array.of(0), privateKey: Uint8Array.of(0xaa, 0) });
    await ask("reset_peer_setup_codes");
  }, { disk, seed: 8 });
  await withSetup(({ ask }) => refused(ask("start_dkg"), 500, /have 1 \(g0\)/), { disk, seed: 9 });
});

Deno.test("settings that changed since are in the code of a restarted guardian, with the same keys", async () => {
  const disk = emptyDisk();
  let before: Json = null;
  await withSetup(async ({ ask }) => void (before = await ask("set_local_params", LEADER)), { disk });
  const settings = { ...SETTINGS, p2pUrl: "fedimint://moved:8173" };
  await withSetup(async ({ ask }) => {
    const after = parseSetupCode(await ask("get_setup_code") as string);
    const { endpoints, ...rest } = parseSetupCode(before as string);
    const { endpoints: moved, ...same } = after;
    assertEquals(same, rest);
    assertEquals(moved.value, { ...endpoints.value, p2pUrl: "fedimint://moved:8173" });
  }, { disk, settings, seed: 3 });
  const error = await assertRejects(() => readSetup(filesOn(disk), DIR, { ...SETTINGS, apiUrl: null }), SetupError);
  assertMatch(error.message, /setup\.json: Api URL must be configured: set FM_API_URL/);
});

Deno.test("a code of the same key, P2P URL or API URL takes the older one's place", async () => {
  const again = {
    tag: "Tcp",
    value: { apiUrl: "ws://g1:8174/", p2pUrl: "fedimint://g1:8173", cert: Uint8Array.of(71) },
  } as const;
  const cases: Parameters<typeof peerCode>[1][] = [
    { endpoints: again },
    { name: "renamed" },
    { endpoints: { tag: "Tcp", value: { ...again.value, p2pUrl: "fedimint://h1:8173" } } },
    { endpoints: { tag: "Tcp", value: { ...again.value, apiUrl: "ws://h1:8174/" } } },
    {
      endpoints: {
        tag: "Tcp",
        value: { apiUrl: "ws://h1:8174/", p2pUrl: "fedimint://h1:8173", cert: Uint8Array.of(1) },
      },
    },
  ];
  for (const changes of cases) {
    await withSetup(async ({ ask, params }) => {
      await ask("set_local_params", LEADER);
      for (const code of CODES) await ask("add_peer_setup_code", code);
      const code = peerCode(1, changes);
      assertEquals(await ask("add_peer_setup_code", formatSetupCode(code)), code.name);
      assertEquals(await ask("start_dkg"), null, "there are four, not five");
      const codes = [...(await params()).peers.values()];
      assertEquals(codes.filter(({ name }) => ["g1", "renamed"].includes(name)), [code]);
    }, { warns: ["A setup code takes the place of older ones of the same guardian"] });
  }
});

Deno.test("a leader that set itself up anew may name the federation again", async () => {
  const leader = (cert: number) =>
    formatSetupCode(peerCode(1, {
      endpoints: {
        tag: "Tcp",
        value: { apiUrl: "ws://g1:8174/", p2pUrl: "fedimint://g1:8173", cert: Uint8Array.of(cert) },
      },
      federationName: `test ${cert}`,
      federationSize: 4,
    }));
  await withSetup(async ({ ask, params }) => {
    await ask("set_local_params", FOLLOWER);
    for (const code of [leader(71), ...CODES.slice(1), leader(72)]) await ask("add_peer_setup_code", code);
    assertEquals(await ask("start_dkg"), null);
    assertEquals((await params()).federationName, "test 72");
  }, { warns: ["A setup code takes the place of older ones of the same guardian"] });
});

Deno.test("a guardian at this guardian's own address is refused, and so is an older code of one's own", async () => {
  await withSetup(async ({ ask }) => {
    const own = parseSetupCode(await ask("set_local_params", LEADER) as string);
    const value = own.endpoints.value as { apiUrl: string; p2pUrl: string; cert: Bytes };
    const other = peerCode(1).endpoints.value as typeof value;
    const code = (changes: Partial<typeof value>) =>
      formatSetupCode(peerCode(1, { endpoints: { tag: "Tcp", value: { ...other, ...changes } } }));
    await refused(ask("add_peer_setup_code", code({ cert: value.cert })), 400, /your own setup code/);
    await refused(
      ask("add_peer_setup_code", code({ p2pUrl: value.p2pUrl })),
      400,
      /g1 has the same P2P URL as this one/,
    );
    await refused(
      ask("add_peer_setup_code", code({ apiUrl: value.apiUrl })),
      400,
      /g1 has the same API URL as this one/,
    );
    await refused(ask("start_dkg"), 500, /have 1 \(g0\)/);
  });
});

Deno.test("too few codes and too many are told by number and names", async () => {
  await withSetup(async ({ ask }) => {
    await ask("set_local_params", LEADER);
    await ask("add_peer_setup_code", CODES[0]!);
    await refused(ask("start_dkg"), 500, /^Expected 4 guardians, have 2 \(.*g1.*\): add the codes of the others$/);
    for (const peer of [2, 3, 4]) await ask("add_peer_setup_code", formatSetupCode(peerCode(peer)));
    await refused(ask("start_dkg"), 500, /^Expected 4 guardians, have 5 \(.*g4.*reset-codes/);
  });
});

Deno.test("without a leader's number two and three guardians are no federation", async () => {
  await withSetup(async ({ ask }) => {
    await ask("set_local_params", FOLLOWER);
    for (const code of CODES.slice(0, 2)) {
      await ask("add_peer_setup_code", code);
      await refused(ask("start_dkg"), 500, /number of guardians is invalid: expected 1, or 4 and more, have [23] \(/);
    }
  });
});

Deno.test("who is in is told to the guardian's owner", async () => {
  await withSetup(async ({ ask }) => {
    assertEquals(await ask("setup_peers", null, null), DENIED);
    assertEquals(await ask("setup_peers"), { expected: null, guardians: [] });
    await ask("set_local_params", LEADER);
    await ask("add_peer_setup_code", CODES[0]!);
    assertEquals(await ask("setup_peers"), {
      expected: 4,
      guardians: [0, 1].map((peer) => (
        { name: `g${peer}`, own: peer === 0, api_url: `ws://g${peer}:8174/`, p2p_url: `fedimint://g${peer}:8173` }
      )),
    });
  });
});

Deno.test("with a node on another network nothing is set up, and it goes on once the node is right", async () => {
  let network: BitcoinNetwork | null = "bitcoin";
  const disk = emptyDisk();
  await withSetup(async ({ ask }) => {
    await refused(
      ask("set_local_params", LEADER),
      400,
      /The Bitcoin node is on bitcoin, the federation is to be on regtest/,
    );
    assertEquals(await ask("setup_status"), "AwaitingLocalParams");
    assertEquals(disk.files.size, 0);
    network = null;
    await ask("set_local_params", LEADER);
    for (const code of CODES) await ask("add_peer_setup_code", code);
    network = "signet";
    await refused(ask("start_dkg"), 500, /The Bitcoin node is on signet, the federation is to be on regtest/);
    network = "regtest";
    assertEquals(await ask("start_dkg"), null);
  }, { disk, nodeNetwork: () => network });
  // the reference can't tell testnet4 from a private chain
  const settings = { ...SETTINGS, network: "testnet4" } as const;
  await withSetup(async ({ ask }) => {
    assert(typeof await ask("set_local_params", LEADER) === "string");
  }, { settings, nodeNetwork: () => "regtest" });
});

Deno.test("what the disk does not take is told, and it is kept once the disk takes it", async () => {
  const disk = emptyDisk();
  let full = true;
  const surroundings = { disk, isFull: () => full };
  const warns = Array(3).fill("Setup can't be kept on disk");
  await withSetup(async ({ ask }) => {
    await refused(ask("set_local_params", LEADER), 400, /can't keep its setup on disk: no space left/);
    full = false;
    const own = await ask("set_local_params", LEADER);
    full = true;
    await refused(ask("add_peer_setup_code", CODES[0]!), 400, /no space left/);
    await refused(ask("reset_peer_setup_codes"), 500, /no space left/);
    full = false;
    assertEquals(await ask("add_peer_setup_code", CODES[0]!), "g1");
    assertEquals(await ask("get_setup_code"), own);
  }, { ...surroundings, warns });
  await withSetup(({ ask }) => refused(ask("start_dkg"), 500, /have 2/), { disk, seed: 5 });
});

Deno.test("a kept setup that is damaged is told without its key, and nothing is begun over it", async () => {
  const disk = emptyDisk();
  await withSetup(async ({ ask }) => void await ask("set_local_params", LEADER), { disk });
  const whole = fromUtf8(disk.read(`${DIR}/setup.json`, 1_000_000)!);
  const bads = [whole.slice(0, -9), "", "[]", "null", whole.replace('"codes"', '"cods"'), whole.replace("[]", '["x"]')];
  for (const bad of [...bads.map(utf8), Uint8Array.of(0xff), new Uint8Array(SETUP_FILE_BYTES_MAX + 1)]) {
    disk.write(`${DIR}/setup.json`, { bytes: bad as Bytes, secret: true }, true);
    const error = await assertRejects(() => readSetup(filesOn(disk), DIR, SETTINGS), SetupError, "setup.json");
    assertEquals(error.code, "config_broken");
    assertMatch(error.message, /delete it to begin setup anew/);
    assert(!Deno.inspect(error).includes("aa00"), "a key in the error");
  }
});
