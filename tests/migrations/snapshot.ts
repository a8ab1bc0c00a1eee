/**
 * What a federation and its wallets left on their disks when all processes were killed in the midst of their work, and
 * what must come of it. A snapshot is one file, JSON that is packed by gzip:
 *
 * | field | what |
 * |---|---|
 * | `atMs` | wall clock of the kill |
 * | `invite` | an invite code of the federation |
 * | `databases` | of each machine all entries of its database, in order: key in Base64, and which of `contents` |
 * | `files` | of each guardian the config files, by path: which of `contents`, and whether others may not read them |
 * | `contents` | values and files in Base64, each once: guardians have most of them in common |
 * | `story` | what was under way (`Story`) |
 *
 * Machines are `bitcoin`, `g0` …, `alice`, `bob`, `carol`. Entries are as Deno KV would hold them, the store's own
 * among them.
 *
 * Keys in it guard no money: coins of regtest.
 */
import { base64 } from "@scure/base";
import type { SimulatedDisk } from "../../actors/platform/simulated/disk.ts";
import { Budget, type Operation } from "../../actors/store/backend.ts";
import { MemoryBackend } from "../../actors/store/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat } from "../../core/bytes.ts";
import type { FederationRemains } from "../simulation/federation.ts";

/** What was under way. Amounts in sat but where the name says otherwise. */
export type Story = {
  /** Finished sessions of each guardian, and the hash of their outcomes: 32 bytes in hex. */
  readonly sessions: readonly { readonly finished: number; readonly hash: string }[];
  /** Of Alice, on its way: where to, how much, what it is called in her wallet. */
  readonly withdrawal: { readonly operationId: string; readonly address: string; readonly amountSat: number };
  /** Paid to Alice's address, in a block that guardians don't agree on yet. */
  readonly deposit: { readonly address: string; readonly amountSat: number };
  /** Bob's wallet has taken e-cash and not redeemed it yet. */
  readonly receiving: { readonly operationId: string; readonly amountMsat: number };
  /** Spent by Bob, and with nobody yet. */
  readonly spent: { readonly ecash: string; readonly amountMsat: number };
  /** A client's backup that guardians keep: its key, 33 bytes, and the payload, in hex. */
  readonly backup: { readonly id: string; readonly payload: string };
  /** Carol's wallet is being restored from its words; this much e-cash belongs to them. Not in the first snapshots. */
  readonly restoring?: { readonly amountMsat: number };
  /** What the wallets hold at the end, when the version that made the snapshot goes on with it. */
  readonly end: { readonly aliceMsat: number; readonly bobMsat: number; readonly carolMsat?: number };
};

export type Wallets = { readonly alice: MemoryBackend; readonly bob: MemoryBackend; readonly carol?: MemoryBackend };
export type Snapshot = { readonly federation: FederationRemains; readonly wallets: Wallets; readonly story: Story };

type Entries = readonly (readonly [key: string, content: number])[];
type PackedFiles = Readonly<Record<string, { readonly content: number; readonly secret: boolean }>>;
type Packed = {
  readonly atMs: number;
  readonly invite: string;
  readonly databases: Readonly<Record<string, Entries>>;
  readonly files: Readonly<Record<string, PackedFiles>>;
  readonly contents: readonly string[];
  readonly story: Story;
};

/** Numbers what is put in, the same by the same number. */
class Contents {
  readonly #numbers = new Map<string, number>();

  put(bytes: Uint8Array): number {
    const content = base64.encode(bytes);
    const number = this.#numbers.get(content) ?? this.#numbers.size;
    this.#numbers.set(content, number);
    return number;
  }

