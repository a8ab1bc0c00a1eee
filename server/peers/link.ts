/**
 * The link to one guardian: at most one connection, dialled by the guardian with the lower id, accepted by the other.
 * Reading and writing are independent, so that two guardians that both write can't block each other. fedimint-server
 * `net/p2p.rs`; docs/protocol/03-consensus.md §C3.
 *
 * It hands on one message at a time and reads the next frame when that one was taken: a guardian that sends more than
 * is handled fills its own lane and TCP holds it back, while the others' messages have their turns.
 */
import type { ActorContext, TimerId } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { ByteStream, TlsIdentity } from "../../actors/platform/platform.ts";
import { Reminder } from "../../actors/reminder.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { ActorRef, Cast } from "../../actors/protocol.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes } from "../../core/bytes.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { encodeP2pMessage, receiveP2pMessage } from "../../core/types/p2p_message.ts";
import { frame, FrameReader } from "./framing.ts";
import type { Handover } from "../../actors/handover.ts";
import { Lane } from "./lane.ts";
import { DIAL_BACK_OFF, DIAL_TIMEOUT_MS, REPLACEMENTS, SEND_TIMEOUT_MS, SHORT_MS } from "./limits.ts";
import { Outgoing } from "./outgoing.ts";
import type { CutShort } from "./repeats.ts";
import { Repeats } from "./repeats.ts";
import type { RoutedMessage, RouterRef } from "./router.ts";

export type LinkMessage =
  | RoutedMessage
  /** The listener accepted a connection of this guardian: it replaces the present one. `id` in the handover. */
  | Cast<"accepted", { id: number }>
  | Cast<"dial", null>
  | Cast<"dialled", { outcome: Result<number, string> }>
  | Cast<"read", { connection: number; chunk: Bytes | null }>
  | Cast<"written", { connection: number; done: boolean }>
  | Cast<"lookAtWrite", { connection: number }>;

export type LinkRef = ActorRef<LinkMessage>;

export type LinkArgs = {
  readonly peer: PeerId;
  /** Whether we are the one who dials. */
  readonly dials: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Name in the peer's certificate. */
  readonly serverName: string;
  /** DER; the peer is who shows exactly this. */
  readonly certificate: Bytes;
  readonly identity: TlsIdentity;
  readonly handover: Handover<ByteStream>;
  readonly router: RouterRef;
  /** Of all our links. */
  readonly cutShort: CutShort;
};

type Connection = {
  readonly number: number;
  readonly stream: ByteStream;
  readonly frames: FrameReader;
  readonly sinceMs: number;
};

/** Signs that a guardian's keys are on two machines: each takes the other's connection. */
type Copies = { readonly replaced: Repeats; readonly reminder: Reminder };

type State = {
  readonly args: LinkArgs;
  readonly outgoing: Outgoing;
  readonly lane: Lane;
  connection: Connection | null;
  connections: number;
  writing: boolean;
  /** When the write that is under way began. */
  writingSinceMs: number;
  /** The one timer that looks whether a write of the present connection takes too long, whatever is sent. */
  watch: { readonly connection: number; readonly timer: TimerId } | null;
  attempts: number;
  /** From the plan to dial until its outcome: one at a time, however often connections come and go meanwhile. */
  dialling: boolean;
  /** Bytes of the present connection are being waited for. */
  reading: boolean;
  readonly copies: Copies;
};

type Context = ActorContext<LinkMessage>;

const REPLACED = "A guardian connects again and again while it is connected: another copy of it may run with its keys";
const CUT_SHORT =
  "A guardian closes our connections again and again as soon as they are made: another copy of this guardian may " +
  "run with our keys; see that only one runs";

function scheduleDial(state: State, ctx: Context): void {
  if (!state.args.dials || state.dialling) return;
  state.dialling = true;
  ctx.after(backOffMs(DIAL_BACK_OFF, state.attempts++, ctx.platform.dice), { type: "dial", args: null });
}

/** Only when all that came before was taken. */
function readNext(state: State, ctx: Context): void {
  if (!state.connection || state.reading || !state.lane.isEmpty) return;
  const { number, stream } = state.connection;
  state.reading = true;
  ctx.run(() => stream.read(), (outcome) => ({
    type: "read",
    args: { connection: number, chunk: outcome.ok ? outcome.value : null },
  }));
}

function writeNext(state: State, ctx: Context): void {
  const { connection } = state;
  if (!connection || state.writing) return;
  const bytes = state.outgoing.next();
  if (!bytes) return;
  state.writing = true;
  state.writingSinceMs = ctx.platform.clock.monotonicMs();
  watchWrites(state, ctx, connection.number, SEND_TIMEOUT_MS);
  ctx.run(
    () => connection.stream.write(bytes),
    (outcome) => ({ type: "written", args: { connection: connection.number, done: outcome.ok } }),
  );
}

function watchWrites(state: State, ctx: Context, connection: number, forMs: number): void {
  if (state.watch?.connection === connection) return;
  // of the connection before: links that come and go would pile them up
  if (state.watch) ctx.cancel(state.watch.timer);
  state.watch = { connection, timer: ctx.after(forMs, { type: "lookAtWrite", args: { connection } }) };
}

function open(state: State, ctx: Context, stream: ByteStream): void {
  const sinceMs = ctx.platform.clock.monotonicMs();
  if (state.connection) {
    state.connection.stream.close();
    if (state.copies.replaced.note(sinceMs)) {
      state.copies.reminder.say(REPLACED, "", { peer: state.args.peer });
    }
  }
  const connection = { number: ++state.connections, stream, frames: new FrameReader(), sinceMs };
  state.connection = connection;
  state.reading = state.writing = false;
  state.attempts = 0;
  ctx.log.info("Connected to guardian", { peer: state.args.peer });
  ctx.tell(state.args.router, "connection", { peer: state.args.peer, connected: true });
  readNext(state, ctx);
  writeNext(state, ctx);
}

