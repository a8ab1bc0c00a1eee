/** One stretch of the search for addresses, for a thread. It loads little: each thread's memory counts. */
import type { Task } from "../../../actors/platform/platform.ts";
import type { Searched } from "./search/search.ts";
import { searchAtOnce } from "./search/search.ts";

/** Indices from ≤ i < end. Holds a secret. */
export type AddressStretch = { readonly searched: Searched; readonly from: number; readonly end: number };

/** The first index of the stretch that passes, or null. */
export const addressTask: Task<AddressStretch, number | null> = {
  module: import.meta.resolve("./address_thread.ts"),
  run: ({ searched, from, end }) => searchAtOnce(searched, from, end),
};
