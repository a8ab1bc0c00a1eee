import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { fromHex, toHex, utf8 } from "../bytes.ts";
import { DecodeError } from "../encoding/mod.ts";
import { DerivableSecret } from "./derive_secret.ts";
import { publicKeyOf } from "./secp.ts";
import { assertCode } from "./testing/mod.ts";

const ROOT = DerivableSecret.root(new Uint8Array(64), utf8("Fedimint Client Salt"));

Deno.test("the protocol's worked examples come out: random bytes, filter, spend key, nonce and blinding key", () => {
  const secret = ROOT.child(0);
  assertEquals(toHex(secret.randomBytes(8)), "63ba6144593896e8");
  assertEquals(toHex(secret.randomBytes(32)), "63ba6144593896e834a7933a061661782a6e4e7ed3cbdc713375462985e9c6be");
  const note = secret.child(10).tweak(fromHex("00000000000000000000000000019fcd"));
  assertEquals(toHex(note.secpKey()), "ef217cfbd4bdf47684602b620995425a312e1179f7c90aa86e6c5d54d7acd49e");
  assertEquals(
    toHex(publicKeyOf(note.secpKey())),
    "0203c8113a2fddf99969a1c4721714aa61359a136d94e8614556bd2e1fb0314c7b",
  );
  assertEquals(toHex(note.blsScalar()), "8e7e09e55db66f16fafc8ca07a34adff761850477cf746bec4e599e5e71de720");
});

Deno.test("children, tweaks and federations all lead elsewhere, and only federation keys reset the level", () => {
  const id = "ab".repeat(32);
  const all = [
    ROOT,
    ROOT.child(0),
    ROOT.child(1),
    ROOT.tweak(new Uint8Array(16)),
    ROOT.federationKey(id),
    ROOT.child(0).child(0),
  ];
  assertEquals(all.map(({ level }) => level), [0n, 1n, 1n, 1n, 0n, 2n]);
  assertEquals(new Set(all.map((secret) => toHex(secret.randomBytes(32)))).size, all.length);
  assertEquals(new Set(all.map((secret) => toHex(secret.chachaKey()))).size, all.length);
});

Deno.test("a federation key depends on the first 8 bytes of the id alone, as in the reference", () => {
  const a = ROOT.federationKey(`${"11".repeat(8)}${"22".repeat(24)}`);
  assert(a.equals(ROOT.federationKey(`${"11".repeat(8)}${"33".repeat(24)}`)));
  assert(!a.equals(ROOT.federationKey(`${"11".repeat(7)}12${"22".repeat(24)}`)));
  assertCode("bad_length", () => ROOT.federationKey("11".repeat(8)));
});

Deno.test("child numbers are 64 bits wide", () => {
  assertNotEquals(ROOT.child(2n ** 32n).toBytes(), ROOT.child(0).toBytes());
  assertEquals(ROOT.child(5).toBytes(), ROOT.child(5n).toBytes());
});

Deno.test("a secret is encoded and decoded again; other lengths are refused", () => {
  const secret = ROOT.child(7), bytes = secret.toBytes();
  assertEquals(bytes.length, 65);
  assert(DerivableSecret.fromBytes(bytes).equals(secret));
  assertThrows(() => DerivableSecret.fromBytes(bytes.slice(1)), DecodeError);
  assertThrows(() => DerivableSecret.fromBytes(Uint8Array.of(...bytes, 0)), DecodeError);
  assertThrows(() => DerivableSecret.fromBytes(new Uint8Array(0)), DecodeError);
});

Deno.test("a derivable secret shows nothing however it is printed", () => {
  for (const text of [String(ROOT), JSON.stringify({ ROOT }), Deno.inspect({ ROOT })]) {
    assert(text.includes("[secret]"), text);
    assert(!text.includes(toHex(ROOT.toBytes()).slice(2, 10)), text);
  }
});
