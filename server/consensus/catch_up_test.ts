/** What an evil guardian may say that a session's outcome was. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Json } from "../../core/encoding/mod.ts";
import { moduleEncoding, u64 } from "../../core/encoding/mod.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { Dyn } from "../../core/types/dyn.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { SessionOutcome, SignedSessionOutcome } from "../../core/types/session.ts";
import { sessionHeader, signedSessionOutcome } from "../../core/types/session.ts";
import { checkOutcome } from "./catch_up.ts";
import { codecsWith, dealtKeychains, INSTANCE, refs } from "./testing.ts";
import { modulesWith } from "./transaction.ts";

const SESSION = 5, THRESHOLD = 3, PEERS = [0, 1, 2, 3];
const codecs = codecsWith({ consensusItem: u64 });

const { keychains } = dealtKeychains(PEERS.length);
const env = {
  session: SESSION,
  threshold: THRESHOLD,
  keychain: keychains[3]!,
  modules: modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]])),
};

const VOTE = toDyn(INSTANCE, u64, 7n);

function outcomeOf(...votes: Dyn[]): SessionOutcome {
  return { items: votes.map((value, peer) => ({ item: { tag: "Module", value }, peer })) };
}

/** Signed by these, as of a session. */
function signedBy(peers: readonly PeerId[], sessionOutcome: SessionOutcome, session = SESSION): SignedSessionOutcome {
  const header = sessionHeader(session, sessionOutcome);
  return { sessionOutcome, signatures: new Map(peers.map((peer) => [peer, keychains[peer]!.sign(header)])) };
}

function check(signed: SignedSessionOutcome): ReturnType<typeof checkOutcome> {
  return checkOutcome(moduleEncoding(signedSessionOutcome).toJson(signed), env);
}

function refusal(checked: ReturnType<typeof checkOutcome>): string {
  assert(typeof checked === "string", "it is refused");
  return checked;
}

Deno.test("an outcome that exactly a threshold signed is taken, an empty one too", () => {
  for (const outcome of [outcomeOf(VOTE, VOTE), outcomeOf()]) {
    const signed = signedBy([0, 1, 2], outcome);
    assertEquals(check(signed), signed);
  }
});

Deno.test("fewer signatures are refused, and more", () => {
  assertEquals(refusal(check(signedBy([0, 1], outcomeOf(VOTE)))), "has 2 signatures, not 3");
  assertEquals(refusal(check(signedBy([], outcomeOf(VOTE)))), "has 0 signatures, not 3");
  assertEquals(refusal(check(signedBy(PEERS, outcomeOf(VOTE)))), "has 4 signatures, not 3");
});

Deno.test("signatures of other items, of another session, under another's name or of nobody are refused", () => {
  const good = signedBy([0, 1, 2], outcomeOf(VOTE));
  const otherItems = { ...good, sessionOutcome: outcomeOf(VOTE, VOTE) };
  assertEquals(refusal(check(otherItems)), "signature of guardian 0 is wrong");
  assertEquals(refusal(check(signedBy([0, 1, 2], outcomeOf(VOTE), SESSION + 1))), "signature of guardian 0 is wrong");
  const [first, second] = [good.signatures.get(0)!, good.signatures.get(1)!];
  const swapped = { ...good, signatures: new Map([...good.signatures, [0, second], [1, first]] as const) };
  assertEquals(refusal(check(swapped)), "signature of guardian 0 is wrong");
  const oneThrice = { ...good, signatures: new Map([[0, first], [1, first], [2, first]]) };
  assertEquals(refusal(check(oneThrice)), "signature of guardian 1 is wrong");
  const nobody = { ...good, signatures: new Map([[0, first], [1, second], [9, good.signatures.get(2)!]]) };
  assertEquals(refusal(check(nobody)), "signature of guardian 9 is wrong");
});

Deno.test("items that don't decode are refused, though a threshold signed them", () => {
  const bad: Dyn[] = [{ instance: 77, body: VOTE.body }, { instance: INSTANCE, body: new Uint8Array(0) }];
  for (const item of bad) refusal(check(signedBy([0, 1, 2], outcomeOf(VOTE, item))));
});

Deno.test("what is no outcome is refused: not hex, cut, longer, of another shape", () => {
  const [hex] = moduleEncoding(signedSessionOutcome).toJson(signedBy([0, 1, 2], outcomeOf(VOTE))) as [string];
  const texts = ["", "zz", hex.slice(0, -2), hex.slice(0, -1), `${hex}00`, "ff".repeat(40)];
  const bad: Json[] = [null, 7, hex, { hex }, [], [hex, hex], [7], ...texts.map((text) => [text])];
  for (const json of bad) refusal(checkOutcome(json, env));
  assertStringIncludes(refusal(checkOutcome(["zz"], env)), "hex");
});