/** The other side has closed a connection that it may have given to somebody else with our keys. */
function closedByPeer(state: State, ctx: Context): void {
  const nowMs = ctx.platform.clock.monotonicMs();
  const isShort = state.connection !== null && nowMs - state.connection.sinceMs < SHORT_MS;
  close(state, ctx, "closed by the other side");
  if (!isShort || !state.args.dials || !state.args.cutShort.note(state.args.peer, nowMs)) return;
  state.copies.reminder.say(CUT_SHORT, "", { peer: state.args.peer });
}

function close(state: State, ctx: Context, reason: string): void {
  if (!state.connection) return;
  state.connection.stream.close();
  state.connection = null;
  state.reading = state.writing = false;
  ctx.log.info("Connection to guardian closed", { peer: state.args.peer, reason });
  ctx.tell(state.args.router, "connection", { peer: state.args.peer, connected: false });
  scheduleDial(state, ctx);
}

/** Hands on the next whole message unless one is being handled; reads on when there is none. */
function offerNext(state: State, ctx: Context): void {
  const next = state.lane.offer();
  if (!next) return readNext(state, ctx);
  try {
    const message = receiveP2pMessage(next.payload);
    ctx.tell(state.args.router, "received", { from: state.args.peer, id: next.id, message });
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    state.lane.clear();
    close(state, ctx, `message does not decode: ${errorText(thrown)}`);
  }
}

async function dial({ args }: State, ctx: Context): Promise<number> {
  const { hostname, port, identity, serverName } = args;
  const stream = await ctx.platform.network.dialTls({
    hostname,
    port,
    identity,
    serverName,
    timeoutMs: DIAL_TIMEOUT_MS,
  });
  const known = equalBytes(stream.peerCertificate, args.certificate);
  if (known && !ctx.signal.aborted) return args.handover.put(stream);
  stream.close();
  throw new Error(known ? "the link has ended" : "the other side shows another certificate than the guardian's");
}

export const link = defineActor<LinkMessage, LinkArgs, State>({
  name: "link",
  init: (ctx, args) => {
    const state: State = {
      args,
      outgoing: new Outgoing(),
      lane: new Lane(ctx.platform.dice.below(2 ** 31)),
      connection: null,
      connections: 0,
      writing: false,
      writingSinceMs: 0,
      watch: null,
      attempts: 0,
      dialling: false,
      reading: false,
      copies: {
        replaced: new Repeats(REPLACEMENTS),
        reminder: new Reminder(ctx.platform.clock, ctx.log),
      },
    };
    // also after a crash, where nothing is terminated and nobody was told
    ctx.tell(args.router, "connection", { peer: args.peer, connected: false });
    ctx.signal.addEventListener("abort", () => state.connection?.stream.close(), { once: true });
    scheduleDial(state, ctx);
    return state;
  },
  handle: {
    send: (state, { message, isAnswer }, ctx) => {
      state.outgoing.put(isAnswer, () => frame(encodeP2pMessage(message)));
      writeNext(state, ctx);
      return next(state);
    },
    taken: (state, { id }, ctx) => {
      if (state.lane.taken(id)) offerNext(state, ctx);
      return next(state);
    },
    again: (state, _args, ctx) => {
      state.lane.giveUp();
      offerNext(state, ctx);
      return next(state);
    },
    accepted: (state, { id }, ctx) => {
      const stream = state.args.handover.take(id);
      if (stream) open(state, ctx, stream);
      return next(state);
    },
    dial: (state, _args, ctx) => {
      if (state.connection) {
        state.dialling = false;
        return next(state);
      }
      ctx.run(() => dial(state, ctx), (outcome) => ({
        type: "dialled",
        args: { outcome: outcome.ok ? outcome : { ok: false, error: errorText(outcome.error) } },
      }));
      return next(state);
    },
    dialled: (state, { outcome }, ctx) => {
      state.dialling = false;
      // none also when it was closed meanwhile, with the listener
      const stream = outcome.ok ? state.args.handover.take(outcome.value) : undefined;
      if (!outcome.ok) ctx.log.debug("Guardian can't be reached", { peer: state.args.peer, reason: outcome.error });
      if (stream) open(state, ctx, stream);
      else if (!state.connection) scheduleDial(state, ctx);
      return next(state);
    },
    read: (state, { connection, chunk }, ctx) => {
      if (state.connection?.number !== connection) return next(state);
      state.reading = false;
      const payloads = chunk === null ? [] : state.connection.frames.push(chunk);
      if (payloads) state.lane.put(payloads);
      if (chunk === null) closedByPeer(state, ctx);
      else if (!payloads) close(state, ctx, "message is too long");
      else offerNext(state, ctx);
      return next(state);
    },
    written: (state, { connection, done }, ctx) => {
      if (state.connection?.number !== connection) return next(state);
      state.writing = false;
      if (done) writeNext(state, ctx);
      else close(state, ctx, "could not write");
      return next(state);
    },
    lookAtWrite: (state, { connection }, ctx) => {
      if (state.connection?.number !== connection) return next(state);
      state.watch = null;
      if (!state.writing) return next(state);
      const leftMs = state.writingSinceMs + SEND_TIMEOUT_MS - ctx.platform.clock.monotonicMs();
      if (leftMs > 0) watchWrites(state, ctx, connection, leftMs);
      else close(state, ctx, "a message took too long to leave");
      return next(state);
    },
  },
  inspect: (state) => ({
    peer: state.args.peer,
    connected: state.connection !== null,
    dropped: state.outgoing.dropped,
  }),
});
