/** For tests: guardians that keep backups as honest ones do. */
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { ClientBackupSnapshot } from "../../../core/types/backup.ts";
import { clientBackupSnapshot, signedBackupRequest, verifyBackupRequest } from "../../../core/types/backup.ts";
import type { SystemTime } from "../../../core/types/duration.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { Asked, Script } from "../../testing/world.ts";
import { Refusal } from "../../testing/world.ts";

const BAD_REQUEST = 400;

function isLater(one: SystemTime, other: SystemTime): boolean {
  return one.secsSinceEpoch === other.secsSinceEpoch
    ? one.nanosSinceEpoch > other.nanosSinceEpoch
    : one.secsSinceEpoch > other.secsSinceEpoch;
}

export class Keepers {
  /** By guardian and name. */
  readonly kept = new Map<PeerId, Map<string, ClientBackupSnapshot>>();
  /** Requests that guardians took. */
  taken = 0;
  /** Requests that came, taken or not. */
  asked = 0;
  /** Names that were asked for. */
  readonly recovers: string[] = [];
  /** In the place of what an honest guardian answers; undefined: as an honest one. */
  instead: (asked: Asked) => Json | Promise<Json> | undefined = () => undefined;

  script(honest: Script): Script {
    return (asked) => {
      for (const answer of [this.instead(asked), this.#answer(asked)]) if (answer !== undefined) return answer;
      return honest(asked);
    };
  }

  of(peer: PeerId, id: Uint8Array): ClientBackupSnapshot | undefined {
    return this.kept.get(peer)?.get(toHex(id));
  }

  #answer({ peer, method, params }: Asked): Json | undefined {
    const own = this.kept.get(peer) ?? new Map<string, ClientBackupSnapshot>();
    this.kept.set(peer, own);
    if (method === "recover") {
      this.recovers.push(String(params));
      const snapshot = own.get(String(params));
      return snapshot ? clientBackupSnapshot.toJson(snapshot) : null;
    }
    if (method !== "backup") return undefined;
    this.asked++;
    const signed = signedBackupRequest.fromJson(params), { id, payload, timestamp } = signed.request;
    if (!verifyBackupRequest(signed)) throw new Refusal(BAD_REQUEST, "invalid request");
    const before = own.get(toHex(id));
    if (before && !isLater(timestamp, before.timestamp)) throw new Refusal(BAD_REQUEST, "timestamp too small");
    own.set(toHex(id), { timestamp, data: payload });
    this.taken++;
    return null;
  }
}
