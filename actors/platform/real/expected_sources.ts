/**
 * Where those are said to be whose certificates a TLS listener knows. After a start none of them has come yet; were
 * they strangers among strangers, a crowd could keep all of them waiting. Names are looked up now and then, as who has
 * one may move.
 *
 * One that comes from another address than others find it at is a stranger until it has come once
 * (`HandshakeQueue.trust`).
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { EXPECTED_SOURCES } from "../limits.ts";
import type { Clock } from "../platform.ts";
import { sourceOf, UNNAMED_SOURCE } from "../source.ts";

/** Addresses under a name. Rejects when it has none now. */
export type LookUp = (hostname: string) => Promise<readonly string[]>;

const lookUpByDns: LookUp = async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address);

type Options = {
  readonly clock: Clock;
  /** Told of all sources each time that one has changed. */
  readonly onFound: (sources: ReadonlySet<string>) => void;
  readonly lookUp?: LookUp;
  readonly bounds?: typeof EXPECTED_SOURCES;
};

function sourcesOf(addresses: readonly string[]): string[] {
  return addresses.map((hostname) => sourceOf({ hostname }) ?? UNNAMED_SOURCE);
}

function needsLookUp(hostname: string): boolean {
  return isIP(hostname) === 0 && sourceOf({ hostname }) !== null;
}

/** @param hostnames names or addresses @returns ends it */
export function expectSources(
  hostnames: readonly string[],
  { clock, onFound, lookUp = lookUpByDns, bounds = EXPECTED_SOURCES }: Options,
): () => void {
  const found = new Map<string, readonly string[]>();
  let isOver = false;
  let cancel: () => void = () => undefined;
  const tell = (): void => onFound(new Set([...found.values()].flat()));

  const look = async (hostname: string): Promise<void> => {
    let addresses: readonly string[];
    try {
      addresses = await lookUp(hostname);
    } catch {
      // a name that has no address, or a resolver that is away: what was found before stands until the next time
      return;
    }
    if (isOver) return;
    // whose name it is says what stands there, and may be evil
    found.set(hostname, sourcesOf(addresses.slice(0, bounds.addressesMax)));
    tell();
  };
  const lookAll = (names: readonly string[]): void => {
    for (const name of names) void look(name);
    cancel = clock.setTimer(bounds.againMs, () => lookAll(names)).cancel;
  };

  for (const hostname of hostnames) if (!needsLookUp(hostname)) found.set(hostname, sourcesOf([hostname]));
  if (found.size > 0) tell();
  const names = hostnames.filter(needsLookUp);
  if (names.length > 0) lookAll(names);
  return () => {
    isOver = true;
    cancel();
  };
}
