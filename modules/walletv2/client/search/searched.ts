import type { Bytes } from "../../../../core/bytes.ts";

/** What a search is for. Holds a secret. */
export type Searched = {
  /** Of the guardians, 33 bytes each. */
  readonly keys: readonly Bytes[];
  /** The multisig script of keys that aren't tweaked: every other one differs from it by its keys alone. */
  readonly script: Bytes;
  /** 32 bytes; binds the filter to the federation. */
  readonly hashOfKeys: Bytes;
  /** What the module's secret derives its children with: 64 bytes. Secret. */
  readonly childRoot: Bytes;
};
