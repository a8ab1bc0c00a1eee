/**
 * The state of setup as pure functions: own parameters, the others' setup codes, and what the ceremony starts with.
 * fedimint-server `config/setup.rs`; docs/protocol/02-api.md §7, docs/protocol/03-consensus.md §D1. The reference
 * forgets it when it restarts; here it is kept on disk (`setup_file.ts`), so that a guardian's code stays good.
 */
import type { TlsIdentity } from "../../actors/platform/platform.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import { assert } from "../../core/assert.ts";
import { equalBytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { dkgCompatibility, dkgVersionText, parseDkgVersion } from "../../core/types/dkg_version.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { compactText } from "../../core/types/pasted_text.ts";
import type { PeerSetupCode } from "../../core/types/setup_code.ts";
import { assignPeerIds, formatSetupCode, parseSetupCode, peerSetupCode } from "../../core/types/setup_code.ts";
import { consensusUrl } from "../../core/types/safe_url.ts";
import { FEDIMINT_VERSION } from "../../core/types/version.ts";
import { FEDERATION_NAME_MAX, GUARDIAN_NAME_MAX, GUARDIANS_MAX } from "./limits.ts";

/** From the command line and environment. */
export type SetupSettings = {
  readonly apiUrl: string | null;
  readonly p2pUrl: string | null;
  readonly network: BitcoinNetwork;
  /** Kinds that are enabled unless the leader chooses others. */
  readonly defaultModules: readonly string[];
  /** Kinds that this program has. */
  readonly availableModules: readonly string[];
  readonly disableBaseFees: boolean;
};

export type LocalParams = {
  readonly name: string;
  /** Given by one guardian, the leader. */
  readonly federationName: string | null;
  readonly disableBaseFees: boolean | null;
  readonly enabledModules: readonly string[] | null;
  readonly federationSize: number | null;
};

export type SetupState = {
  readonly own: { readonly params: LocalParams; readonly code: PeerSetupCode; readonly identity: TlsIdentity } | null;
  readonly codes: readonly PeerSetupCode[];
};

export const initialSetup: SetupState = { own: null, codes: [] };

/** What the ceremony needs to know. */
export type CeremonyParams = {
  readonly identity: PeerId;
  readonly tls: TlsIdentity;
  readonly peers: ReadonlyMap<PeerId, PeerSetupCode>;
  readonly federationName: string;
  readonly disableBaseFees: boolean;
  /** Sorted by name: a module's instance id is its place. */
  readonly modules: readonly string[];
  readonly network: BitcoinNetwork;
};

const version = parseDkgVersion(FEDIMINT_VERSION);

function sameParams(a: LocalParams, b: LocalParams): boolean {
  const key = (params: LocalParams): string =>
    JSON.stringify([
      params.name,
      params.federationName,
      params.disableBaseFees,
      params.enabledModules,
      params.federationSize,
    ]);
  return key(a) === key(b);
}

function sameCode(a: PeerSetupCode, b: PeerSetupCode): boolean {
  return equalBytes(encode(peerSetupCode, a), encode(peerSetupCode, b));
}

function loadIt({ availableModules }: SetupSettings): string {
  return `: it has ${availableModules.join(", ")}; others are loaded with --module`;
}

/** Why these parameters can't be, or null. */
function paramsError(params: LocalParams, settings: SetupSettings): string | null {
  const { name, federationName, federationSize, enabledModules } = params;
  if (name === "") return "The guardian name is empty";
  if (name.length > GUARDIAN_NAME_MAX) return `The guardian name is longer than ${GUARDIAN_NAME_MAX} characters`;
  if (federationName === "") return "The federation name is empty";
  if (federationName !== null && federationName.length > FEDERATION_NAME_MAX) {
    return `The federation name is longer than ${FEDERATION_NAME_MAX} characters`;
  }
  if (federationName !== null && federationSize === null) return "The leader must set the federation size";
  if (federationSize !== null && federationSize !== 1 && federationSize < 4) {
    return "Federation size must be 1 or at least 4";
  }
  if (federationSize !== null && federationSize > GUARDIANS_MAX) {
    return `Federation size must be at most ${GUARDIANS_MAX}`;
  }
  const missing = enabledModules?.find((kind) => !settings.availableModules.includes(kind));
  if (missing !== undefined) return `This guardian has no module of kind ${missing}${loadIt(settings)}`;
  if (settings.apiUrl === null) return "Api URL must be configured: set FM_API_URL";
  if (settings.p2pUrl === null) return "P2P URL must be configured: set FM_P2P_URL";
  return null;
}

/** Whether parameters can be set now: the code when they were set before alike, or why not. */
export function checkLocalParams(
  state: SetupState,
  params: LocalParams,
  settings: SetupSettings,
): Result<string | null, string> {
  if (state.own && sameParams(state.own.params, params)) return ok(formatSetupCode(state.own.code));
  const error = paramsError(params, settings);
  if (error !== null) return err(error);
  if (!state.own) return ok(null);
  return err(
    "Local parameters have already been set; to set others stop the guardian, delete setup.json in its data directory, " +
      "and give all others its new code",
  );
}

/**
 * A leader that chooses no modules means those that are on at its own guardian, and its code says which: with null each
 * guardian would take those that are on at itself, and where they differ the ceremony fails in its midst, for a reason
 * that nobody sees.
 */
function chosenModules(
  { federationName, enabledModules }: LocalParams,
  { defaultModules }: SetupSettings,
): string[] | null {
  const chosen = enabledModules ?? (federationName === null ? null : defaultModules);
  // the code holds a set: the API's list may name one twice
  return chosen && [...new Set(chosen)].sort();
}

/** After `checkLocalParams` said ok(null) and a certificate for the name was made. */
export function setLocalParams(
  state: SetupState,
  params: LocalParams,
  settings: SetupSettings,
  identity: TlsIdentity,
): SetupState {
  const { name, federationName, disableBaseFees, federationSize } = params;
  const code: PeerSetupCode = {
    name,
    endpoints: {
      tag: "Tcp",
      value: { apiUrl: settings.apiUrl!, p2pUrl: settings.p2pUrl!, cert: identity.certificate },
    },
    federationName,
    disableBaseFees,
    enabledModules: chosenModules(params, settings),
    federationSize,
    network: settings.network,
    fedimintVersion: version,
  };
  return { ...state, own: { params, code, identity } };
}

/** The one of all known codes that sets `field`. */
function setBefore<K extends "federationName" | "disableBaseFees" | "enabledModules" | "federationSize">(
  known: readonly PeerSetupCode[],
  field: K,
): PeerSetupCode[K] | null {
  return known.find((code) => code[field] !== null)?.[field] ?? null;
}

function versionError(code: PeerSetupCode): string | null {
  if (dkgCompatibility(code.fedimintVersion) === dkgCompatibility(version)) return null;
  return `Guardian uses Fedimint version ${dkgVersionText(code.fedimintVersion)} but we use ${FEDIMINT_VERSION}`;
}

/** What two codes have in common that can only be one guardian's, or null. Iroh's keys are its addresses. */
function sharedBy(a: PeerSetupCode, b: PeerSetupCode): "key" | "P2P URL" | "API URL" | null {
  const [x, y] = [a.endpoints, b.endpoints];
  if (x.tag === "Tcp" && y.tag === "Tcp") {
    if (equalBytes(x.value.cert, y.value.cert)) return "key";
    if (x.value.p2pUrl === y.value.p2pUrl) return "P2P URL";
    return x.value.apiUrl === y.value.apiUrl ? "API URL" : null;
  }
  return null;
}

function codeError(code: PeerSetupCode, own: PeerSetupCode, known: readonly PeerSetupCode[]): string | null {
  if (sameCode(code, own)) return "You cannot add your own setup code";
  const shared = sharedBy(code, own);
  if (shared === "key") return "You cannot add your own setup code, also not an older one";
  if (shared !== null) {
    return `Guardian ${code.name} has the same ${shared} as this one: one of the two must be set right`;
  }
  if (code.endpoints.tag !== own.endpoints.tag) return "Guardian has different endpoint variant (TCP/Iroh) than us.";
  const wrongVersion = versionError(code);
  if (wrongVersion !== null) return wrongVersion;
  if (code.network !== own.network) return `Guardian uses Bitcoin network ${code.network} but we use ${own.network}`;
  const name = setBefore(known, "federationName");
  if (name !== null && code.federationName !== null) return `Federation name has already been set to ${name}`;
  const fees = setBefore(known, "disableBaseFees");
  if (fees !== null && code.disableBaseFees !== null) {
    return `Base fees setting has already been configured to disabled=${fees}`;
  }
  const modules = setBefore(known, "enabledModules");
  if (modules !== null && code.enabledModules !== null) {
    return "Enabled modules have already been configured by another guardian";
  }
  const size = setBefore(known, "federationSize");
  if (size !== null && code.federationSize !== null) return `Federation size has already been set to ${size}`;
  if (known.length >= GUARDIANS_MAX) return `A federation has at most ${GUARDIANS_MAX} guardians`;
  return null;
}

export type AddedCode = {
  readonly state: SetupState;
  /** The guardian's. */
  readonly name: string;
  /** Whose codes have made way for this one. */
  readonly replaced: readonly string[];
};

/**
 * `text` as people paste it: broken over lines, in quotes, as a link, in capitals. A code with an address or key of one
 * that is there already takes its place: that guardian has set itself up anew.
 * @throws {DecodeError} for a text that is no setup code
 */
export function addPeerSetupCode(state: SetupState, text: string): Result<AddedCode, string> {
  const code = parseSetupCode(compactText(text).toLowerCase());
  if (state.codes.some((known) => sameCode(known, code))) return ok({ state, name: code.name, replaced: [] });
  if (!state.own) return err("Set the local parameters first");
  const older = state.codes.filter((known) => sharedBy(known, code) !== null);
  const others = state.codes.filter((known) => !older.includes(known));
  const error = codeError(code, state.own.code, [...others, state.own.code]);
  if (error !== null) return err(error);
  return ok({
    state: { ...state, codes: [...others, code] },
    name: code.name,
    replaced: older.map(({ name }) => name),
  });
}

/** A guardian as its code says; `own` is this one. */
export type SetupGuardian = {
  readonly name: string;
  readonly own: boolean;
  readonly apiUrl: string;
  readonly p2pUrl: string;
};

/** Who is in so far, ourselves first; `expected` is null as long as no leader has said how many there are to be. */
export function setupGuardians({ own, codes }: SetupState): {
  readonly expected: number | null;
  readonly guardians: SetupGuardian[];
} {
  if (!own) return { expected: null, guardians: [] };
  const all = [own.code, ...codes];
  const guardians = all.map(({ name, endpoints }, i) => {
    assert(endpoints.tag === "Tcp", "setup takes only guardians that are reached by TCP");
    const { apiUrl, p2pUrl } = endpoints.value;
    return { name, own: i === 0, apiUrl: consensusUrl(apiUrl), p2pUrl: consensusUrl(p2pUrl) };
  });
  return { expected: setBefore(all, "federationSize"), guardians };
}

/** Kinds that this guardian has, and those that a federation of the codes that are known would have; both sorted. */
export function setupModules({ own, codes }: SetupState, settings: SetupSettings): {
  readonly available: string[];
  readonly enabled: string[];
} {
  const chosen = setBefore(own ? [own.code, ...codes] : codes, "enabledModules") ?? settings.defaultModules;
  return { available: [...settings.availableModules].sort(), enabled: [...chosen].sort() };
}

/** Why there are too few guardians, or too many, or null. */
function countError(codes: readonly PeerSetupCode[]): string | null {
  const names = codes.map(({ name }) => name.slice(0, GUARDIAN_NAME_MAX)).join(", ");
  const have = `have ${codes.length} (${names})`;
  const size = setBefore(codes, "federationSize");
  if (size !== null && codes.length > size) {
    return `Expected ${size} guardians, ${have}: one may be there twice; forget the codes with reset-codes and add them anew`;
  }
  if (size !== null && codes.length < size) return `Expected ${size} guardians, ${have}: add the codes of the others`;
  if (codes.length === 1 || codes.length >= 4) return null;
  return `The number of guardians is invalid: expected 1, or 4 and more, ${have}`;
}

/**
 * Why the Bitcoin node doesn't fit the federation that is set up, or null; also while nothing is known of it.
 * @param nodeNetwork as the node's chain tells; a chain that isn't known counts as regtest, testnet4 too
 */
export function networkError(network: BitcoinNetwork, nodeNetwork: BitcoinNetwork | null): string | null {
  if (nodeNetwork === null || nodeNetwork === network) return null;
  if (network === "testnet4" && nodeNetwork === "regtest") return null;
  return `The Bitcoin node is on ${nodeNetwork}, the federation is to be on ${network}: set FM_BITCOIN_NETWORK or the node right`;
}

export function ceremonyParams(state: SetupState, settings: SetupSettings): Result<CeremonyParams, string> {
  const { own } = state;
  if (!own) return err("Set the local parameters first");
  const peers = assignPeerIds([...state.codes, own.code]);
  const codes = [...peers.values()];
  for (const code of codes) {
    const error = versionError(code);
    if (error !== null) return err(error);
  }
  const wrongCount = countError(codes);
  if (wrongCount !== null) return err(wrongCount);
  const federationName = setBefore(codes, "federationName");
  if (federationName === null) return err("We need one guardian to configure the federations name");
  const modules = setBefore(codes, "enabledModules") ?? settings.defaultModules;
  const missing = modules.find((kind) => !settings.availableModules.includes(kind));
  if (missing !== undefined) {
    return err(`The leader enabled a module that this guardian doesn't have: ${missing}${loadIt(settings)}`);
  }
  const identity = [...peers].find(([, code]) => sameCode(code, own.code))![0];
  return ok({
    identity,
    tls: own.identity,
    peers,
    federationName,
    disableBaseFees: setBefore(codes, "disableBaseFees") ?? settings.disableBaseFees,
    modules: [...modules].sort(),
    network: own.code.network,
  });
}
