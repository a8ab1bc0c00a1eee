/** How the connections to the guardians are, at the moment and from then on; and looking after them when the network has changed. */
import type { Sender } from "../../actors/actor.ts";
import { ActorError } from "../../actors/error.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { LinkState, RpcMessage, RpcStatus } from "../../actors/rpc/mod.ts";
import type { ActorRef } from "../../actors/protocol.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { orEnded } from "../../modules/contract/waiting.ts";

/** A guardian's connection that starts anew, or is made anew at another address, is asked again. */
const AGAIN_MS = 250;

/** How the connection to a guardian is. */
export type GuardianStatus = {
  readonly peer: PeerId;
  /** As the guardian calls itself. */
  readonly name: string;
  /** Where it is looked for. */
  readonly url: string;
  /** `idle`: nobody asks it anything, so that nothing is opened · `connecting`: also while it waits to try again. */
  readonly state: LinkState;
  /** Since when it is in this state, milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** The last time that the connection could not be opened, or was cut; null when it never happened since the wallet was opened. */
  readonly lastError: { readonly message: string; readonly atMs: number } | null;
};

/** A guardian, and the actor that has its connection. */
export type Guardian = Pick<GuardianStatus, "peer" | "name" | "url"> & { readonly connection: ActorRef<RpcMessage> };

export type ConnectionsEnv = {
  readonly sender: Sender;
  readonly clock: Clock;
  /** As they are known when it is called. */
  readonly guardians: () => readonly Guardian[];
};

function statusOf({ peer, name, url }: Guardian, { state, sinceMs, lastError }: RpcStatus): GuardianStatus {
  return {
    peer,
    name,
    url,
    state,
    sinceMs,
    lastError: lastError && { message: lastError.message, atMs: lastError.atMs },
  };
}

/** Asks a connection's actor; again when it starts anew meanwhile. @throws {WaitError} `aborted` · `closed` */
async function asked<T>(clock: Clock, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await orEnded(signal, ask);
    } catch (thrown) {
      if (!(thrown instanceof ActorError)) throw thrown;
    }
    await orEnded(signal, () => sleep(clock, AGAIN_MS, signal));
  }
}

/** By guardian, ascending. */
export function guardianStatuses(
  { sender, clock, guardians }: ConnectionsEnv,
  signal: AbortSignal,
): Promise<GuardianStatus[]> {
  return Promise.all(
    guardians().map(async (guardian) =>
      statusOf(guardian, await asked(clock, signal, () => sender.ask(guardian.connection, "status", null)))
    ),
  );
}

/** Opens what is not open, and puts what is dead aside; resolves when it has begun. */
export async function reconnectAll({ sender, clock, guardians }: ConnectionsEnv, signal: AbortSignal): Promise<void> {
  await Promise.all(
    guardians().map(({ connection }) => asked(clock, signal, () => sender.ask(connection, "reconnect", null))),
  );
}

/** All of them, then all of them again each time that one is another. Ends when the signal is aborted. */
export async function* followGuardians(env: ConnectionsEnv, signal: AbortSignal): AsyncGenerator<GuardianStatus[]> {
  const { sender, clock } = env, stop = new AbortController(), until = AbortSignal.any([signal, stop.signal]);
  const known = new Map<PeerId, RpcStatus>(), waits = new Map<PeerId, Promise<void>>();
  const wait = async ({ peer, connection }: Guardian): Promise<void> => {
    const before = known.get(peer);
    const status = await asked(
      clock,
      until,
      () =>
        before
          ? sender.ask(connection, "statusAfter", { version: before.version }, { deadlineMs: Infinity })
          : sender.ask(connection, "status", null),
    );
    known.set(peer, status);
    waits.delete(peer);
  };
  let told = "";
  try {
    for (;;) {
      const guardians = env.guardians();
      for (const guardian of guardians) {
        if (!waits.has(guardian.peer)) waits.set(guardian.peer, wait(guardian));
      }
      const statuses = guardians.flatMap((guardian) => {
        const status = known.get(guardian.peer);
        return status ? [statusOf(guardian, status)] : [];
      });
      const text = stringifyJson(statuses);
      if (statuses.length === guardians.length && text !== told) {
        told = text;
        yield statuses;
      }
      await Promise.race(waits.values());
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    stop.abort();
    for (const waiting of waits.values()) waiting.catch(() => undefined);
  }
}
