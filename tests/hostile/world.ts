/** Four real guardians, the last of which has an evil hand, and money for an honest client. */
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import { openClient } from "../../client/deno.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import { denominationsOf } from "../bench/federation/load.ts";
import { mintOf, Purse, worthMsat } from "../bench/federation/purse.ts";
import { fund } from "../demo/fund.ts";
import { within } from "../demo/waits.ts";
import { evilProgram } from "./attacks.ts";
import { Meter } from "./meter.ts";
import { Payer } from "./payer.ts";

const platform = realPlatform();
const PEERS = 4;
const EVIL = PEERS - 1;
const DEPOSIT_BTC = 0.01;
/** Of an honest payment. */
const NOTES = 10;

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
      const mint = mintOf(wallet, PEERS), denominations = denominationsOf(NOTES);
      const purse = await within("Notes", Purse.withdraw(wallet, mint, worthMsat(denominations)));
      const [notes] = await purse.bundles(denominations, 1);
      await wallet.client.awaitIdle();
      const honest = Array.from({ length: PEERS }, (_, peer) => peer).filter((peer) => peer !== EVIL);
      const meter = new Meter(federation, new Payer(mint, notes!), honest);
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
