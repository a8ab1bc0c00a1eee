/** The live tree of actors as JSON, for operators: not part of Fedimint's API. */
import type { Inspection } from "../../../actors/system.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { unit } from "../../../core/encoding/mod.ts";
import type { Method } from "../dispatch.ts";
import { method } from "../method.ts";

/** @param password of the guardian. Secret. */
export function inspectMethod(inspect: () => Inspection, password: string | null): Method {
  const result = { toJson: (tree: Inspection) => tree as unknown as Json };
  return method({ admin: { password }, params: unit, result, handle: inspect });
}
