import { assert, assertEquals } from "@std/assert";
import { SignatureChecks } from "./keychain.ts";
import { CHECKED_SIGNATURES_MAX } from "./limits.ts";
import { fastKeychains, makeUnit, realKeychains } from "./testing/network.ts";

Deno.test("a signature is checked once, as long as it is among the last some thousands", () => {
  const [own, other] = fastKeychains(4);
  let count = 0;
  const checks = new SignatureChecks({
    ...own!,
    verify: (index, message, signature) => {
      count++;
      return own!.verify(index, message, signature);
    },
  });
  const message = new Uint8Array(32);
  const signature = other!.sign(message);
  for (let i = 0; i < 3; i++) {
    assert(checks.valid(1, message, signature));
    assert(!checks.valid(2, message, signature));
  }
  assertEquals(count, 2);
  for (let i = 0; i < CHECKED_SIGNATURES_MAX; i++) checks.valid(i, new Uint8Array(8), signature);
  count = 0;
  assert(checks.valid(1, message, signature));
  assertEquals(count, 1, "what is forgotten is checked again");
});

Deno.test("a unit's signature counts for its creator alone, also with real keys", () => {
  const keychains = realKeychains(4);
  const unit = makeUnit({ keychains, round: 0, creator: 2 });
  const checks = new SignatureChecks(keychains[0]!);
  assert(checks.unit(unit));
  assert(!checks.valid(1, unit.hash, unit.signature));
  assert(!checks.valid(4, unit.hash, unit.signature));
  assert(!checks.valid(2 ** 50, unit.hash, unit.signature));
});
