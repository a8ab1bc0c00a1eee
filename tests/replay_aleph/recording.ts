/** A recorded run of the reference, as `tests/vectors/aleph/README.md` describes it. */
import type { Bytes } from "../../core/bytes.ts";
import { fromHex } from "../../core/bytes.ts";
import { keychainSign, keychainVerifier } from "../../core/crypto/keychain.ts";
import type { Keychain } from "../../server/broadcast/keychain.ts";

export type RecordedUnit = {
  readonly hash: string;
  readonly creator: number;
  readonly round: number;
  readonly session: string;
  readonly mask: readonly number[];
  readonly controlHash: string;
  /** By member, as far as they were found. */
  readonly parents: readonly (string | null)[] | null;
  readonly dataHex: string | null;
  readonly signature: string;
  readonly bytes: string;
};

export type RecordedMessage = {
  readonly t: number;
  readonly from: number;
  readonly to: number;
  readonly kind: string;
  readonly hex?: string;
  readonly same?: number;
  readonly received: number | null;
  readonly seq: number | null;
  readonly via?: number;
};

export type Ordered = {
  readonly creator: number;
  readonly round: number;
  readonly unit: number | null;
  readonly dataHex: string | null;
};

/** What one instance of a member did: unit numbers, but for `ordered` and `backup` (hex). */
export type Life = {
  readonly name: string;
  readonly member: number;
  readonly extender: readonly number[];
  readonly heads: readonly number[];
  readonly ordered: readonly Ordered[];
  readonly backup: string | null;
  readonly header: string | null;
  readonly signers: readonly number[];
};

type Columns = { readonly [member: string]: Omit<Life, "name" | "member"> };

type RecordingJson = {
  readonly meta: {
    readonly scenario: string;
    readonly n: number;
    readonly threshold: number;
    readonly sessionId: string;
    readonly keysTag: string;
    readonly keys: readonly { readonly secret: string; readonly public: string }[];
    /** Absent where the graph was made by hand. */
    readonly config?: { readonly maxRound: number; readonly roundsPerSession?: number };
    readonly honest: readonly number[];
    readonly forkers: readonly number[];
    readonly crash?: { readonly member: number } | null;
    readonly initialUnitCollection?: boolean;
  };
  readonly messages: readonly RecordedMessage[];
  readonly units: readonly RecordedUnit[];
  readonly extender: { readonly [member: string]: readonly number[] };
  readonly heads: { readonly [member: string]: readonly number[] };
  readonly ordered: { readonly [member: string]: readonly Ordered[] };
  readonly backups?: { readonly [member: string]: string | null };
  readonly header?: { readonly [member: string]: string | null };
  readonly signers?: { readonly [member: string]: readonly number[] };
  readonly beforeCrash?: Columns;
  readonly second?: Columns;
};

export type Recording = {
  readonly meta: RecordingJson["meta"];
  readonly session: bigint;
  readonly roundMax: number;
  readonly units: readonly RecordedUnit[];
  readonly messages: readonly (RecordedMessage & { readonly bytes: Bytes })[];
  readonly lives: readonly Life[];
};

export async function readRecording(path: string): Promise<Recording> {
  const file = await Deno.open(path);
  const stream = path.endsWith(".gz") ? file.readable.pipeThrough(new DecompressionStream("gzip")) : file.readable;
  const json = await new Response(stream).json() as RecordingJson;
  const hexAt = (index: number): string => {
    const { hex, same } = json.messages[index]!;
    return hex ?? hexAt(same!);
  };
  return {
    meta: json.meta,
    session: BigInt(json.meta.sessionId),
    roundMax: json.meta.config?.maxRound ?? 0xffff,
    units: json.units,
    messages: json.messages.map((message, index) => ({ ...message, bytes: fromHex(hexAt(index)) })),
    lives: livesOf(json),
  };
}

function livesOf(json: RecordingJson): Life[] {
  const lives: Life[] = Object.keys(json.extender).map((member) => ({
    name: `member ${member}`,
    member: Number(member),
    extender: json.extender[member]!,
    heads: json.heads[member]!,
    ordered: json.ordered[member]!,
    backup: json.backups?.[member] ?? null,
    header: json.header?.[member] ?? null,
    signers: json.signers?.[member] ?? [],
  }));
  for (const [name, columns] of [["before its crash", json.beforeCrash], ["second instance", json.second]] as const) {
    for (const [member, life] of Object.entries(columns ?? {})) {
      lives.push({ ...life, name: `member ${member}, ${name}`, member: Number(member) });
    }
  }
  return lives;
}

/** A member's keychain with the recording's keys; auxiliary randomness is fixed. */
export function keychainOf({ meta }: Recording, member: number): Keychain {
  const tag = fromHex(meta.keysTag);
  const keys = meta.keys.map((key) => fromHex(key.public));
  const secret = fromHex(meta.keys[member]!.secret);
  return {
    index: member,
    sign: (message) => keychainSign(tag, message, secret, new Uint8Array(32)),
    verify: keychainVerifier(tag, keys),
  };
}
