/**
 * E-cash into the wallet. What can be known of a text without guardians is found out before anything is stored: what is
 * refused here leaves nothing behind. What is received pays for itself: nothing of the wallet goes into its
 * transactions, so a text that guardians refuse costs the wallet nothing. docs/protocol/04-mint.md §9.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { sleep } from "../../../actors/platform/platform.ts";
import type { ReadTx } from "../../../actors/store/store.ts";
import { toHex } from "../../../core/bytes.ts";
import { messageSeed } from "../../../core/crypto/tbs.ts";
import { allSignaturesHold } from "../../../core/crypto/tbs_batch.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { encode, tryDecoding, u64Number } from "../../../core/encoding/mod.ts";
import type { OperationId, TransactionId } from "../../../core/types/ids.ts";
import { outPointRange } from "../../../core/types/ids.ts";
import { compactText } from "../../../core/types/pasted_text.ts";
import { TRANSACTION_BYTES_MAX } from "../../../core/types/transaction.ts";
import type { InputBundle } from "../../contract/client_env.ts";
import type { Counts } from "./balancing.ts";
import { balance, countsOf, valueOf, worthMsat, worthOf } from "./balancing.ts";
import { EcashError, notFinalized } from "./error.ts";
import { forgetNotes } from "./forgetting.ts";
import type { MintState } from "./states.ts";
import type { Wallet } from "./wallet.ts";
import type { Ecash, SpendableNote } from "../ecash.ts";
import { ecash as ecashCodec, ecashMint, ecashNotes, ecashUnit, formatEcash, nonceOf, parseEcash } from "../ecash.ts";
import { EMPTY_BYTES, INPUT_BYTES } from "../limits.ts";
import { withMore } from "./merging.ts";
import { dealt } from "./parts.ts";

/** `amountMsat`: what the text says. `arrivesMsat`: what of it comes into the wallet. */
export type ReceiveQuote = { readonly amountMsat: bigint; readonly arrivesMsat: bigint; readonly feeMsat: bigint };

/** E-cash that is worth receiving; its signatures are not checked yet. One transaction for each of `parts`. */
type Receivable = {
  readonly value: Ecash;
  readonly operationId: OperationId;
  readonly parts: readonly (readonly SpendableNote[])[];
};

const denominationsOf = (notes: readonly SpendableNote[]) => notes.map(({ denomination }) => denomination);

/** @throws {EcashError} `not_ecash` */
function readText(text: string): Ecash {
  const value = tryDecoding(() => parseEcash(compactText(text)));
  if (value.ok) return value.value;
  throw new EcashError({ code: "not_ecash" }, "This is no Fedimint e-cash, or it is cut off or changed", {
    cause: value.error,
  });
}

function uneconomical(why: string): EcashError {
  return new EcashError({ code: "uneconomical" }, why);
}

export class Receiving {
  readonly #wallet: Wallet;

  constructor(wallet: Wallet) {
    this.#wallet = wallet;
  }

  /** @throws {EcashError} as `receive` does, but for `invalid_signature` and `already_received` */
  async quote(text: string): Promise<ReceiveQuote> {
    const { parts } = this.#receivable(text);
    return await this.#wallet.env.store.read((tx) => this.#quote(tx, parts));
  }

