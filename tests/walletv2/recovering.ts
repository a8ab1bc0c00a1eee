/** The wallet module's recovery at a test client, as the core runs it, with kills between any two steps. */
import { decode, encode } from "../../core/encoding/mod.ts";
import type { Recovered, RecoverySteps, RecoveryTx } from "../../modules/contract/recovery.ts";
import { walletRecovery } from "../../modules/walletv2/client/recovery.ts";
import type { WalletProgress } from "../../modules/walletv2/client/recovery_progress.ts";
import type { WalletState } from "../../modules/walletv2/client/states.ts";
import { ELSEWHERE } from "../../modules/walletv2/testing/federation.ts";
import type { TestClient } from "./client.ts";

const OTHERS = [{ derivation: "sdk" as const, secret: ELSEWHERE }];
const never = new AbortController().signal;

class Killed extends Error {}

/** How far the guardians' log reaches, as it is stored with a new wallet. */
export function prepared(client: TestClient): Promise<WalletProgress> {
  return client.until(walletRecovery.prepare(client.recoveryEnv(OTHERS, never)));
}

class Steps implements RecoverySteps<WalletState, WalletProgress> {
  readonly isLast = true;
  readonly #client: TestClient;
  #left: number;

  constructor(client: TestClient, public state: WalletProgress, steps: number) {
    this.#client = client;
    this.#left = steps;
  }

  giveWay(): Promise<void> {
    return Promise.resolve();
  }

  async step(body: (tx: RecoveryTx<WalletState>, state: WalletProgress) => Promise<WalletProgress>): Promise<void> {
    if (this.#left-- === 0) throw new Killed("before a step");
    const { progress } = walletRecovery;
    const next = await this.#client.inRecovery((tx) => body(tx, this.state));
    this.state = decode(progress, encode(progress, next));
  }
}

/**
 * Goes on from what was stored.
 * @param steps after so many the process is killed
 * @returns what came of it; null and how far it came when it was killed
 */
export async function recover(
  client: TestClient,
  from: WalletProgress,
  steps = Infinity,
): Promise<{ readonly progress: WalletProgress; readonly recovered: Recovered | null; readonly counts: string[] }> {
  const env = client.recoveryEnv(OTHERS, never), made = new Steps(client, from, steps);
  const counts: string[] = [];
  const watched: RecoverySteps<WalletState, WalletProgress> = {
    get state() {
      return made.state;
    },
    isLast: made.isLast,
    giveWay: () => made.giveWay(),
    step: async (body) => {
      await made.step(body);
      const { complete, total } = walletRecovery.count(made.state);
      counts.push(`${complete}/${total}`);
    },
  };
  try {
    await client.until(walletRecovery.run(env, watched));
    const recovered = await client.inRecovery((tx) => walletRecovery.finish(env, tx, made.state, made.isLast));
    return { progress: made.state, recovered, counts };
  } catch (thrown) {
    if (thrown instanceof Killed) return { progress: made.state, recovered: null, counts };
    throw thrown;
  }
}
