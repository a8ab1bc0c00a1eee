/**
 * What a pasted text is: e-cash, an invite code, a setup code, a Bitcoin address, or something that is named as what it
 * is. Whoever wants one of them asks `readEcash` and its like, whose errors say what the text is instead and what to do
 * with it, and never quote it: it may hold money, or a secret.
 */
import { wordlist } from "@scure/bip39/wordlists/english.js";
import type { BitcoinNetwork } from "../core/bitcoin/mod.ts";
import { parseAddress } from "../core/bitcoin/mod.ts";
import { WORD_COUNTS } from "../core/crypto/words.ts";
import { base32DecodePrefixed, FEDIMINT_PREFIX, tryDecoding } from "../core/encoding/mod.ts";
import { FedimintError } from "../core/result.ts";
import { BITCOIN_SAT_MAX } from "../core/types/amount.ts";
import type { FederationId } from "../core/types/ids.ts";
import type { InviteCode } from "../core/types/invite_code.ts";
import { parseInviteCode } from "../core/types/invite_code.ts";
import { PASTED_CHARACTERS_MAX } from "../core/types/limits.ts";
import { compactText, schemeOf } from "../core/types/pasted_text.ts";
import type { PeerSetupCode } from "../core/types/setup_code.ts";
import { parseSetupCode } from "../core/types/setup_code.ts";
import { ecashAmount, ecashMint, ecashNotes, parseEcash } from "../modules/mintv2/ecash.ts";

/** `text`: the code alone, as it is read and shown. */
export type Pasted =
  /** Secret. `federationId`: where it was issued; null when it doesn't say. */
  | {
    readonly is: "ecash";
    readonly text: string;
    readonly amountMsat: bigint;
    readonly notes: number;
    readonly federationId: FederationId | null;
  }
  | { readonly is: "invite_code"; readonly text: string; readonly invite: InviteCode }
  | { readonly is: "setup_code"; readonly text: string; readonly code: PeerSetupCode }
  | ({ readonly is: "bitcoin_address" } & PastedAddress)
  | { readonly is: "unusable_bitcoin_link"; readonly why: "address" | "amount" | "requirement" }
  /** E-cash of the mint module's version 1. */
  | { readonly is: "old_ecash" }
  | ({ readonly is: "lightning" } & PastedLightning)
  /** What nobody should be shown: the words of a wallet, a private key. */
  | { readonly is: "secret"; readonly what: "words" | "key" }
  /** Looks like one of these, and can't be read. */
  | { readonly is: "damaged"; readonly as: DamagedAs }
  | { readonly is: "nothing" }
  | { readonly is: "too_long" }
  | { readonly is: "unknown" };

/** What a text looks like that can't be read; `fedimint`: e-cash, or a code that begins like it. */
export type DamagedAs = "fedimint" | "invite_code" | "bitcoin_address" | "invoice" | "lnurl";

/** Something to pay over Lightning with. */
export type PastedLightning = {
  readonly what: "invoice" | "offer" | "lnurl" | "address";
  /** In lower case and without a scheme, but for links of lnurls' own schemes. */
  readonly text: string;
};

/** An address that was pasted. */
export type PastedAddress = {
  readonly address: string;
  /** For which it is valid; the test networks share some. */
  readonly networks: readonly BitcoinNetwork[];
  /** What a link `bitcoin:ADDRESS?amount=…` asks for; null when it doesn't say. */
  readonly amountSat: bigint | null;
};

/**
 * Never throws for a text, however it looks. Takes a time that grows with its length, up to a bound beyond which
 * nothing is read.
 */
export function parsePasted(pasted: string): Pasted {
  if (pasted.length > PASTED_CHARACTERS_MAX) return { is: "too_long" };
  const text = compactText(pasted);
  if (text === "") return { is: "nothing" };
  const lower = text.toLowerCase();
  if (lower.startsWith(FEDIMINT_PREFIX)) return fedimintText(lower);
  // bech32 is all one case, and phones begin a text with a capital
  if (/^fed1/i.test(text)) return inviteText(lower) ?? { is: "damaged", as: "invite_code" };
  const known = lightningText(text) ?? bitcoinText(text) ?? secretText(pasted, text);
  if (known) return known;
  if (OLD_ECASH.test(text)) return { is: "old_ecash" };
  if (schemeOf(pasted) === "bitcoin") return { is: "unusable_bitcoin_link", why: "address" };
  return damagedText(text) ?? { is: "unknown" };
}