  get all(): string[] {
    return [...this.#numbers.keys()];
  }
}

function bytesOf(base64Text: string): Bytes {
  return base64.decode(base64Text) as Bytes;
}

const FOLDER = new URL("./snapshots/", import.meta.url);
const SUFFIX = ".json.gz";
const LIST_ENTRIES = 500;
const ALL = { start: Uint8Array.of(0), end: Uint8Array.of(0xff) };

async function entriesOf(disk: MemoryBackend, contents: Contents): Promise<Entries> {
  const entries: [string, number][] = [];
  for (let start: Bytes = ALL.start;;) {
    const some = await disk.list({ start, end: ALL.end, limit: LIST_ENTRIES, reverse: false });
    for (const { key, value } of some) entries.push([base64.encode(key), contents.put(value)]);
    const last = some.at(-1);
    if (last === undefined) return entries;
    start = concat(last.key, Uint8Array.of(0));
  }
}

async function diskWith(entries: Entries, contents: Packed["contents"]): Promise<MemoryBackend> {
  const disk = new MemoryBackend();
  let group: Operation[] = [], budget = new Budget();
  for (const [key, content] of entries) {
    const operation = { key: bytesOf(key), value: bytesOf(contents[content]!) };
    if (!budget.take(operation)) {
      await disk.commit(group);
      [group, budget] = [[], new Budget()];
      budget.take(operation);
    }
    group.push(operation);
  }
  await disk.commit(group);
  return disk;
}

function packedFiles(files: SimulatedDisk["files"], contents: Contents): PackedFiles {
  const packed = [...files].map(([path, { bytes, secret }]) =>
    [path, { content: contents.put(bytes), secret }] as const
  );
  return Object.fromEntries(packed);
}

function filesIn(packed: PackedFiles, contents: Packed["contents"]): SimulatedDisk["files"] {
  return new Map(
    Object.entries(packed).map(([path, { content, secret }]) => [path, { bytes: bytesOf(contents[content]!), secret }]),
  );
}

/** Names of all snapshots, the oldest first. */
export async function snapshotNames(): Promise<string[]> {
  const files = await Array.fromAsync(Deno.readDir(FOLDER));
  const names = files.filter(({ name }) => name.endsWith(SUFFIX)).map(({ name }) => name.slice(0, -SUFFIX.length));
  return names.sort((a, b) => parseInt(a) - parseInt(b));
}

export async function writeSnapshot(name: string, { federation, wallets, story }: Snapshot): Promise<void> {
  const contents = new Contents();
  const databases: Record<string, Entries> = { bitcoin: await entriesOf(federation.bitcoin, contents) };
  const files: Record<string, PackedFiles> = {};
  for (const [peer, guardian] of federation.guardians.entries()) {
    databases[`g${peer}`] = await entriesOf(guardian.disk, contents);
    files[`g${peer}`] = packedFiles(guardian.files, contents);
  }
  for (const [wallet, disk] of Object.entries(wallets)) databases[wallet] = await entriesOf(disk, contents);
  const { atMs, invite } = federation;
  const packed: Packed = { atMs, invite, databases, files, contents: contents.all, story };
  const stream = new Blob([JSON.stringify(packed)]).stream().pipeThrough(new CompressionStream("gzip"));
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeFile(new URL(`${name}${SUFFIX}`, FOLDER), new Uint8Array(await new Response(stream).arrayBuffer()));
}

export async function readSnapshot(name: string): Promise<Snapshot> {
  const file = await Deno.readFile(new URL(`${name}${SUFFIX}`, FOLDER));
  const stream = new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { atMs, invite, databases, files, contents, story }: Packed = await new Response(stream).json();
  const diskOf = (machine: string): Promise<MemoryBackend> => diskWith(databases[machine]!, contents);
  const guardians: FederationRemains["guardians"][number][] = [];
  for (const [machine, packed] of Object.entries(files)) {
    guardians.push({ disk: await diskOf(machine), files: filesIn(packed, contents) });
  }
  const federation = { atMs, invite, bitcoin: await diskOf("bitcoin"), guardians };
  const wallets = {
    alice: await diskOf("alice"),
    bob: await diskOf("bob"),
    ...("carol" in databases && { carol: await diskOf("carol") }),
  };
  return { federation, wallets, story };
}
