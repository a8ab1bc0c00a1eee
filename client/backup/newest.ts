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
import { sleep } from "../../actors/platform/platform.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { isJsonObject, tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { ClientBackup, ClientBackupSnapshot } from "../../core/types/backup.ts";
import { BACKUP_PAYLOAD_BYTES_MAX, clientBackupSnapshot } from "../../core/types/backup.ts";
import type { SystemTime } from "../../core/types/duration.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { ApiCall } from "../../modules/contract/federation_api.ts";
import type { Derivation } from "../../modules/contract/recovery.ts";
import { endedBy, orLate } from "../../modules/contract/waiting.ts";
import { ClientError } from "../error.ts";
import type { ConnectedFederationApi } from "../federation/api.ts";
import { isUnknownMethod } from "../federation/api.ts";
import type { BackupKeys } from "./keys.ts";
import { SEARCH_MS } from "./limits.ts";

const RETRY = { minMs: 250, maxMs: 10_000 };

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
  readonly api: Pick<ConnectedFederationApi, "peerIds" | "ask">;
  readonly keys: ReadonlyMap<Derivation, BackupKeys>;
  readonly platform: Platform;
  readonly log: Logger;
};

/** What a guardian says of all the wallets; it is asked until it does. @throws {WaitError} */
async function answersOf(
  { api, keys, platform: { clock, dice } }: Asking,
  peer: PeerId,
  failures: Map<PeerId, string>,
  signal: AbortSignal,
): Promise<Map<Derivation, Answer>> {
  const answers = new Map<Derivation, Answer>();
  for (let attempt = 0;; attempt++) {
    for (const [derivation, { id }] of keys) {
      if (answers.has(derivation)) continue;
      const answer = await api.ask(peer, recover(id), { signal });
      if (answer.ok) answers.set(derivation, answer.value);
      // a guardian of a version without backups keeps none
      else if (isUnknownMethod(answer.error)) answers.set(derivation, ok(null));
      else failures.set(peer, answer.error);
    }
    if (answers.size === keys.size) return answers;
    await sleep(clock, backOffMs(RETRY, attempt, dice), signal);
  }
}

/** What a threshold of guardians says; nobody waits for the others. */
async function thresholdOf(
  asking: Asking,
  failures: Map<PeerId, string>,
  signal: AbortSignal,
): Promise<Map<PeerId, Map<Derivation, Answer>>> {
  const { peerIds } = asking.api, { threshold } = numPeers(peerIds.length);
  const enough = new AbortController();
  const until = AbortSignal.any([signal, enough.signal]);
  const answers = new Map<PeerId, Map<Derivation, Answer>>();
  try {
    await new Promise<void>((resolve, reject) => {
      until.addEventListener("abort", () => reject(endedBy(until)), { once: true });
      for (const peer of peerIds) {
        answersOf(asking, peer, failures, until).then((answer) => {
          if (answers.size < threshold) answers.set(peer, answer);
          if (answers.size === threshold) resolve();
        }, reject);
      }
    });
  } finally {
    enough.abort();
  }
  return answers;
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
    (until) => thresholdOf(asking, failures, until),
  );
  const newest = new Map<Derivation, KeptBackup>(), rejected = new Map<PeerId, string>();
  for (const [peer, byDerivation] of [...answers].sort(([a], [b]) => a - b)) {
    for (const [derivation, answer] of byDerivation) {
      const kept = answer.ok && answer.value;
      const opened = !answer.ok ? answer : kept ? keys.get(derivation)!.open(kept.data) : null;
      if (opened === null) continue;
      if (!opened.ok) {
        log.warn("A guardian's answer is no backup of this wallet", { peer, reason: opened.error });
        rejected.set(peer, opened.error);
        continue;
      }
      const before = newest.get(derivation);
      if (before && before.backup.sessionCount >= opened.value.sessionCount) continue;
      newest.set(derivation, { backup: opened.value, timestamp: (kept as ClientBackupSnapshot).timestamp, peer });
    }
  }
  return { newest, rejected };
}