/** Begins like what is paid to, and is none: mistyped or cut off. */
function damagedText(text: string): Pasted | null {
  const as = (what: DamagedAs): Pasted => ({ is: "damaged", as: what });
  if (/^(?:bc|tb|bcrt)1[a-z0-9]{8,}(?:\?|$)/i.test(text)) return as("bitcoin_address");
  // Base58: what addresses of all networks begin with, and their lengths
  if (/^[123mn][1-9A-HJ-NP-Za-km-z]{25,34}(?:\?|$)/.test(text)) return as("bitcoin_address");
  if (/^ln(?:bcrt|bc|tbs|tb|sb)[0-9]*[munp]?1[a-z0-9]*$/i.test(text)) return as("invoice");
  return /^lnurl1[a-z0-9]*$/i.test(text) ? as("lnurl") : null;
}

/** E-cash, invite codes and setup codes begin alike; no text is two of them. */
function fedimintText(text: string): Pasted {
  const ecash = tryDecoding(() => parseEcash(text));
  // a list of parts that are all unknown is no e-cash
  if (ecash.ok && (ecashNotes(ecash.value).length > 0 || ecashMint(ecash.value) !== null)) {
    const { value } = ecash;
    const notes = ecashNotes(value).length, federationId = ecashMint(value);
    return { is: "ecash", text, amountMsat: ecashAmount(value), notes, federationId };
  }
  const invite = inviteText(text);
  if (invite) return invite;
  const code = tryDecoding(() => parseSetupCode(text));
  if (code.ok) return { is: "setup_code", text, code: code.value };
  if (isOldEcash(text)) return { is: "old_ecash" };
  const tooLong = !ecash.ok && ecash.error.code === "too_large" && ecash.error.facts.offset < 0;
  return tooLong ? { is: "too_long" } : { is: "damaged", as: "fedimint" };
}

function inviteText(text: string): Pasted | null {
  const invite = tryDecoding(() => parseInviteCode(text));
  return invite.ok ? { is: "invite_code", text, invite: invite.value } : null;
}

function lightningText(pasted: string): Pasted | null {
  const text = pasted.toLowerCase();
  const as = (what: PastedLightning["what"]): Pasted => ({ is: "lightning", what, text });
  if (/^ln(?:bcrt|bc|tbs|tb|sb)[0-9]*[munp]?1[a-z0-9]{50,}$/.test(text)) return as("invoice");
  if (/^lno1[a-z0-9]{10,}/.test(text)) return as("offer");
  if (/^lnurl1[a-z0-9]{10,}$/.test(text)) return as("lnurl");
  // paths have capitals
  if (/^(?:lnurlp|lnurlw|lnurlc|keyauth):/.test(text)) return { is: "lightning", what: "lnurl", text: pasted };
  if (/^[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,253}\.[a-z]{2,63}$/.test(text)) return as("address");
  return null;
}

/** An address, or one with what it asks for: BIP21. */
function bitcoinText(text: string): Pasted | null {
  const [, before = "", query = ""] = /^([^?]*)\??(.*)$/s.exec(text)!;
  const params = query.split("&").filter((param) => param !== "").map((param) => param.split("="));
  const valueOf = (wanted: string) => params.find(([name]) => name!.toLowerCase() === wanted)?.[1];
  const lightning = valueOf("lightning");
  if (before === "" && lightning !== undefined) return lightningText(lightning);
  const address = /^(?:bc|tb|bcrt)1/i.test(before) ? before.toLowerCase() : before;
  const parsed = parseAddress(address);
  if (!parsed.ok) return null;
  // what a link requires and nobody here understands makes it void, says the BIP
  if (params.some(([name]) => name!.toLowerCase().startsWith("req-"))) {
    return { is: "unusable_bitcoin_link", why: "requirement" };
  }
  const amountSat = satOfBtc(valueOf("amount"));
  if (amountSat === undefined) return { is: "unusable_bitcoin_link", why: "amount" };
  return { is: "bitcoin_address", address, networks: parsed.value.networks, amountSat };
}

