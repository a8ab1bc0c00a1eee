/**
 * Which version of the module all guardians know: each asks all others, again and again. A guardian votes for a version
 * only when nobody is left behind by it, so there is no answer before all have answered. Follows fedimint-ln-server
 * 0.13.0 (`spawn_peer_supported_consensus_version_task`).
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { tryDecoding } from "../../../core/encoding/mod.ts";
import type { Version } from "../../../core/types/version.ts";
import { version } from "../../../core/types/version.ts";
import { LN_CONSENSUS_VERSION } from "../common.ts";
import { VERSION_ANSWER_MS, VERSION_POLL_MISSING_MS, VERSION_POLL_MS, VERSION_POLL_TEST_MS } from "../limits.ts";
import { compareVersions } from "./db.ts";
import type { LnEnv } from "./env.ts";

/** What was found out last. */
export class SupportedVersion {
  readonly #env: LnEnv;
  #known: Version | null = null;

  constructor(env: LnEnv) {
    this.#env = env;
  }

  /** The highest version that all know; null while one has yet to answer. */
  get value(): Version | null {
    return this.#known;
  }

  /** Asks once. */
  async look(): Promise<void> {
    const { peers, identity, guardians } = this.#env;
    const others = Array.from({ length: peers.total }, (_, peer) => peer).filter((peer) => peer !== identity);
    const answers = await Promise.all(
      others.map((peer) => guardians.ask(peer, "supported_module_consensus_version", null, VERSION_ANSWER_MS)),
    );
    let least: Version | null = LN_CONSENSUS_VERSION;
    for (const answer of answers) {
      const told = answer.ok ? tryDecoding(() => version.fromJson(answer.value)) : answer;
      if (!told.ok || least === null) least = null;
      else if (compareVersions(told.value, least) < 0) least = told.value;
    }
    this.#known = least;
  }

  /** Until the module stops. */
  async keepLooking(): Promise<void> {
    const { signal, testEnvironment, platform: { clock } } = this.#env;
    while (!signal.aborted) {
      await this.look();
      const untilNextMs = this.#known === null ? VERSION_POLL_MISSING_MS : VERSION_POLL_MS;
      await sleep(clock, testEnvironment ? VERSION_POLL_TEST_MS : untilNextMs, signal);
    }
  }
}
