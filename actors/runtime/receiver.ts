/** A definition's handlers by message type. A map, so that a type named like a member of `Object.prototype` finds nothing. */
import type { ActorDefinition, Handler } from "../actor.ts";
import type { Protocol } from "../protocol.ts";

export type AnyDefinition = ActorDefinition<Protocol, unknown, unknown>;

/** What a waiting message holds instead of its type: looked up once, when it is sent. */
export type Receiver = { readonly type: string; readonly handle: Handler<Protocol, unknown, string> };

export function receiversOf(definition: AnyDefinition): ReadonlyMap<string, Receiver> {
  return new Map(Object.entries(definition.handle).map(([type, handle]) => [type, { type, handle }]));
}