/** Bitcoin in decimals; null when none is asked for, undefined when it can't be read. */
function satOfBtc(text: string | undefined): bigint | null | undefined {
  if (text === undefined || text === "") return null;
  const [, whole = "", fraction = ""] = /^([0-9]{1,8})?(?:\.([0-9]{1,8}))?$/.exec(text) ?? [];
  if (whole === "" && fraction === "") return undefined;
  const sat = BigInt(`${whole}${fraction.padEnd(8, "0")}`);
  if (sat > BITCOIN_SAT_MAX) return undefined;
  return sat === 0n ? null : sat;
}

const WORDS: ReadonlySet<string> = new Set(wordlist);
/** 24 words of at most 8 letters, with numbers before them. */
const WORDS_CHARACTERS_MAX = 1_000;

function secretText(pasted: string, text: string): Pasted | null {
  if (pasted.length <= WORDS_CHARACTERS_MAX) {
    const words = pasted.toLowerCase().match(/[a-z]+/g) ?? [];
    // one that is mistyped makes it no less secret
    const known = words.filter((word) => WORDS.has(word)).length;
    if (WORD_COUNTS.includes(words.length) && known >= words.length - 2) return { is: "secret", what: "words" };
  }
  const isKey = /^[xyztuv]prv[1-9A-HJ-NP-Za-km-z]{90,}$/.test(text) || /^nsec1[a-z0-9]{50,}$/i.test(text) ||
    /^[5KLc9][1-9A-HJ-NP-Za-km-z]{50,51}$/.test(text);
  return isKey ? { is: "secret", what: "key" } : null;
}

/**
 * A list of two to four parts, the first of which is the start of a federation's id: tag 1, 4 bytes. In base64 or
 * base32. fedimint-mint-client 0.13.0 (`OOBNotes`).
 */
const OLD_ECASH = /^(?:AgEE|AwEE|BAEE)[A-Za-z0-9+/_-]{100,}={0,2}$/;

function isOldEcash(text: string): boolean {
  const head = tryDecoding(() => base32DecodePrefixed(text.slice(0, FEDIMINT_PREFIX.length + 5)));
  return head.ok && head.value.length === 3 && head.value[1] === 1 && head.value[2] === 4;
}

/** What somebody asks for. */
export type Wanted = "ecash" | "invite_code" | "setup_code" | "bitcoin_address" | "lightning";

/** A text is not what was asked for. It says what it is taken for, and nothing of the text. */
export class PastedError extends FedimintError<
  { readonly code: "wrong_text"; readonly wanted: Wanted; readonly found: Pasted["is"] }
> {}

const WANTED: Readonly<Record<Wanted, string>> = {
  ecash: "Fedimint e-cash, which begins with fedimint…",
  invite_code: "an invite code, which begins with fed11… or fedimint…",
  setup_code: "a guardian's setup code, which begins with fedimint…",
  bitcoin_address: "a Bitcoin address",
  lightning: "a Lightning invoice, a Lightning address or an LNURL",
};

/** What a text is, and what to do with it. Quotes nothing of it. */
export function pastedAdvice(found: Pasted): string {
  switch (found.is) {
    case "ecash":
      return "This is e-cash: whoever has the text has the money. `receive` redeems it.";
    case "invite_code":
      return "This is an invite code of a federation. `join` takes it.";
    case "setup_code":
      return "This is a guardian's setup code, for the other guardians of a federation that is being set up.";
    case "bitcoin_address":
      return "This is a Bitcoin address. `withdraw` pays to it.";
    case "unusable_bitcoin_link":
      return LINKS[found.why];
    case "old_ecash":
      return "This is e-cash of version 1 of the mint module, which this client can't redeem. The official client can.";
    case "lightning":
      return found.what === "offer"
        ? "This is a Lightning offer, which this client can't pay. Ask for an invoice."
        : `This is ${LIGHTNING[found.what]}. \`pay\` pays to it.`;
    case "secret":
      return `This looks like ${SECRETS[found.what]}: whoever has it has the money. Show it to nobody.`;
    case "damaged":
      return `This ${DAMAGED[found.as]}, and is cut off or changed. Copy it once more, all of it.`;
    case "nothing":
      return "There is nothing in the text.";
    case "too_long":
      return "The text is too long.";
    case "unknown":
      return "It is not known what this text is.";
  }
}

