import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { decodeScalar } from "../../core/crypto/bls/mod.ts";
import { publicKeyOf } from "../../core/crypto/secp.ts";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import { SetupError } from "../config/error.ts";
import { generateWith, LIAR, roundsWith } from "./testing/ceremony.ts";
import type { Lie } from "./testing/ceremony.ts";

/** Guardian 0's failure says who, what, and what to do. */
async function blames(outcome: Promise<unknown>, reason: string): Promise<SetupError> {
  const error = await assertRejects(() => outcome, SetupError, `Guardian ${LIAR} `);
  assertEquals(error.facts, { code: "peer_failed", peer: LIAR, reason });
  assertEquals(/start (setup )?again/.test(error.message), true, error.message);
  return error;
}

const instead = (index: number, ...messages: P2pMessage[]): Lie => (message, i) => i === index ? messages : [message];

Deno.test("four honest guardians agree on a config, each with its own secrets", async () => {
  const config = await generateWith();
  assertEquals([config.local.identity, config.consensus.apiEndpoints.size, config.consensus.modules.size], [0, 4, 1]);
});

Deno.test("a guardian with other setup codes ends the ceremony", async () => {
  const other = { tag: "Checksum", value: "00".repeat(32) } as const;
  await blames(generateWith(instead(0, other)), "checksum");
});

Deno.test("a guardian with another federation name ends the ceremony at the config's checksum", async () => {
  await blames(generateWith(undefined, (params) => ({ ...params, federationName: "other" })), "checksum");
});

Deno.test("a message sent twice is one out of its round", async () => {
  await blames(generateWith((message) => [message, message]), "unexpected Checksum");
});

Deno.test("a guardian that tells one of the others another key is found at the config's checksum", async () => {
  const key = publicKeyOf(new Uint8Array(32).fill(1));
  const lie: Lie = (message, index, to) => index === 1 && to === 0 ? [{ tag: "Encodable", value: key }] : [message];
  const error = await assertRejects(() => generateWith(lie), SetupError, "has another config");
  assertEquals(error.code, "peer_failed");
});

for (
  const message of [
    { tag: "Encodable", value: new Uint8Array(33) },
    { tag: "SessionIndex", value: 3n },
    { tag: "Aleph", value: new Uint8Array(5) },
    { tag: "DkgG1", value: { tag: "Hash", value: "00".repeat(32) } },
    { tag: "Default", value: { variant: 99n, bytes: new Uint8Array(2) } },
  ] as const satisfies P2pMessage[]
) {
  Deno.test(`a ${message.tag} where a checksum is due ends the ceremony`, async () => {
    await blames(generateWith(instead(0, message)), `unexpected ${message.tag}`);
  });
}

for (
  const [what, value] of Object.entries({
    "is empty": new Uint8Array(),
    "is cut": new Uint8Array(32).fill(2),
    "is longer": new Uint8Array(34).fill(2),
    "is no point": new Uint8Array(33).fill(0xff),
    "is a megabyte": new Uint8Array(1_000_000).fill(2),
  })
) {
  Deno.test(`a broadcast key that ${what} ends the ceremony and names its guardian`, async () => {
    const error = await blames(generateWith(instead(1, { tag: "Encodable", value })), "undecodable");
    assertEquals(error.message.length < 400, true, "what was sent is not repeated");
  });
}

/** Guardian 0's key. The others' are awaited by nobody. */
function keyG1With(lie?: Lie): Promise<unknown> {
  const keys = roundsWith(lie).map((rounds) => rounds.keyG1());
  for (const key of keys) key.catch(() => {});
  return keys[0]!;
}

/** Changes the liar's messages of one kind. */
const dkg = (tag: string, change: (value: unknown) => unknown): Lie => (message) =>
  message.tag === "DkgG1" && message.value.tag === tag
    ? [{ tag: "DkgG1", value: { tag, value: change(message.value.value) } } as P2pMessage]
    : [message];

Deno.test("a guardian with other modules ends the ceremony, and is told to have them", async () => {
  const cases: [string[], string[], string, RegExp][] = [
    [
      ["meta", "mintv2"],
      ["meta"],
      "unexpected Checksum",
      /in the step "module 1 \(mintv2\)"\. It may have other modules/,
    ],
    [["meta"], ["meta", "walletv2"], "unexpected Encodable", /in the step "config"\. It may have other modules/],
    [["meta"], ["meta", "unknown"], "checksum", /another config: compare versions, modules, environment/],
  ];
  for (const [ours, theirs, reason, text] of cases) {
    const error = await blames(generateWith(undefined, (params) => ({ ...params, modules: theirs }), ours), reason);
    assertMatch(error.message, text);
  }
});

Deno.test("a key ceremony fails at whoever breaks it, with what was broken", async () => {
  const zero = new Uint8Array(32);
  const cases: [Lie, string][] = [
    [dkg("Hash", () => "00".repeat(32)), "commitment_of_another_hash"],
    [dkg("Commitment", (points) => (points as unknown[]).slice(1)), "commitment_of_another_hash"],
    [dkg("Commitment", (points) => (points as unknown[]).map(() => new Uint8Array(48))), "malformed"],
    [dkg("Share", () => zero), "share_does_not_fit"],
    [dkg("Share", () => zero.map(() => 0xff)), "malformed"],
    [(message) => [message, message], "second_message_of_a_kind"],
    [instead(0, { tag: "DkgG1", value: { tag: "Commitment", value: [] } }), "commitment_without_hash"],
    [instead(0, { tag: "DkgG1", value: { tag: "Share", value: decodeScalar(zero) } }), "share_without_commitment"],
    [instead(0, { tag: "DkgG2", value: { tag: "Hash", value: "00".repeat(32) } }), "unexpected DkgG2"],
    [instead(1, { tag: "Checksum", value: "00".repeat(32) }), "unexpected Checksum"],
  ];
  for (const [lie, reason] of cases) await blames(keyG1With(lie), reason);
});
