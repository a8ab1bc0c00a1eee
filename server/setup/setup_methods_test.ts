import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../core/encoding/mod.ts";
import { formatSetupCode, parseSetupCode } from "../../core/types/setup_code.ts";
import { CODES, DENIED, FOLLOWER, LEADER, refused, withSetup } from "./testing/setup.ts";
import { peerCode, SETTINGS } from "./testing/ceremony.ts";

Deno.test("all but the status needs the password, and a wrong one changes nothing", async () => {
  await withSetup(async ({ ask }) => {
    for (const auth of [null, "", "Pass", "pass "]) {
      assertEquals(await ask("setup_status", null, auth), "AwaitingLocalParams");
      assertEquals(await ask("set_local_params", LEADER, auth), DENIED);
      assertEquals(await ask("add_peer_setup_code", CODES[0]!, auth), DENIED);
      for (const method of ["get_setup_code", "reset_peer_setup_codes", "start_dkg"]) {
        assertEquals(await ask(method, null, auth), DENIED, method);
      }
    }
    assertEquals(await ask("get_setup_code"), null);
  });
});

Deno.test("a leader sets up, adds three codes and starts", async () => {
  await withSetup(async ({ ask, params }) => {
    const own = await ask("set_local_params", LEADER) as string;
    assertEquals(parseSetupCode(own).federationName, "test");
    assertEquals(await ask("setup_status"), "SharingConnectionCodes");
    assertEquals(await ask("get_setup_code"), own);
    const waiting = params();
    for (const [i, code] of CODES.entries()) assertEquals(await ask("add_peer_setup_code", ` ${code}\n`), `g${i + 1}`);
    assertEquals(await ask("start_dkg"), null);
    const { identity, peers, federationName, modules } = await waiting;
    assertEquals([identity, peers.size, federationName, modules], [0, 4, "test", ["meta"]]);
    assertEquals(await ask("start_dkg"), null, "asked again, it has begun");
    assertEquals(await params(), await waiting);
  });
});

Deno.test("local parameters: what can't be is refused and leaves none set", async () => {
  const cases: [Json, RegExp][] = [
    [{ ...LEADER, name: "" }, /guardian name is empty/],
    [{ ...LEADER, name: "x".repeat(60) }, /guardian name is longer than 59/],
    [{ ...LEADER, federation_name: "" }, /federation name is empty/],
    [{ ...LEADER, federation_name: "x".repeat(201) }, /federation name is longer than 200/],
    [{ ...LEADER, federation_size: null }, /must set the federation size/],
    ...[0, 2, 3].map((size): [Json, RegExp] => [{ ...LEADER, federation_size: size }, /must be 1 or at least 4/]),
    [{ ...LEADER, federation_size: 21 }, /at most 20/],
    [{ ...LEADER, federation_size: 2 ** 32 - 1 }, /at most 20/],
    [{ ...LEADER, enabled_modules: ["meta", "lottery"] }, /no module of kind lottery/],
    ...[-1, 1.5, 2 ** 32, "4"].map((size): [Json, RegExp] => [{ ...LEADER, federation_size: size }, /./]),
    [null, /./],
    [[], /./],
    [{}, /./],
    ["g0", /./],
    [{ ...LEADER, name: 7 }, /./],
  ];
  await withSetup(async ({ ask }) => {
    for (const [params, text] of cases) await refused(ask("set_local_params", params), 400, text);
    assertEquals(await ask("setup_status"), "AwaitingLocalParams");
  });
  for (const [missing, text] of [["apiUrl", /FM_API_URL/], ["p2pUrl", /FM_P2P_URL/]] as const) {
    await withSetup(({ ask }) => refused(ask("set_local_params", LEADER), 400, text), {
      settings: { ...SETTINGS, [missing]: null },
    });
  }
});

Deno.test("local parameters are set once: alike again is the same code, others are refused", async () => {
  await withSetup(async ({ ask }) => {
    const codes = await Promise.all([ask("set_local_params", LEADER), ask("set_local_params", LEADER)]);
    assertEquals(codes[0], codes[1]);
    assertEquals(await ask("set_local_params", LEADER), codes[0]);
    await refused(ask("set_local_params", { ...LEADER, name: "g9" }), 400, /already been set/);
    assertEquals(await ask("get_setup_code"), codes[0]);
  });
});

