/** What the parts of the node see of the whole. */
import type { Disk } from "./disk.ts";
import type { Fees } from "./fees.ts";
import type { Invoices } from "./invoices.ts";
import type { WalletKeys } from "./keys.ts";
import type { Lightning } from "./lightning.ts";
import type { Payments } from "./payments.ts";
import type { Sockets } from "./sockets.ts";
import type { Sweeps } from "./sweeps.ts";
import type { Tip } from "./chain.ts";
import type { Wallet } from "./wallet.ts";

export interface Core {
  readonly disk: Disk;
  readonly wallet: Wallet;
  readonly keys: WalletKeys;
  readonly fees: Fees;
  readonly lightning: Lightning;
  readonly sockets: Sockets;
  readonly payments: Payments;
  readonly invoices: Invoices;
  readonly sweeps: Sweeps;
  /** The newest block that was read. */
  readonly tip: Tip;
  /** The wall clock, Unix time in seconds. */
  nowSecs(): bigint;
  /** LDK or the books have something to do. */
  poke(): void;
  /** Does it, and resolves when it is on disk. */
  pump(): Promise<void>;
}
