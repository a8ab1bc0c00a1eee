/** Answers of LND 0.20.0 on regtest, as they came; what varies is put in. */

export const INFO =
  `{"version":"0.20.0-beta commit=", "commit_hash":"", "identity_pubkey":"03d9647ad41a472edfb508ee824aa8c3403dd887df1c4e990856b36b3d21070d05", "alias":"03d9647ad41a472edfb5", "color":"#3399ff", "num_pending_channels":0, "num_active_channels":0, "num_inactive_channels":0, "num_peers":0, "block_height":110, "block_hash":"45dcc49bcac3c1396e0383aa10af5c9b4a365e46579f75cc487623a13e5b132f", "best_header_timestamp":"1795978351", "synced_to_chain":true, "synced_to_graph":false, "testnet":false, "chains":[{"chain":"bitcoin", "network":"regtest"}], "uris":[], "features":{"0":{"name":"data-loss-protect", "is_required":true, "is_known":true}}, "require_htlc_interceptor":false, "store_final_htlc_resolutions":false}`;

/** An invoice that 03d964… has signed: 100,000 msat to 6c7cb4…, valid for an hour. */
export const INVOICE_TEXT =
  "lnbcrt1u1p4scaxxpp5d37tgtfvhn3w5ahyupv867vlsrlc22205jz2e8c8amqd56fkrlesdqz0qcqzzsxqrrsssp5tpr0e20rvpj82n5lwq47e55hv6gfyaxdx5an9mhzw0evzmt2q85q9qxpqysgqqjlqqccmknzg4dwh42ujlmd4fxtf74m7qydu9k4a0rzfr067vark8k6fwhv006470k4q938sgjshr9axt794m9aumejh76mlx2kuklcqkg3pj5";
export const INVOICE_PREIMAGE = "f5050e1a2dc0b9c16841c489bc7864877cc929723acadb2ecb054044c7b05188";

type PaymentVaries = {
  readonly status: string;
  readonly preimage?: string;
  readonly reason?: string;
  readonly feeMsat?: number;
};

/** A payment of it. */
export function payment(
  { status, preimage = "00".repeat(32), reason = "FAILURE_REASON_NONE", feeMsat = 0 }: PaymentVaries,
): string {
  return `{"payment_hash":"6c7cb42d2cbce2ea76e4e0587d799f80ff85294fa484ac9f07eec0da69361ff3","value":"100","creation_date":"1795978438","fee":"0","payment_preimage":"${preimage}","value_sat":"100","value_msat":"100000","payment_request":"${INVOICE_TEXT}","status":"${status}","fee_sat":"0","fee_msat":"${feeMsat}","creation_time_ns":"1795978438971570793","htlcs":[],"payment_index":"1","failure_reason":"${reason}","first_hop_custom_records":{}}`;
}

type PartVaries = { readonly expiryHeight?: number; readonly totalMsat?: string; readonly state?: string };

export function part({ expiryHeight = 269, totalMsat = "70000", state = "ACCEPTED" }: PartVaries = {}): string {
  return `{"chan_id":"128642860515328", "htlc_index":"1", "amt_msat":"70000", "accept_height":122, "accept_time":"1795978439", "resolve_time":"0", "expiry_height":${expiryHeight}, "state":"${state}", "custom_records":{}, "mpp_total_amt_msat":"${totalMsat}", "amp":null, "custom_channel_data":""}`;
}

type InvoiceVaries = {
  readonly state: string;
  /** Base64. */
  readonly hash?: string;
  readonly preimage?: string;
  readonly parts?: readonly string[];
  readonly paidMsat?: string;
  readonly memo?: string;
};

/** A hold invoice of 70,000 msat, of which the hash is in base64. */
export function holdInvoice(
  { state, hash = HASH, preimage = "", parts = [], paidMsat = "70000", memo = "tea" }: InvoiceVaries,
): string {
  return `{"memo":"${memo}", "r_preimage":"${preimage}", "r_hash":"${hash}", "value":"70", "value_msat":"70000", "settled":false, "creation_date":"1795978439", "settle_date":"0", "payment_request":"lnbcrt700n1made", "description_hash":"", "expiry":"3600", "fallback_addr":"", "cltv_expiry":"144", "route_hints":[], "private":false, "add_index":"4", "settle_index":"0", "amt_paid":"70000", "amt_paid_sat":"70", "amt_paid_msat":"${paidMsat}", "state":"${state}", "htlcs":[${
    parts.join(", ")
  }], "features":{}, "is_keysend":false, "payment_addr":"nUOmcZIPW5NOmOaDZ9hseJAYWYjHmQZDosDkYIhBMIk=", "is_amp":false, "amp_invoice_state":{}, "is_blinded":false, "blinded_path_config":null}`;
}

/** SHA-256 of `PREIMAGE`, both in base64. */
export const HASH = "FY6o8i+kCEmHajfOglnwI+Tv1sQ50tVC9qFMpZ0ztb8=";
export const PREIMAGE = "7vu2s85Q1rK2ZdE1VvlNASqrQQ2nvYuTKkfl3o3uJBA=";

type PendingVaries = {
  readonly hash?: string;
  readonly incoming?: boolean;
  readonly forwarding?: string;
  readonly lockedIn?: boolean;
};

/** A node with one channel and these payments on it. */
export function channels(...pending: PendingVaries[]): string {
  return channelsFor(7_341, ...pending);
}

/** The same; its peer has been there for so many seconds since LND's start. */
export function channelsFor(uptimeSecs: number, ...pending: PendingVaries[]): string {
  const parts = pending.map(({ hash = HASH, incoming = true, forwarding = "0", lockedIn = true }) =>
    `{"incoming":${incoming}, "amount":"70", "hash_lock":"${hash}", "expiration_height":269, "htlc_index":"2", "forwarding_channel":"${forwarding}", "forwarding_htlc_index":"0", "locked_in":${lockedIn}}`
  );
  return `{"channels":[{"active":true, "remote_pubkey":"021f83eb1498d73b03331dbea70860496d891f12d903d4579a59bc6fa85d2eaf4c", "channel_point":"5574e1db68cace5240751611610adcd5e270457bbb94fd924c562c2e3228872c:0", "chan_id":"128642860515328", "capacity":"10000000", "local_balance":"4996530", "remote_balance":"5000000", "commit_fee":"2810", "pending_htlcs":[${
    parts.join(", ")
  }], "private":false, "initiator":true, "lifetime":"7350", "uptime":"${uptimeSecs}", "local_constraints":{"csv_delay":1201, "chan_reserve_sat":"100000", "dust_limit_sat":"354", "max_pending_amt_msat":"9900000000", "min_htlc_msat":"1", "max_accepted_htlcs":483}, "remote_constraints":{"csv_delay":1201, "chan_reserve_sat":"100000", "dust_limit_sat":"354", "max_pending_amt_msat":"9900000000", "min_htlc_msat":"1", "max_accepted_htlcs":483}, "alias_scids":[], "peer_alias":"unable to lookup peer alias: alias for node not found", "memo":""}]}`;
}

/** What LND says of a payment or an invoice that it has never heard of, and of a path that nobody serves. */
export const NO_PAYMENT = { code: 5, message: "payment isn't initiated", status: 404 };
export const NO_INVOICE = { code: 5, message: "unable to locate invoice", status: 404 };
export const NO_INVOICE_AT_ALL = { code: 2, message: "there are no existing invoices", status: 500 };
export const NO_PATH = { code: 5, message: "Not Found", status: 404 };
/** While its wallet isn't there, to every call. */
export const NO_WALLET = { code: 2, message: "wallet not created, create one to enable full RPC access", status: 500 };
