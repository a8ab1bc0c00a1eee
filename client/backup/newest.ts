/**
 * The newest backup of a wallet that guardians keep: asked for when it is restored, and before words of unknown origin
 * join afresh. `fedimint-client-0.13.0/src/backup.rs`; docs/protocol/07-client.md §E.
 *
 * A threshold of guardians took the backup, and a threshold is asked: at least one honest guardian is in both. Only who
 * has the words can have made what our key opens, so an evil guardian can hand out an older one or none, and nothing
 * else. Unlike the reference's, a part of a module that this client doesn't know spoils nothing: it stays as it is.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { encodeHex, isJsonObject, tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { ClientBackup, ClientBackupSnapshot } from "../../core/types/backup.ts";
import { BACKUP_PAYLOAD_BYTES_MAX, clientBackup, clientBackupSnapshot } from "../../core/types/backup.ts";
import type { SystemTime } from "../../core/types/duration.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { ApiCall } from "../../modules/contract/federation_api.ts";
import type { Derivation } from "../../modules/contract/recovery.ts";
import { orLate } from "../../modules/contract/waiting.ts";
import { ClientError } from "../error.ts";
import type { ConnectedFederationApi } from "../federation/api.ts";
import { isUnknownMethod } from "../federation/api.ts";
import type { BackupKeys } from "./keys.ts";
import { SEARCH_MS } from "./limits.ts";

/** A backup that guardians keep. */
export type KeptBackup = {
  readonly backup: ClientBackup;
  /** When it was made, as the guardian says. */
  readonly timestamp: SystemTime;
  readonly peer: PeerId;
};

/** What guardians answered. */
export type BackupsFound = {
  /** The newest one by the way from words to secrets; none: that wallet was never backed up here. */
  readonly newest: ReadonlyMap<Derivation, KeptBackup>;
  /** Guardians whose answers were no backups of this wallet, and what was wrong with them. */
  readonly rejected: ReadonlyMap<PeerId, string>;
};

/** What one guardian keeps, if it does. */
type Answer = Result<ClientBackupSnapshot | null, string>;

function readAnswer(json: Json): Answer {
  if (json === null) return ok(null);
  // an honest guardian took no more than this
  const { data } = isJsonObject(json) ? json : {};
  if (typeof data === "string" && data.length > 2 * BACKUP_PAYLOAD_BYTES_MAX) return err("it is too large");
  const snapshot = tryDecoding(() => clientBackupSnapshot.fromJson(json));
  return snapshot.ok ? ok(snapshot.value) : err(snapshot.error.message);
}

function recover(id: Bytes): ApiCall<Answer> {
  // whatever stands there is an answer: only who gives none is asked again
  return { method: "recover", params: toHex(id), result: { fromJson: readAnswer, toJson: () => null } };
}

export type Asking = {
  readonly api: Pick<ConnectedFederationApi, "heard">;
  readonly keys: ReadonlyMap<Derivation, BackupKeys>;
  readonly platform: Platform;
  readonly log: Logger;
};

/** What a threshold of guardians says of a wallet; nobody waits for the others. @throws {WaitError} */
function answersOf(
  { api }: Asking,
  { id }: BackupKeys,
  failures: Map<PeerId, string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<PeerId, Answer>> {
  return api.heard(recover(id), (peer, error) => {
    // a guardian of a version without backups keeps none
    if (isUnknownMethod(error)) return ok(null);
    failures.set(peer, error);
    return null;
  }, signal);
}

/**
 * Asks all guardians for the backups of these wallets, until a threshold has answered, with a backup or without.
 * @param asking.keys of each way from the same words
 * @throws {ClientError} `no_answer` · {WaitError} `aborted` · `closed`
 */
export async function newestBackups(asking: Asking, signal: AbortSignal): Promise<BackupsFound> {
  const { keys, log, platform: { clock } } = asking;
  const failures = new Map<PeerId, string>();
  const late = (): Error => {
    const who = [...failures].sort(([a], [b]) => a - b).map(([peer, text]) =>
      `guardian ${peer}: ${text.slice(0, 200)}`
    );
    const reasons = who.length > 0 ? ` (${who.join("; ")})` : "";
    return new ClientError(
      { code: "no_answer" },
      `Too few guardians say whether they keep a backup of this wallet${reasons}. Check the network and try again later`,
    );
  };
  const answers = await orLate(
    { clock, deadlineMs: SEARCH_MS, signal, late },
    (until) =>
      Promise.all(
        [...keys].map(async ([derivation, own]) =>
          [derivation, own, await answersOf(asking, own, failures, until)] as const
        ),
      ),
  );
  const newest = new Map<Derivation, KeptBackup>(), rejected = new Map<PeerId, string>();
  for (const [derivation, own, byPeer] of answers) {
    const kept: KeptBackup[] = [];
    for (const [peer, answer] of [...byPeer].sort(([a], [b]) => a - b)) {
      const opened = openedBy(own, answer);
      if (opened === null) continue;
      if (opened.ok) kept.push({ ...opened.value, peer });
      else {
        log.warn("A guardian's answer is no backup of this wallet", { peer, reason: opened.error });
        rejected.set(peer, opened.error);
      }
    }
    const best = bestOf(kept);
    if (best) newest.set(derivation, best);
  }
  return { newest, rejected };
}

/** Null when there is none. */
function openedBy(own: BackupKeys, answer: Answer): Result<Omit<KeptBackup, "peer">, string> | null {
  if (!answer.ok) return answer;
  if (answer.value === null) return null;
  const { data, timestamp } = answer.value, opened = own.open(data);
  return opened.ok ? ok({ backup: opened.value, timestamp }) : opened;
}

/**
 * The one of the latest session. Two devices may back up in one session: then the one that most guardians have, as
 * theirs came last at most of them, and of those the one that holds more. What guardians say of the time is nobody's
 * word: it decides nothing.
 * @param kept by ascending guardian
 */
function bestOf(kept: readonly KeptBackup[]): KeptBackup | null {
  let latest = 0;
  for (const { backup: { sessionCount } } of kept) latest = Math.max(latest, sessionCount);
  const equal = new Map<string, { readonly first: KeptBackup; count: number }>();
  for (const each of kept) {
    if (each.backup.sessionCount < latest) continue;
    const text = encodeHex(clientBackup, each.backup), before = equal.get(text);
    if (before) before.count++;
    else equal.set(text, { first: each, count: 1 });
  }
  const [best] = [...equal].sort(([a, { count: inA }], [b, { count: inB }]) => inB - inA || b.length - a.length);
  return best?.[1].first ?? null;
}
