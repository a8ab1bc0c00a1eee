/** One stretch of the search for tweaks, for a thread. */
import type { Task } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { searchTweak } from "./tweak_search.ts";

/** `filter` 32 bytes, secret. `start` 16 random bytes. */
export type TweakSearch = { readonly filter: Bytes; readonly start: Bytes; readonly tries: number };

export const tweakTask: Task<TweakSearch, Bytes | null> = {
  module: import.meta.resolve("./tweak_thread.ts"),
  run: ({ filter, start, tries }) => searchTweak(filter, start, tries),
};
