/**
 * Where a guardian's time goes: a sampled profile (`deno run --cpu-prof`) by subject. A sample counts for the nearest
 * caller that has a subject, so that hashing and encoding are with whoever asked for them.
 */

/** What is read of a `.cpuprofile`, as the V8 inspector writes it. Times are microseconds. */
export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

export type Share = { readonly subject: string; readonly us: number };

const IDLE = "idle";
const REST = "everything else";

/** Whatever is called from here is part of it. */
const WHOLE: readonly (readonly [at: RegExp, subject: string])[] = [
  [/crypto\/tbs_batch\.ts$|^verifyNote /, "BLS: notes verified"],
  [/^signShare /, "BLS: notes signed"],
  [/^decode .*\/bls\/bls\.ts$/, "BLS: points decoded"],
  [/^verifyTransactionSignatures /, "transactions' signatures verified"],
  [/\/broadcast\/keychain\.ts$/, "units' signatures verified and made"],
  [/^isPublicKey /, "public keys decoded"],
];

/** What is called from here has the last of these on its way. */
const PARTS: readonly (readonly [at: RegExp, subject: string])[] = [
  [/^\(idle\)/, IDLE],
  [/^\(garbage collector\)/, "garbage collection"],
  [/^\(program\)/, "native, without JavaScript"],
  [/^op_kv_|ext:deno_kv\/|\/store\/kv_backend\.ts$/, "Deno KV"],
  [/\/(actors|consensus)\/store\//, "store"],
  [/\/real\/tls_|\/server\/peers\/|ext:deno_node\//, "TLS and links"],
  [/\/server\/broadcast\/|\/session\/broadcast\.ts$/, "broadcast"],
  [/\/server\/bitcoin\/|^op_fetch/, "Bitcoin node"],
  [/\/server\/api\/|ext:deno_(http|websocket)\//, "API"],
  [/\/server\/consensus\//, "consensus"],
  [/\/modules\//, "modules"],
  [/\/actors\//, "actors and timers"],
];

/** Subject of each node: its own, or its caller's. */
function subjectsOf({ nodes }: CpuProfile): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node])), found = new Map<number, string>();
  const visit = (id: number, inherited: string, isWhole: boolean): void => {
    const { callFrame: { functionName, url }, children = [] } = byId.get(id)!;
    const of = (subjects: typeof WHOLE) => subjects.find(([at]) => at.test(`${functionName} ${url}`))?.[1];
    const whole = isWhole ? inherited : of(WHOLE);
    const subject = whole ?? of(PARTS) ?? inherited;
    found.set(id, subject);
    for (const child of children) visit(child, subject, whole !== undefined);
  };
  visit(nodes[0]!.id, REST, false);
  return found;
}

/** Of a profile, µs since it began. */
export type Window = { readonly fromUs: number; readonly toUs: number };

/** @returns the largest first; what was idle isn't in it */
export function sharesOf(profile: CpuProfile, { fromUs, toUs }: Window): Share[] {
  const subjects = subjectsOf(profile), sums = new Map<string, number>();
  let atUs = 0;
  for (const [i, id] of profile.samples.entries()) {
    const deltaUs = profile.timeDeltas[i]!;
    atUs += deltaUs;
    if (atUs < fromUs || atUs > toUs) continue;
    const subject = subjects.get(id)!;
    sums.set(subject, (sums.get(subject) ?? 0) + deltaUs);
  }
  sums.delete(IDLE);
  return [...sums].map(([subject, us]) => ({ subject, us })).sort((a, b) => b.us - a.us);
}
