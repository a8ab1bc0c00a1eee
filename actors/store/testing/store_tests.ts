/** The form of the parts of `conformance.ts`. */
import type { Store } from "../store.ts";

/** A test with a fresh database of the backend. */
export type StoreTest = (name: string, body: (store: Store, reopen: () => Promise<Store>) => Promise<void>) => void;
