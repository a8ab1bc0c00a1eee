import { assertEquals } from "@std/assert";
import { numPeers } from "../../../core/types/num_peers.ts";
import { SignatureChecks } from "../keychain.ts";
import { subsetOf } from "../scale.ts";
import { fastKeychains, makeUnit } from "../testing/network.ts";
import type { UnitFields } from "./unit.ts";
import { SignedUnit, unitHash } from "./unit.ts";
import { Validator } from "./validator.ts";

const keychains = fastKeychains(4);
const ROUND_MAX = 20;

function faultOf(unit: SignedUnit): string | null {
  return new Validator(new SignatureChecks(keychains[0]!), 7n, numPeers(4), ROUND_MAX).fault(unit);
}

const parents = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 0, creator }));

/** Another unit than its creator made, signed by it all the same. */
function changed(unit: SignedUnit, change: Partial<UnitFields>): SignedUnit {
  const { round, creator, mask, combinedHash, data, session } = unit;
  const fields = { round, creator, mask, combinedHash, data, session, ...change };
  return new SignedUnit(fields, keychains[fields.creator % 4]!.sign(unitHash(fields)));
}

Deno.test("valid units have no fault, with all parents and with a threshold of them", () => {
  assertEquals(faultOf(parents[2]!), null);
  assertEquals(faultOf(makeUnit({ keychains, round: 1, creator: 1, parents })), null);
  assertEquals(faultOf(makeUnit({ keychains, round: 1, creator: 1, parents: parents.slice(0, 3) })), null);
});

Deno.test("each kind of invalid unit is refused", () => {
  const [first] = parents;
  const second = makeUnit({ keychains, round: 1, creator: 1, parents });
  const faults = [
    [new SignedUnit(first!, parents[1]!.signature), "bad_signature"],
    [changed(first!, { creator: 4 }), "bad_signature"],
    [changed(second, { creator: 2 ** 40 }), "no_own_parent"],
    [changed(first!, { session: 8n }), "wrong_session"],
    [changed(second, { round: ROUND_MAX + 1 }), "round_too_high"],
    [changed(first!, { mask: subsetOf(5, []) }), "wrong_mask_size"],
    [changed(first!, { mask: subsetOf(3, []) }), "wrong_mask_size"],
    [changed(first!, { mask: subsetOf(4, [0]) }), "round_zero_with_parents"],
    [changed(first!, { combinedHash: new Uint8Array(32) }), "round_zero_bad_hash"],
    [changed(second, { mask: subsetOf(4, [0, 1]) }), "too_few_parents"],
    [changed(second, { mask: subsetOf(4, [0, 2, 3]) }), "no_own_parent"],
  ] as const;
  for (const [unit, fault] of faults) assertEquals(faultOf(unit), fault);
});

Deno.test("a unit of the highest round is valid, and what its hash commits to isn't looked at", () => {
  const unit = makeUnit({ keychains, round: 1, creator: 1, parents });
  assertEquals(faultOf(changed(unit, { round: ROUND_MAX, combinedHash: new Uint8Array(32) })), null);
});
