/** A simulated process as tests hold it: what it is given of its world, and how it is killed and started again. */
import { assert } from "../../../core/assert.ts";
import type { Platform } from "../platform.ts";
import type { SimulatedDisk } from "./disk.ts";
import { simulatedFiles } from "./files.ts";
import { simulatedFetch, simulatedOpenWebSocket, simulatedServeHttp } from "./http.ts";
import type { Life, Machine } from "./machine.ts";
import { simulatedResolve } from "./resolve.ts";
import { simulatedThreads } from "./threads.ts";
import { simulatedDialTls, simulatedListenTls, simulatedTlsIdentity } from "./tls.ts";

export class SimulatedProcess {
  readonly name: string;
  readonly #machine: Machine;
  /** Of its present or last life. */
  #platform: Platform;

  /** @param machine just made: its process runs */
  constructor(machine: Machine) {
    assert(machine.life !== undefined, "a machine begins with a process");
    this.name = machine.name;
    this.#machine = machine;
    this.#platform = platformOf(machine.life);
  }

  get alive(): boolean {
    return this.#machine.life !== undefined;
  }

  /** Of the process that runs now; not to be kept over a restart. */
  get platform(): Platform {
    assert(this.alive, "the process runs");
    return this.#platform;
  }

  /** What the machine keeps, for tests to look at and to damage. */
  get disk(): SimulatedDisk {
    return this.#machine.disk;
  }

  /** Sets the machine's wall clock, as somebody by hand or a time server does. What is timed goes on. */
  setClock(skewMs: number): void {
    this.#machine.universe.note(`clock ${this.name} ${skewMs}`);
    this.#machine.clockSkewMs = skewMs;
  }

  /**
   * Ends the process in the middle of whatever it does. `process`: its system closes its connections; `power`: the
   * machine is gone, and others hear nothing, until it is back or their TCP gives up.
   */
  kill(what: "process" | "power" = "process"): void {
    this.#machine.universe.note(`kill ${what} ${this.name}`);
    this.#machine.kill(what === "process");
  }

  /** Starts it again, with the files it had. */
  restart(): Platform {
    this.#machine.universe.note(`restart ${this.name}`);
    return this.#platform = platformOf(this.#machine.start());
  }
}

function platformOf(life: Life): Platform {
  return {
    clock: life.clock,
    dice: life.dice,
    network: {
      listenTls: simulatedListenTls(life),
      dialTls: simulatedDialTls(life),
      makeTlsIdentity: simulatedTlsIdentity(life),
      serveHttp: simulatedServeHttp(life),
      openWebSocket: simulatedOpenWebSocket(life),
      fetch: simulatedFetch(life),
      resolve: simulatedResolve(life),
    },
    files: simulatedFiles(life),
    threads: simulatedThreads(() => life.alive),
  };
}
