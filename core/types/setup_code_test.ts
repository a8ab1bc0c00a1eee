import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../encoding/mod.ts";
import { parseDkgVersion } from "./dkg_version.ts";
import { SETUP_CODE_CHARACTERS_MAX } from "./limits.ts";
import type { PeerSetupCode } from "./setup_code.ts";
import { assignPeerIds, formatSetupCode, parseSetupCode, setupChecksum } from "./setup_code.ts";

function codeOf(name: string, more: Partial<PeerSetupCode> = {}): PeerSetupCode {
  return {
    name,
    endpoints: {
      tag: "Tcp",
      value: { apiUrl: `ws://api.example/`, p2pUrl: "fedimint://p2p.example:8173", cert: new Uint8Array([1, 2]) },
    },
    federationName: null,
    disableBaseFees: null,
    enabledModules: null,
    federationSize: null,
    network: "regtest",
    fedimintVersion: parseDkgVersion("0.13.0"),
    ...more,
  };
}

Deno.test("peer ids follow the guardians' names by their UTF-8 bytes, whatever order the codes came in", () => {
  const names = ["B", "a", "\uff61", "\u{1f600}"];
  const codes = names.map((name) => codeOf(name));
  for (const given of [codes, codes.toReversed(), [codes[2]!, codes[0]!, codes[3]!, codes[1]!]]) {
    assertEquals([...assignPeerIds(given)].map(([peer, { name }]) => [peer, name]), [...names.entries()]);
    assertEquals(setupChecksum(assignPeerIds(given)), setupChecksum(assignPeerIds(codes)));
  }
});

Deno.test("the same code twice is one guardian, two guardians of one name are two", () => {
  const one = codeOf("a"), other = codeOf("a", { federationSize: 4 });
  assertEquals(assignPeerIds([one, one]).size, 1);
  assertEquals([...assignPeerIds([other, one]).values()], [one, other]);
});

Deno.test("a setup code's text gives the code back", () => {
  const leader = codeOf("leader", {
    federationName: "x",
    disableBaseFees: true,
    enabledModules: ["lnv2", "meta"],
    federationSize: 4,
  });
  assertEquals(parseSetupCode(formatSetupCode(leader)), leader);
});

Deno.test("a setup code that is cut, changed in its end, or too long is refused", () => {
  const text = formatSetupCode(codeOf("a"));
  for (const bad of [text.slice(0, -4), `${text}000`, text.replace("fedimint", "fedimin"), ""]) {
    assertThrows(() => parseSetupCode(bad), DecodeError);
  }
  const error = assertThrows(() => parseSetupCode(text.padEnd(SETUP_CODE_CHARACTERS_MAX + 1, "0")), DecodeError);
  assertEquals(error.code, "too_large");
});