Deno.test("a setup code is taken as it comes out of a chat, and what is none is refused without being repeated", async () => {
  const text = CODES[0]!, half = text.length >> 1;
  const pasted = [
    ` ${text}\n`,
    `${text.slice(0, half)}\r\n\u00a0${text.slice(half)}`,
    `\ufeff${text.slice(0, half)}\u200b${text.slice(half)}`,
    `“${text}”`,
    `fedimint:${text}`,
    text.toUpperCase(),
  ];
  for (const code of pasted) {
    await withSetup(async ({ ask }) => {
      await ask("set_local_params", LEADER);
      assertEquals(await ask("add_peer_setup_code", code), "g1");
    });
  }
  await withSetup(async ({ ask }) => {
    await ask("set_local_params", LEADER);
    for (const secret of ["fedimint1secretsecret", "x".repeat(100_000)]) {
      const answer = await ask("add_peer_setup_code", secret);
      assertEquals((answer as { readonly code: number }).code, 400);
      assertEquals(JSON.stringify(answer).includes(secret.slice(0, 12)), false);
    }
  });
});

Deno.test("modules named twice count once, in any order", async () => {
  await withSetup(async ({ ask, params }) => {
    const own = await ask("set_local_params", { ...LEADER, enabled_modules: ["mintv2", "meta", "mintv2"] }) as string;
    assertEquals(parseSetupCode(own).enabledModules, ["meta", "mintv2"]);
    for (const code of CODES) await ask("add_peer_setup_code", code);
    assertEquals(await ask("start_dkg"), null);
    assertEquals((await params()).modules, ["meta", "mintv2"]);
  });
});

Deno.test("a leader that chooses no modules says in its code which are on at its own guardian; the others say nothing", async () => {
  const settings = { ...SETTINGS, defaultModules: ["mintv2", "meta"] };
  await withSetup(async ({ ask, params }) => {
    const own = await ask("set_local_params", LEADER) as string;
    assertEquals(parseSetupCode(own).enabledModules, ["meta", "mintv2"]);
    assertEquals(await ask("set_local_params", LEADER), own, "asked again, nothing has been chosen");
    for (const code of CODES) await ask("add_peer_setup_code", code);
    await ask("start_dkg");
    assertEquals((await params()).modules, ["meta", "mintv2"]);
  }, { settings });
  await withSetup(async ({ ask, params }) => {
    const own = await ask("set_local_params", FOLLOWER) as string;
    assertEquals(parseSetupCode(own).enabledModules, null);
    const leader = peerCode(1, { federationName: "test", federationSize: 4, enabledModules: ["meta"] });
    for (const code of [formatSetupCode(leader), ...CODES.slice(1)]) await ask("add_peer_setup_code", code);
    await ask("start_dkg");
    assertEquals((await params()).modules, ["meta"], "what the leader says, whatever is on here");
  }, { settings });
});

Deno.test("the kinds that a guardian has and those that the federation is to have are told, as they are chosen", async () => {
  const available = ["lottery", "meta", "mintv2"];
  const settings = { ...SETTINGS, availableModules: ["mintv2", "meta", "lottery"], defaultModules: ["meta"] };
  await withSetup(async ({ ask }) => {
    assertEquals(await ask("setup_modules", null, null), DENIED);
    assertEquals(await ask("setup_modules"), { available, enabled: ["meta"] });
    await ask("set_local_params", { ...LEADER, enabled_modules: ["mintv2", "lottery"] });
    assertEquals(await ask("setup_modules"), { available, enabled: ["lottery", "mintv2"] });
  }, { settings });
  await withSetup(async ({ ask }) => {
    await ask("set_local_params", FOLLOWER);
    const leader = peerCode(1, { federationName: "test", federationSize: 4, enabledModules: ["other"] });
    await ask("add_peer_setup_code", formatSetupCode(leader));
    assertEquals(await ask("setup_modules"), { available, enabled: ["other"] }, "also what it has not");
  }, { settings });
});

Deno.test("codes come after the local parameters", async () => {
  await withSetup(async ({ ask }) => {
    await refused(ask("add_peer_setup_code", CODES[0]!), 400, /Set the local parameters first/);
    await refused(ask("start_dkg"), 500, /Set the local parameters first/);
  });
});

Deno.test("a text that is no code is refused: cut anywhere, with bytes behind it or characters of no alphabet, empty, too long", async () => {
  await withSetup(async ({ ask }) => {
    await ask("set_local_params", LEADER);
    const code = CODES[0]!;
    for (let cut = 0; cut < code.length; cut += 5) {
      await refused(ask("add_peer_setup_code", code.slice(0, cut)), 400, /./);
    }
    for (
      const bad of [
        "fedimint",
        `${code}aaaaaaaa`,
        code.replace("fedimint", "fed"),
        `${code.slice(0, 60)}!${code.slice(61)}`,
        "0".repeat(1_000),
        "f".repeat(100_000),
      ]
    ) {
      await refused(ask("add_peer_setup_code", bad), 400, /./);
    }
    await refused(ask("add_peer_setup_code", "f".repeat(2_000_000)), -32007, /too big/);
    for (const bad of [null, 7, [code], { code }]) await refused(ask("add_peer_setup_code", bad), 400, /./);
    await refused(ask("start_dkg"), 500, /Expected 4 guardians, have 1 /);
  });
});