  async #quote(tx: ReadTx, parts: Receivable["parts"]): Promise<ReceiveQuote> {
    const { env: { config: { feeConsensus } } } = this.#wallet;
    const { held, underWay } = await this.#wallet.purse(tx);
    let coming: Counts = underWay, arrivesMsat = 0n, amountMsat = 0n;
    for (const notes of parts) {
      const counts = countsOf(denominationsOf(notes));
      const plan = balance({ held, underWay: coming }, worthOf(counts, feeConsensus), 0n, {
        fees: feeConsensus,
        roomBytes: TRANSACTION_BYTES_MAX - EMPTY_BYTES - notes.length * INPUT_BYTES,
        spending: "nothing",
      });
      if (!plan.ok) throw new EcashError({ code: "failed" }, "A non-recoverable error has occurred");
      const { issue } = plan.value;
      if (issue.length === 0) throw uneconomical("The ECash is worth less than the fees for receiving it");
      amountMsat += valueOf(counts);
      arrivesMsat += valueOf(countsOf(issue));
      coming = withMore(coming, issue);
    }
    return { amountMsat, arrivesMsat, feeMsat: amountMsat - arrivesMsat };
  }

  /** @throws {EcashError} */
  async receive(text: string, customMeta: Json): Promise<OperationId> {
    const { env } = this.#wallet;
    const { value, operationId, parts } = this.#receivable(text);
    if (await env.core.operationExists(operationId)) throw notFinalized({ code: "operation_exists", operationId });
    const { amountMsat } = await env.store.read((tx) => this.#quote(tx, parts));
    for (const notes of parts) await this.#checkSignatures(notes);
    const [first, ...others] = parts.map((notes) => this.#bundle(notes));
    const submitted = await env.core.submit({
      operationId,
      inputs: [first!],
      outputs: [],
      spending: "nothing",
      meta: (change) => ({
        Receive: {
          change_outpoint_range: outPointRange.toJson(change),
          ecash: formatEcash(value),
          custom_meta: customMeta,
        },
      }),
      also: async (tx, { txid }) => {
        await forgetNotes(tx.store, parts.flat());
        const txids: TransactionId[] = [txid];
        for (const bundle of others) {
          const claimed = await tx.claimInputs(bundle, "nothing");
          if (!claimed.ok) throw notFinalized(claimed.error);
          txids.push(claimed.value.txid);
        }
        await tx.addMachine({ tag: "RedemptionPending", value: { txids } });
        tx.logEvent("payment-receive", { operation_id: operationId, amount: u64Number.toJson(Number(amountMsat)) });
      },
    });
    if (!submitted.ok) throw notFinalized(submitted.error);
    return operationId;
  }

  #bundle(notes: readonly SpendableNote[]): InputBundle<MintState> {
    return this.#wallet.inputBundle(notes);
  }

  /** All that can be refused at once: nothing is asked, stored or verified for it. */
  #receivable(text: string): Receivable {
    const { federationId, config } = this.#wallet.env;
    const value = readText(text);
    if (ecashMint(value) !== federationId) {
      throw new EcashError({ code: "wrong_federation" }, "The ECash is from a different federation");
    }
    if (ecashUnit(value) !== config.amountUnit) {
      throw new EcashError({ code: "wrong_unit" }, "The ECash is of another unit than this federation's");
    }
    const notes = ecashNotes(value);
    if (notes.length === 0) throw new EcashError({ code: "zero_amount" }, "The ECash holds no notes");
    if (new Set(notes.map(({ keypair }) => toHex(keypair))).size < notes.length) {
      throw new EcashError({ code: "repeated_note" }, "The ECash holds a note twice: it is worth less than it says");
    }
    if (notes.some(({ denomination }) => worthMsat(denomination, config.feeConsensus) <= 0n)) {
      throw uneconomical("ECash contains an uneconomical denomination");
    }
    const operationId = toHex(sha256(encode(ecashCodec, value))) as OperationId;
    return { value, operationId, parts: dealt(notes) };
  }

  /** Those of one transaction in one batch; others work in between. @throws {EcashError} `invalid_signature` */
  async #checkSignatures(notes: readonly SpendableNote[]): Promise<void> {
    const { noteKeys, env: { platform: { dice, clock } } } = this.#wallet;
    const checks = notes.map((note) => ({
      publicKey: noteKeys.get(note.denomination)!,
      signature: note.signature,
      seed: messageSeed(nonceOf(note)),
    }));
    if (!allSignaturesHold(checks, (size) => dice.bytes(size))) {
      throw new EcashError({ code: "invalid_signature" }, "The ECash holds a note that this federation didn't sign");
    }
    await sleep(clock, 0);
  }
}
