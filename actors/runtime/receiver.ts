/**
 * A definition's handlers by message type. A map, so that a type named like a member of `Object.prototype` finds
 * nothing.
 */
import { assert } from "../../core/assert.ts";
import type { ActorDefinition, Handler } from "../actor.ts";
import type { Protocol } from "../protocol.ts";

export type AnyDefinition = ActorDefinition<Protocol, unknown, unknown>;

/** What a waiting message holds instead of its type: looked up once, when it is sent. */
export type Receiver = {
  readonly type: string;
  readonly handle: Handler<Protocol, unknown, string>;
  /** `MailboxPolicy.always` names it. */
  readonly always: boolean;
};

export function receiversOf(definition: AnyDefinition): ReadonlyMap<string, Receiver> {
  const always = definition.mailbox?.always ?? [];
  for (const type of always) {
    assert(Object.hasOwn(definition.handle, type), `an actor handles each type that its mailbox always takes: ${type}`);
  }
  return new Map(
    Object.entries(definition.handle).map(([type, handle]) => [type, { type, handle, always: always.includes(type) }]),
  );
}