const LINKS: Readonly<Record<"address" | "amount" | "requirement", string>> = {
  address: "This is a link to pay bitcoin with, and its address can't be read. Copy it once more, all of it.",
  amount: "This is a link to pay bitcoin with, and its amount can't be read.",
  requirement: "This is a link to pay bitcoin with that requires what this client doesn't know.",
};
const LIGHTNING: Readonly<Record<Exclude<PastedLightning["what"], "offer">, string>> = {
  invoice: "a Lightning invoice",
  lnurl: "an LNURL",
  address: "a Lightning address or a mail address",
};
const DAMAGED: Readonly<Record<DamagedAs, string>> = {
  fedimint: "begins like e-cash or a code of Fedimint",
  invite_code: "begins like an invite code",
  bitcoin_address: "looks like a Bitcoin address",
  invoice: "looks like a Lightning invoice",
  lnurl: "looks like an LNURL",
};
const SECRETS: Readonly<Record<"words" | "key", string>> = {
  words: "the words of a wallet",
  key: "a private key",
};

function wrongText(wanted: Wanted, found: Pasted): PastedError {
  return new PastedError(
    { code: "wrong_text", wanted, found: found.is },
    `Expected ${WANTED[wanted]}. ${pastedAdvice(found)}`,
  );
}

/** A text that is what was asked for. */
export type PastedAs<Is extends Wanted> = Extract<Pasted, { readonly is: Is }>;

function read<Is extends Wanted>(wanted: Is, pasted: string): PastedAs<Is> {
  const found = parsePasted(pasted);
  if (found.is !== wanted) throw wrongText(wanted, found);
  return found as PastedAs<Is>;
}

/** The e-cash in a text. Secret. @throws {PastedError} */
export function readEcash(pasted: string): PastedAs<"ecash"> {
  return read("ecash", pasted);
}

/**
 * The texts of one payment, which are several when it is of hundreds of notes, one behind the other. Secret.
 * @throws {PastedError}
 */
export function readEcashTexts(pasted: string): PastedAs<"ecash">[] {
  const found = parsePasted(pasted);
  if (found.is === "ecash") return [found];
  // no text has the prefix a second time, but for one in 2^40
  const pieces = found.is === "damaged" || found.is === "too_long" ? piecesOf(pasted).map(parsePasted) : [];
  if (pieces.length < 2 || !pieces.every((piece) => piece.is === "ecash")) throw wrongText("ecash", found);
  return pieces as PastedAs<"ecash">[];
}

function piecesOf(pasted: string): string[] {
  if (pasted.length > PASTED_CHARACTERS_MAX) return [];
  return compactText(pasted).split(new RegExp(`(?=${FEDIMINT_PREFIX})`, "i"));
}

/** The invite code in a text. @throws {PastedError} */
export function readInviteCode(pasted: string): InviteCode {
  return read("invite_code", pasted).invite;
}

/** The setup code in a text. @throws {PastedError} */
export function readSetupCode(pasted: string): PastedAs<"setup_code"> {
  return read("setup_code", pasted);
}

/** The Bitcoin address in a text, with what its link asks for. @throws {PastedError} */
export function readBitcoinAddress(pasted: string): PastedAddress {
  const { address, networks, amountSat } = read("bitcoin_address", pasted);
  return { address, networks, amountSat };
}

/**
 * What to pay over Lightning in a text. A Bitcoin link that also has an invoice is that invoice. @throws {PastedError}
 */
export function readLightning(pasted: string): PastedLightning {
  const found = parsePasted(pasted);
  if (found.is === "lightning" && found.what !== "offer") return { what: found.what, text: found.text };
  const within = found.is === "bitcoin_address" ? /[?&]lightning=([^&]*)/i.exec(compactText(pasted))?.[1] : undefined;
  const invoice = within === undefined ? null : lightningText(within);
  if (invoice?.is === "lightning" && invoice.what !== "offer") return { what: invoice.what, text: invoice.text };
  throw wrongText("lightning", found);
}
