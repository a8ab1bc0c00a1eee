/**
 * A recorded member once more: the whole machine gets what the member received, in the same sequence, and must build
 * the same graph in the same order, order the same units, give the same answers and ask for the same things. Its own
 * units are put in where the member's graph got them.
 *
 * For members with one life that did not fork. Left open, because threads and clocks decided it: how often something
 * was asked for and whether asking was needless already; what came last and was not handled any more; and, with forks,
 * whether an alert or a unit that came at the same time was handled first. Then the graph has the same units, and only
 * that is compared.
 */
import { toHex } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/codec.ts";
import type { NetworkData } from "../../server/broadcast/messages.ts";
import { alertHash, decodeMessage, encodeMessage, newestUnitResponse } from "../../server/broadcast/messages.ts";
import { unitData } from "../../server/broadcast/graph/unit.ts";
import { verticesOf } from "./order.ts";
import type { Life, Recording } from "./recording.ts";
import { Replay } from "./replay.ts";

/** Units and answers of ours that the recorded member had not come to when the run ended. */
const UNHANDLED_MAX = 3;
/** Rounds of answering requests of ours that the recorded member did not need. */
const SERVED_ROUNDS_MAX = 100;

export type MachinesReport = { readonly faults: readonly string[]; readonly figures: string };

export function checkMachines(recording: Recording): MachinesReport {
  const { forkers, crash } = recording.meta;
  const lives = recording.lives.filter(({ name, member }) =>
    name === `member ${member}` && !forkers.includes(member) && crash?.member !== member
  );
  if (recording.messages.length === 0) return { faults: [], figures: "no machine" };
  const reports = lives.map((life) => checkMachine(recording, life));
  const same = reports.filter(({ isSameSequence }) => isSameSequence).length;
  return {
    faults: reports.flatMap(({ faults }) => faults),
    figures: `${lives.length} machines (${same} in the recorded sequence)`,
  };
}

function replay(recording: Recording, life: Life): Replay {
  const { member } = life;
  const vertices = verticesOf(recording);
  const run = new Replay(recording, member);
  const put = new Set<number>();
  const putOwn = (): void => {
    for (;;) {
      const number = life.extender[run.graph.length];
      if (number === undefined || vertices[number]!.unit.creator !== member || put.has(number)) return;
      put.add(number);
      run.own(vertices[number]!.unit);
    }
  };
  putOwn();
  const received = recording.messages.filter(({ to, seq }) => to === member && seq !== null);
  for (const message of received.sort((a, b) => a.seq! - b.seq!)) {
    run.receive(message.received!, message.from, message.bytes);
    putOwn();
  }
  return run;
}

/** Answers what the machine asks for from the recorded units, until its graph grows no more. */
function serve(recording: Recording, run: Replay): void {
  const vertices = verticesOf(recording);
  const from = run.state.others[0]!;
  for (let round = 0, grown = -1; round < SERVED_ROUNDS_MAX && run.graph.length > grown; round++) {
    grown = run.graph.length;
    for (const { bytes } of [...run.sent]) {
      const message = messageOf(bytes).value;
      if (message.tag === "requestParents") {
        const vertex = vertices.find(({ unit }) => unit.key === toHex(message.value.hash));
        if (!vertex) continue;
        const answer = { hash: message.value.hash, parents: vertex.parents.map(({ unit }) => unit) };
        run.receive(0, from, encodeMessage({ tag: "units", value: { tag: "responseParents", value: answer } }));
      }
      if (message.tag === "requestCoord") {
        const { round, creator } = message.value.coord;
        const vertex = vertices.find(({ unit }) => unit.round === round && unit.creator === creator);
        if (!vertex) continue;
        run.receive(0, from, encodeMessage({ tag: "units", value: { tag: "responseCoord", value: vertex.unit } }));
      }
    }
  }
}

function messageOf(bytes: Uint8Array): NetworkData {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.value;
}

