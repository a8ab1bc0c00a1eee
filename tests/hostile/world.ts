/** Four real guardians, the last of which has an evil hand, and money for an honest client. */
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import { openClient } from "../../client/deno.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import { lanesOf } from "../bench/federation/lane.ts";
import { fund } from "../demo/fund.ts";
import { within } from "../demo/waits.ts";
import { evilProgram } from "./attacks.ts";
import { Meter } from "./meter.ts";

const platform = realPlatform();
const PEERS = 4;
const EVIL = PEERS - 1;
const DEPOSIT_BTC = 0.01;

export class World {
  readonly federation: DevFederation;
  readonly meter: Meter;
  /** File that says what the evil guardian does. */
  readonly control: string;
  readonly #close: () => Promise<void>;

  private constructor(federation: DevFederation, meter: Meter, control: string, close: () => Promise<void>) {
    this.federation = federation;
    this.meter = meter;
    this.control = control;
    this.#close = close;
  }

  static async start(dir: string, progress: (text: string) => void, signal: AbortSignal): Promise<World> {
    const control = join(dir, "attack");
    await Deno.writeTextFile(control, "");
    const federation = await DevFederation.start({
      platform,
      dir: join(dir, "federation"),
      peers: PEERS,
      progress,
      signal,
      env: { FM_DISABLE_BASE_FEES: "1" },
      program: (peer) => peer === EVIL ? evilProgram(control) : undefined,
    });
    const wallet = await openClient({ dir: join(dir, "wallet"), platform, testEnvironment: true });
    const close = async (): Promise<void> => {
      await wallet.close();
      await federation.stop();
    };
    try {
      await within("Joining", wallet.join(federation.invite));
      await fund(federation, wallet, DEPOSIT_BTC);
      const [lane] = await within("Notes", lanesOf(wallet, 1, PEERS));
      await wallet.client.awaitIdle();
      const consensus = parseJson(
        await Deno.readTextFile(join(federation.guardians[0]!.dir, "consensus.json")),
      ) as JsonObject;
      const honest = Array.from({ length: PEERS }, (_, peer) => peer).filter((peer) => peer !== EVIL);
      const meter = new Meter(federation, lane!, Number(consensus.broadcast_rounds_per_session), honest);
      return new World(federation, meter, control, close);
    } catch (thrown) {
      await close();
      throw thrown;
    }
  }

  close(): Promise<void> {
    return this.#close();
  }
}