Deno.test("a code that doesn't fit is refused and not kept", async () => {
  const version = peerCode(1).fedimintVersion;
  const cases: [Parameters<typeof peerCode>[1], RegExp][] = [
    [{ fedimintVersion: { ...version, minor: version.minor + 1n } }, /uses Fedimint version .* but we use/],
    [{ fedimintVersion: { ...version, major: version.major + 1n } }, /uses Fedimint version .* but we use/],
    [{ fedimintVersion: { ...version, vendor: "fork" } }, /uses Fedimint version .*fork but we use/],
    [{ network: "bitcoin" }, /uses Bitcoin network bitcoin but we use regtest/],
    [{ federationName: "second", federationSize: 4 }, /Federation name has already been set to test/],
    [{ federationSize: 5 }, /Federation size has already been set to 4/],
    [{ disableBaseFees: false }, /Base fees setting has already been configured to disabled=true/],
    [{ enabledModules: ["meta"] }, /Enabled modules have already been configured/],
  ];
  await withSetup(async ({ ask }) => {
    const own = await ask("set_local_params", { ...LEADER, disable_base_fees: true, enabled_modules: ["meta"] });
    await refused(ask("add_peer_setup_code", own), 400, /cannot add your own/);
    for (const [changes, text] of cases) {
      await refused(ask("add_peer_setup_code", formatSetupCode(peerCode(1, changes))), 400, text);
    }
    const patch = { fedimintVersion: { ...version, patch: version.patch + 1n } };
    assertEquals(await ask("add_peer_setup_code", formatSetupCode(peerCode(1, patch))), "g1", "another patch will do");
    await refused(ask("start_dkg"), 500, /Expected 4 guardians, have 2 /);
  });
});

Deno.test("a code twice counts once; too few and too many don't start, and more than a federation holds are refused", async () => {
  await withSetup(async ({ ask }) => {
    await ask("set_local_params", LEADER);
    for (let i = 0; i < 4; i++) assertEquals(await ask("add_peer_setup_code", CODES[0]!), "g1");
    await refused(ask("start_dkg"), 500, /Expected 4 guardians, have 2 /);
    for (let peer = 2; peer <= 19; peer++) {
      assertEquals(await ask("add_peer_setup_code", formatSetupCode(peerCode(peer))), `g${peer}`);
    }
    await refused(ask("add_peer_setup_code", formatSetupCode(peerCode(20))), 400, /at most 20 guardians/);
    await refused(ask("start_dkg"), 500, /Expected 4 guardians, have 20 .*reset-codes/);
  });
});

Deno.test("a reset forgets the others' codes and keeps the own one", async () => {
  await withSetup(async ({ ask }) => {
    const own = await ask("set_local_params", LEADER);
    const all = async () => {
      for (const code of CODES) await ask("add_peer_setup_code", code);
    };
    await all();
    assertEquals(await ask("reset_peer_setup_codes"), null);
    assertEquals(await ask("get_setup_code"), own);
    await refused(ask("start_dkg"), 500, /Expected 4 guardians, have 1 \(g0\)/);
    await all();
    assertEquals(await ask("start_dkg"), null);
  });
});

Deno.test("without a leader, or with one that has modules which we don't, the ceremony doesn't start", async () => {
  await withSetup(async ({ ask }) => {
    await ask("set_local_params", FOLLOWER);
    for (const code of CODES) await ask("add_peer_setup_code", code);
    await refused(ask("start_dkg"), 500, /need one guardian to configure the federations name/);
    await ask("reset_peer_setup_codes");
    const leader = peerCode(1, { federationName: "test", federationSize: 4, enabledModules: ["lottery"] });
    for (const code of [formatSetupCode(leader), ...CODES.slice(1)]) await ask("add_peer_setup_code", code);
    await refused(
      ask("start_dkg"),
      500,
      /doesn't have: lottery: it has meta, mintv2; others are loaded with --module/,
    );
    assert(await ask("setup_status") === "SharingConnectionCodes");
  });
});

Deno.test("once started, the ceremony's parameters stay as they were", async () => {
  await withSetup(async ({ ask, params }) => {
    await ask("set_local_params", LEADER);
    for (const code of CODES) await ask("add_peer_setup_code", code);
    await ask("start_dkg");
    const started = await params();
    await ask("reset_peer_setup_codes");
    for (const code of [...CODES.slice(1), formatSetupCode(peerCode(4))]) await ask("add_peer_setup_code", code);
    await ask("start_dkg");
    assertEquals(await params(), started);
  });
});
