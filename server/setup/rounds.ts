/**
 * One guardian's side of the ceremony's rounds over the links: `DkgRounds` of the module contract. fedimint-server
 * `config/dkg*.rs`, `peer_handle.rs`; docs/protocol/03-consensus.md §D2, §D3.
 *
 * Peers run ahead: what one sends before it is asked for waits in its own queue, and every step reads from the named
 * peer only.
 */
import type { Dice } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { G1, G2, Group } from "../../core/crypto/bls/mod.ts";
import { bls } from "../../core/crypto/bls/mod.ts";
import type { DkgMessage, DkgStep } from "../../core/crypto/dkg.ts";
import { dkgStep, startDkg } from "../../core/crypto/dkg.ts";
import { unreachable } from "../../core/assert.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { decode, DecodeError, encode } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import type { PeerId, Sha256 } from "../../core/types/ids.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import type { DkgKey, DkgRounds } from "../../modules/contract/server.ts";
import { SetupError } from "../config/error.ts";

/** How the ceremony speaks with the other guardians. */
export interface CeremonyLinks {
  send(to: PeerId | "all", message: P2pMessage): void;
  /** The next message of this peer, in order. `step` says what for, to whoever runs the guardian. */
  receive(from: PeerId, step: string): Promise<P2pMessage>;
}

type DkgTag = "DkgG1" | "DkgG2";

export class Rounds implements DkgRounds {
  readonly identity: PeerId;
  readonly peers: NumPeers;
  readonly #links: CeremonyLinks;
  readonly #dice: Dice;
  #part = "";

  constructor(
    options: {
      readonly identity: PeerId;
      readonly peers: NumPeers;
      readonly links: CeremonyLinks;
      readonly dice: Dice;
    },
  ) {
    this.identity = options.identity;
    this.peers = options.peers;
    this.#links = options.links;
    this.#dice = options.dice;
  }

  /** What the rounds from now on are for. */
  begin(part: string): void {
    this.#part = part;
  }

  keyG1(): Promise<DkgKey> {
    return this.#key(bls.g1, "DkgG1");
  }

  keyG2(): Promise<DkgKey> {
    return this.#key(bls.g2, "DkgG2");
  }

  async exchange<T>(codec: Codec<T>, own: T): Promise<Map<PeerId, T>> {
    if (this.peers.total > 1) this.#links.send("all", { tag: "Encodable", value: encode(codec, own) });
    const all = new Map<PeerId, T>([[this.identity, own]]);
    for (const peer of this.#others()) {
      const message = await this.#links.receive(peer, `${this.#part}: exchange of ${codec.name}`);
      if (message.tag !== "Encodable") throw this.#unexpected(peer, message, this.#part);
      all.set(peer, this.#decoded(peer, codec, message.value));
    }
    return new Map([...all].sort(([a], [b]) => a - b));
  }

  /** @throws {SetupError} `peer_failed` when a peer has another */
  async compareChecksum(own: Sha256, what: string): Promise<void> {
    if (this.peers.total > 1) this.#links.send("all", { tag: "Checksum", value: own });
    for (const peer of this.#others()) {
      const message = await this.#links.receive(peer, `comparison of the ${what}`);
      if (message.tag !== "Checksum") throw this.#unexpected(peer, message, what);
      if (message.value === own) continue;
      throw new SetupError(
        { code: "peer_failed", peer, reason: "checksum" },
        `Guardian ${peer} has another ${what}: compare versions, modules, environment and setup codes of all guardians, then start again`,
      );
    }
  }

  #others(): PeerId[] {
    return Array.from({ length: this.peers.total }, (_, peer) => peer).filter((peer) => peer !== this.identity);
  }

  async #key<P extends G1 | G2, R extends object>(group: Group<P, R>, tag: DkgTag): Promise<DkgKey> {
    const randomBytes = (size: number): Bytes => this.#dice.bytes(size);
    let step: DkgStep<P, R> = startDkg({ group, peers: this.peers, identity: this.identity, randomBytes });
    for (;;) {
      let event: { readonly peer: PeerId; readonly message: DkgMessage } | null = null;
      for (const effect of step.effects) {
        switch (effect.type) {
          case "broadcast":
            this.#links.send("all", { tag, value: effect.message } as P2pMessage);
            break;
          case "send":
            this.#links.send(effect.peer, { tag, value: effect.message } as P2pMessage);
            break;
          case "read":
            event = { peer: effect.peer, message: await this.#receiveDkg(effect.peer, tag) };
            break;
          case "done":
            return { share: effect.key.share, polynomial: effect.key.polynomial };
          case "abort":
            throw new SetupError(
              { code: "peer_failed", peer: effect.peer, reason: effect.reason },
              `Guardian ${effect.peer} broke the key ceremony (${effect.reason}): all guardians must start setup again`,
            );
          default:
            unreachable(effect);
        }
      }
      step = dkgStep(step.state, event!);
    }
  }

  #decoded<T>(peer: PeerId, codec: Codec<T>, bytes: Bytes): T {
    try {
      return decode(codec, bytes);
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      throw new SetupError(
        { code: "peer_failed", peer, reason: "undecodable" },
        `Guardian ${peer} sent what is no ${codec.name} (${errorText(thrown)}): all guardians must start setup again`,
      );
    }
  }

  async #receiveDkg(peer: PeerId, tag: DkgTag): Promise<DkgMessage> {
    const message = await this.#links.receive(peer, `${this.#part}: ${tag}`);
    if (message.tag !== tag) throw this.#unexpected(peer, message, this.#part);
    return message.value;
  }

  #unexpected(peer: PeerId, message: P2pMessage, step: string): SetupError {
    return new SetupError(
      { code: "peer_failed", peer, reason: `unexpected ${message.tag}` },
      `Guardian ${peer} sent an unexpected message (${message.tag}) in the step "${step}". It may have other modules: ` +
        "compare modules and versions of all guardians, then start setup again",
    );
  }
}