function checkMachine(recording: Recording, life: Life): { faults: string[]; isSameSequence: boolean } {
  const run = replay(recording, life);
  const expected = life.extender.map((number) => recording.units[number]!.hash);
  const isSameSequence = expected.every((hash, i) => run.graph[i] === hash);
  const say = (fault: string): string => `machine of ${life.name}: ${fault}`;
  if (isSameSequence) {
    const late = run.graph.length - expected.length;
    const faults = late > UNHANDLED_MAX ? [`${late} units more than recorded`] : [];
    return {
      faults: [...faults, ...compareTalk(recording, life, run), ...compareOrder(life, run)].map(say),
      isSameSequence,
    };
  }
  if (recording.meta.forkers.length === 0) {
    const at = expected.findIndex((hash, i) => run.graph[i] !== hash);
    return { faults: [say(`graph differs at ${at} of ${expected.length}`)], isSameSequence };
  }
  serve(recording, run);
  const missing = new Set(expected).difference(new Set(run.graph)).size;
  const faults = missing > 0 ? [`${missing} of ${expected.length} units are missing in the graph`] : [];
  return { faults: [...faults, ...compareOrder(life, run)].map(say), isSameSequence };
}

function compareOrder(life: Life, run: Replay): string[] {
  const found = run.ordered.map(({ round, creator, data }) =>
    `${round}.${creator} ${data && toHex(encode(unitData, data))}`
  );
  const at = life.ordered.findIndex(({ round, creator, dataHex }, i) => found[i] !== `${round}.${creator} ${dataHex}`);
  return at < 0 ? [] : [`order differs at ${at} of ${life.ordered.length}`];
}

/**
 * A sent message as far as it is determined: answers with whom they went to, requests without. Null for what isn't
 * compared: new units, multicast, and all about the own alerts, whose proof may be either of the two orders.
 */
function talkOf(
  recording: Recording,
  member: number,
  to: number | "all",
  data: NetworkData,
  ownAlerts: Set<string>,
): string | null {
  const { tag, value } = data.value;
  switch (tag) {
    case "responseCoord":
    case "responseParents":
      return `answer to ${to}: ${toHex(encodeMessage(data))}`;
    case "responseNewest":
      return `answer to ${to}: ${toHex(encode(newestUnitResponse, value.response))}`;
    case "forkAlert":
      return value.alert.sender === member ? null : `answer to ${to}: alert ${toHex(alertHash(value.alert))}`;
    case "requestCoord":
      // we don't ask for a forker's units, which only alerts can bring
      return recording.meta.forkers.includes(value.coord.creator) ? null : `request: ${toHex(encodeMessage(data))}`;
    case "requestParents":
      return `request: ${toHex(encodeMessage(data))}`;
    case "requestAlert":
      return ownAlerts.has(toHex(value.hash)) ? null : `request: ${toHex(encodeMessage(data))}`;
    default:
      return null;
  }
}

function compareTalk(recording: Recording, life: Life, run: Replay): string[] {
  const { member } = life;
  const recorded = recording.messages.filter(({ from }) => from === member).map(({ to, bytes }) => ({ to, bytes }));
  const ownAlerts = new Set<string>();
  for (const { bytes } of recorded) {
    const { tag, value } = messageOf(bytes).value;
    if (tag === "forkAlert" && value.alert.sender === member) ownAlerts.add(toHex(alertHash(value.alert)));
  }
  const countsOf = (sent: readonly { to: number | "all"; bytes: Uint8Array }[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const { to, bytes } of sent) {
      const talk = talkOf(recording, member, to, messageOf(bytes), ownAlerts);
      // how often a thing is asked for depends on clocks
      if (talk !== null) counts.set(talk, talk.startsWith("answer") ? (counts.get(talk) ?? 0) + 1 : 1);
    }
    return counts;
  };
  const ours = countsOf(run.sent);
  const theirs = countsOf(recorded);
  const faults: string[] = [];
  for (const [talk, count] of theirs) {
    if ((ours.get(talk) ?? 0) < count) faults.push(`lacks ${talk.slice(0, 100)}`);
  }
  let more = 0;
  for (const [talk, count] of ours) if (talk.startsWith("answer")) more += Math.max(0, count - (theirs.get(talk) ?? 0));
  return more > UNHANDLED_MAX ? [...faults, `gives ${more} answers more than recorded`] : faults;
}
