/**
 * Payment codes (lnurls): a server writes invoices for the wallet, whose keys follow from one that it was given, and
 * the wallet takes them over one after the other. fedimint-ln-client 0.13.0 (`recurring/mod.rs`);
 * docs/protocol/06-lightning-meta.md §F.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { stringifyJson } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { invoiceExpiresAt } from "../../../core/lightning/bolt11.ts";
import { errorText } from "../../../core/result.ts";
import type { OperationId, Sha256 } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { WaitError } from "../../contract/waiting.ts";
import { paymentHashOfKey } from "../contracts.ts";
import type { PaymentCode, RecurringInvoice } from "./db.ts";
import { paymentCodes, recurringInvoices } from "./db.ts";
import { logEvent } from "./ended.ts";
import { LnError } from "./error.ts";
import { invoicePublicKey, invoiceSecretKey, paymentCodeId, paymentCodeKey, receiveOperationId } from "./keys.ts";
import { INVOICE_EXPIRY_SECS_MAX, INVOICES_OPEN_MAX, NEXT_INVOICE_RETRY_MS } from "./limits.ts";
import { metaJson } from "./operation_log.ts";
import { receiveOutcomeOf } from "./outcome.ts";
import type { LnParts } from "./parts.ts";
import { RecurringServer } from "./recurring_server.ts";

/** A payment code, with what it is known by. */
export type ShownCode = PaymentCode & {
  readonly index: bigint;
  /** 33 bytes. */
  readonly rootKey: Bytes;
  readonly id: Sha256;
};

/** What payers are shown: JSON as LUD-06 has it, or one line of it. */
export type LnurlWords = { readonly meta?: string; readonly description?: string };

function metaOf({ meta, description = "Fedimint LNURL Pay" }: LnurlWords): string {
  return meta ?? stringifyJson([["text/plain", description]]);
}

