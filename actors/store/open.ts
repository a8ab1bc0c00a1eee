/**
 * Opens the store on a backend: checks what is there before anything is touched, finishes what a crash left, and starts
 * the engine.
 */
import type { Backend } from "./backend.ts";
import { Engine, type EngineOptions } from "./engine.ts";
import { StoreError } from "./error.ts";
import { metaKey, Space, spaceEnd } from "./keys.ts";
import { Pieces } from "./pieces.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Store } from "./store.ts";

/** How this folder arranges a database. Raised when an older program would misread it. */
export const LAYOUT_VERSION = 1;
/**
 * Of what is in it. Parts have versions of their own (`schema.ts`); raising this one shuts out programs that don't look
 * at those.
 */
const CONTENT_VERSION = 1;

const SCHEMA = metaKey("schema");

/**
 * The store owns the backend from now on, and closes it if opening fails.
 * @throws {StoreError} `newer_schema` · `corrupt` · `failed`
 */
export async function openStore(backend: Backend, options: EngineOptions): Promise<Store> {
  try {
    await checkLayout(backend);
    return new Engine(await Pieces.open(backend), options);
  } catch (thrown) {
    await backend.close();
    throw asStoreError(thrown);
  }
}

/** Errors of the backend, as the store's. */
export function asStoreError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  return new StoreError({ code: "failed" }, "The database could not be opened.", { cause: thrown });
}

/** The text for people of `newer_schema`. */
export function newerSchema(what: string, found: number, supported: number): StoreError {
  return new StoreError(
    { code: "newer_schema", found, supported },
    `${what} is of version ${found}, and this program knows versions up to ${supported}. ` +
      "Install the newer program again, or restore a backup made before it ran. Nothing was changed.",
  );
}

async function checkLayout(backend: Backend): Promise<void> {
  const record = await backend.get(SCHEMA);
  if (record === undefined) {
    const [entry] = await backend.list({
      start: new Uint8Array([Space.data]),
      end: spaceEnd(Space.journal),
      limit: 1,
      reverse: false,
    });
    if (entry !== undefined) throw corruptSchema("has data and no version");
  } else {
    if (record.length !== 8) throw corruptSchema("has a damaged version");
    const view = new DataView(record.buffer, record.byteOffset);
    const [layout, content] = [view.getUint32(0), view.getUint32(4)];
    if (layout > LAYOUT_VERSION) throw newerSchema("The database's layout", layout, LAYOUT_VERSION);
    if (content > CONTENT_VERSION) throw newerSchema("The database", content, CONTENT_VERSION);
    if (layout === LAYOUT_VERSION && content === CONTENT_VERSION) return;
  }
  await backend.commit([{ key: SCHEMA, value: encode(LAYOUT_VERSION, CONTENT_VERSION) }]);
}

function encode(layout: number, content: number): Bytes {
  const record = new Uint8Array(8);
  const view = new DataView(record.buffer);
  view.setUint32(0, layout);
  view.setUint32(4, content);
  return record;
}

function corruptSchema(what: string): StoreError {
  return new StoreError({ code: "corrupt" }, `The database ${what}. Restore a backup, or give another path.`);
}
