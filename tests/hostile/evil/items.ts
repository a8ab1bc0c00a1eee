/** What an evil guardian proposes: modules whose guardian's side proposes as usual until an attack begins. */
import { LNV2_KIND } from "../../../modules/lnv2/common.ts";
import type { AnyServerModule, AnyServerModuleDefinition } from "../../../modules/contract/server.ts";
import { META_KIND } from "../../../modules/meta/common.ts";
import { META_VALUE_BYTES_MAX } from "../../../modules/meta/limits.ts";
import { MINTV2_KIND } from "../../../modules/mintv2/common.ts";

/** Items a call of `consensusProposal`: more than its units take. */
const TINY_ITEMS = 3_000;
const LARGE_ITEMS = 4;
const UNKNOWN_VARIANT = 77n;
/** Above every vote of a test's chain. */
const HIGH = 1_000_000;

export type ItemAttack = {
  readonly name: string;
  readonly what: string;
  readonly kind: string;
  /** `n` makes each another one. */
  readonly items: (n: number) => unknown[];
};

/** Salted, as the broadcast orders equal bytes once. */
function votes(count: number, bytes: number): (n: number) => unknown[] {
  return (n) =>
    Array.from({ length: count }, (_, i) => ({ salt: BigInt(n + i), key: 1, value: new Uint8Array(bytes) }));
}

export const itemAttacks: readonly ItemAttack[] = [
  {
    name: "junk-items",
    what: "units full of items of an unknown kind",
    kind: MINTV2_KIND,
    items: () =>
      Array.from(
        { length: TINY_ITEMS },
        () => ({ tag: "Default", value: { variant: UNKNOWN_VARIANT, bytes: new Uint8Array() } }),
      ),
  },
  {
    name: "tiny-votes",
    what: "units full of the smallest items that are accepted",
    kind: META_KIND,
    items: votes(TINY_ITEMS, 0),
  },
  {
    name: "large-votes",
    what: "each unit as full as it can be of what is accepted: large sessions",
    kind: META_KIND,
    items: votes(LARGE_ITEMS, META_VALUE_BYTES_MAX),
  },
  {
    name: "rising-votes",
    what: "units full of votes on the block count, each one above the last",
    kind: LNV2_KIND,
    items: (n) =>
      Array.from({ length: TINY_ITEMS }, (_, i) => ({ tag: "BlockCountVote", value: BigInt(HIGH + n + i) })),
  },
];

/** @param running name of the attack that runs now */
export function proposing(
  definitions: ReadonlyMap<string, AnyServerModuleDefinition>,
  running: () => string | null,
): ReadonlyMap<string, AnyServerModuleDefinition> {
  let count = 0;
  const wrap = (module: AnyServerModule, kind: string): AnyServerModule => ({
    ...module,
    consensusProposal: (tx) => {
      const attack = itemAttacks.find(({ name }) => name === running());
      if (attack?.kind !== kind) return module.consensusProposal(tx);
      const items = attack.items(count);
      count += items.length;
      return Promise.resolve(items);
    },
  });
  return new Map(
    [...definitions].map(([kind, definition]) => [
      kind,
      { ...definition, start: async (env) => wrap(await definition.start(env), kind) },
    ]),
  );
}