export class Recurring {
  readonly #parts: LnParts;
  readonly #server: RecurringServer;
  /** Two that are registered at once have one number each. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: LnParts) {
    this.#parts = parts;
    this.#server = new RecurringServer(parts.env.platform);
  }

  /** By number. */
  async codes(): Promise<ShownCode[]> {
    const found: ShownCode[] = [];
    await this.#parts.env.store.read(async (tx) => {
      for await (const [index, code] of paymentCodes.entries(tx)) found.push(this.#shown(index, code));
    });
    return found;
  }

  #shown(index: bigint, code: PaymentCode): ShownCode {
    const rootKey = publicKeyOf(this.#secretKey(index));
    return { ...code, index, rootKey, id: paymentCodeId(rootKey) };
  }

  #secretKey(index: bigint): Bytes {
    return paymentCodeKey(this.#parts.env.secret, index);
  }

  /**
   * A new code at a server. What ends before it is stored is done again with the same key.
   * @throws {LnError} `lnurl_server_failed`
   */
  register(server: SafeUrl, shown: LnurlWords, signal: AbortSignal): Promise<ShownCode> {
    const registered = this.#turn.then(() => this.#register(server, metaOf(shown), signal));
    this.#turn = registered.catch(() => {});
    return registered;
  }

  async #register(server: SafeUrl, meta: string, signal: AbortSignal): Promise<ShownCode> {
    const { env } = this.#parts, index = BigInt((await this.codes()).length);
    const rootKey = publicKeyOf(this.#secretKey(index));
    const lnurl = await this.#server.register(server, { federationId: env.federationId, rootKey, meta }, signal);
    const createdSecs = BigInt(Math.floor(env.platform.clock.nowMs() / 1_000));
    const code: PaymentCode = { lnurl, server, lastInvoice: 0n, createdSecs, meta };
    const { durable } = await env.store.transact((tx) => paymentCodes.set(tx, index, code));
    await durable;
    return this.#shown(index, code);
  }

  /** The code that was registered with this server for these words; else a new one. @throws as `register` */
  async reuse(server: SafeUrl, shown: LnurlWords, signal: AbortSignal): Promise<ShownCode> {
    const known = (await this.codes()).find((code) => code.server === server && code.meta === metaOf(shown));
    return known ?? await this.register(server, shown, signal);
  }

  /** Operations of a code's invoices by their numbers, 1 first; null when there is no such code. */
  async invoices(index: bigint): Promise<Map<bigint, OperationId> | null> {
    const code = await this.#parts.env.store.read((tx) => paymentCodes.get(tx, index));
    if (!code) return null;
    const { rootKey } = this.#shown(index, code), found = new Map<bigint, OperationId>();
    for (let number = 1n; number <= code.lastInvoice; number++) {
      found.set(number, receiveOperationId(hashOf(rootKey, number)));
    }
    return found;
  }

  /** Null when the operation is no receive by a payment code. */
  async invoiceOf(operationId: OperationId): Promise<RecurringInvoice | null> {
    return await this.#parts.env.store.read((tx) => recurringInvoices.get(tx, operationId)) ?? null;
  }

  /** Takes invoices of all codes over as servers write them. Ends with the client. */
  async run(): Promise<void> {
    const { store, signal } = this.#parts.env, watches = new Map<bigint, Promise<never>>();
    try {
      for (;;) {
        // registered before reading, so that no code is missed
        const stop = new AbortController(),
          changed = store.changed(
            paymentCodes.prefix,
            AbortSignal.any([signal, stop.signal]),
          );
        changed.catch(() => {});
        for (const { index } of await this.codes()) {
          if (!watches.has(index)) watches.set(index, this.#watch(index, signal));
        }
        try {
          await Promise.race([changed, ...watches.values()]);
        } finally {
          stop.abort();
        }
      }
    } catch (thrown) {
      for (const watch of watches.values()) watch.catch(() => {});
      if (!signal.aborted) throw thrown;
    }
  }

  /** A server that fails keeps those of other codes from nothing. */
  async #watch(index: bigint, signal: AbortSignal): Promise<never> {
    const { env } = this.#parts;
    for (;;) {
      try {
        await this.#next(index, signal);
      } catch (thrown) {
        if (!(thrown instanceof LnError) || signal.aborted) throw thrown;
        env.log.debug("There is no next invoice of a payment code", { index, reason: errorText(thrown) });
        await sleep(env.platform.clock, NEXT_INVOICE_RETRY_MS, signal);
      }
    }
  }

  async #next(index: bigint, signal: AbortSignal): Promise<void> {
    const { env } = this.#parts, code = await env.store.read((tx) => paymentCodes.get(tx, index));
    if (!code) throw LnError.of("lnurl_server_failed", "the code is gone");
    const number = code.lastInvoice + 1n, { rootKey } = this.#shown(index, code);
    const invoice = await this.#server.invoice(code.server, rootKey, number, signal);
    this.#check(invoice, hashOf(rootKey, number));
    if (await this.#isOver(invoice, signal)) {
      const { durable } = await env.store.transact((tx) =>
        paymentCodes.set(tx, index, { ...code, lastInvoice: number })
      );
      return await durable;
    }
    // whoever has the lnurl can have invoices written: those that nobody pays take a bounded place
    if (number > INVOICES_OPEN_MAX) {
      await this.#awaitEnd(receiveOperationId(hashOf(rootKey, number - INVOICES_OPEN_MAX)), signal);
    }
    await this.#take(index, code, number, invoice);
  }

  /** What is paid into another hash isn't the wallet's. @throws {LnError} `lnurl_server_failed` */
  #check({ paymentHash, expirySecs }: Bolt11Invoice, expected: Sha256): void {
    if (paymentHash !== expected) throw LnError.of("lnurl_server_failed", "its invoice is for another key");
    if (expirySecs > INVOICE_EXPIRY_SECS_MAX) throw LnError.of("lnurl_server_failed", "its invoice never expires");
  }

  /** Nobody has paid it, and nobody will: of a wallet that was away for long. */
  async #isOver(invoice: Bolt11Invoice, signal: AbortSignal): Promise<boolean> {
    const { env, federation } = this.#parts, endSecs = invoiceExpiresAt(invoice);
    const isExpired = endSecs !== null && Number(endSecs) * 1_000 + EXPIRED_FOR_MS < env.platform.clock.nowMs();
    return isExpired && await federation.account(invoice.paymentHash, signal) === null;
  }

  /** The position and the receive are stored together: a crash before looks at the same invoice again. */
  async #take(index: bigint, code: PaymentCode, number: bigint, invoice: Bolt11Invoice): Promise<void> {
    const { env } = this.#parts, { core } = env, operationId = receiveOperationId(invoice.paymentHash);
    const key = invoiceSecretKey(this.#secretKey(index), number), { id } = this.#shown(index, code);
    const exists = await core.operationExists(operationId);
    await core.transact(operationId, async (tx) => {
      paymentCodes.set(tx.store, index, { ...code, lastInvoice: number });
      if (exists) return;
      recurringInvoices.set(tx.store, operationId, { paymentCodeId: id, invoice });
      core.logOperation(
        tx,
        metaJson({ tag: "recurring_payment_receive", value: { paymentCodeId: id, invoice } }, null),
      );
      logEvent(tx, "recurring_invoice_created", { paymentCodeIdx: index, invoiceIdx: number, operationId });
      await tx.addMachine({ tag: "ReceivePending", value: { invoice, key } });
    });
    env.log.debug("An invoice of a payment code waits for its payment", { operationId });
  }

  async #awaitEnd(operationId: OperationId, signal: AbortSignal): Promise<void> {
    const { core } = this.#parts.env;
    // it was over when it came
    if (!await core.operationExists(operationId)) return;
    try {
      for await (const state of core.states(operationId, signal)) if (receiveOutcomeOf(state)) return;
    } catch (thrown) {
      // nothing of it is under way any more
      if (!(thrown instanceof WaitError && thrown.code === "unknown_operation")) throw thrown;
    }
  }
}

/** A payment that was under way when the invoice expired has come by then. */
const EXPIRED_FOR_MS = 3_600_000;

function hashOf(rootKey: Bytes, number: bigint): Sha256 {
  return paymentHashOfKey(invoicePublicKey(rootKey, number));
}
