/**
 * The room on the disk with the data folder, looked at now and then: told while there is time, then strangers' backups are refused, then the
 * guardian stops in order, before the database fails in the midst of its work.
 */
import type { ActorContext } from "../actors/actor.ts";
import { defineActor, next } from "../actors/actor.ts";
import { FilesError } from "../actors/platform/error.ts";
import type { Files } from "../actors/platform/platform.ts";
import type { Cast } from "../actors/protocol.ts";
import { Reminder } from "../actors/reminder.ts";
import type { Result } from "../core/result.ts";
import { errorText, FedimintError } from "../core/result.ts";
import { DISK_BACKUPS_BYTES, DISK_LOOK_MS, DISK_STOP_BYTES, DISK_TOLD_BYTES } from "./limits.ts";

/** There is too little room on the disk to go on. */
export class DiskError extends FedimintError<
  { readonly code: "full"; readonly path: string; readonly freeBytes: number; readonly bytesMin: number }
> {}

/** What others see of it. */
export type DiskRoom = {
  /** Null until it is known, or where the system doesn't tell. */
  freeBytes: number | null;
};

export function newDiskRoom(): DiskRoom {
  return { freeBytes: null };
}

/** Whether there is room for what strangers want kept. */
export function hasRoomForStrangers({ freeBytes }: Readonly<DiskRoom>): boolean {
  return freeBytes === null || freeBytes >= DISK_BACKUPS_BYTES;
}

/** @throws {DiskError} `full` when there is too little room to begin */
export async function requireRoom(files: Files, path: string): Promise<void> {
  const freeBytes = await files.freeBytes(path);
  if (freeBytes !== null && freeBytes < DISK_STOP_BYTES) throw full(path, freeBytes);
}

function full(path: string, freeBytes: number): DiskError {
  return new DiskError(
    { code: "full", path, freeBytes, bytesMin: DISK_STOP_BYTES },
    `The disk with ${path} is nearly full: ${mib(freeBytes)} MiB are free. A guardian stops below ${
      mib(DISK_STOP_BYTES)
    } MiB, before its database fails. Nothing is lost: make room, then start it again.`,
  );
}

function mib(bytes: number): number {
  return Math.floor(bytes / (1024 * 1024));
}

export type DiskWatchArgs = {
  readonly path: string;
  readonly room: DiskRoom;
  /** Ends the process in order. */
  readonly isFull: (error: DiskError) => void;
};

type DiskWatchMessage = Cast<"look", null> | Cast<"looked", { outcome: Result<number | null, unknown> }>;

type State = DiskWatchArgs & { readonly reminder: Reminder };

function look({ path }: DiskWatchArgs, ctx: ActorContext<DiskWatchMessage>): void {
  ctx.run(() => ctx.platform.files.freeBytes(path), (outcome) => ({ type: "looked", args: { outcome } }));
}

export const diskWatch = defineActor<DiskWatchMessage, DiskWatchArgs, State>({
  name: "disk",
  init: (ctx, args) => {
    look(args, ctx);
    return { ...args, reminder: new Reminder(ctx.platform.clock, ctx.log) };
  },
  handle: {
    look: (state, _args, ctx) => {
      look(state, ctx);
      return next(state);
    },
    looked: (state, { outcome }, ctx) => {
      if (!outcome.ok && !(outcome.error instanceof FilesError)) throw outcome.error;
      const { path, room, reminder, isFull } = state;
      ctx.after(DISK_LOOK_MS, { type: "look", args: null });
      if (!outcome.ok) {
        room.freeBytes = null;
        reminder.say("The free space of the disk can't be read", errorText(outcome.error), { path });
        return next(state);
      }
      const freeBytes = outcome.value;
      room.freeBytes = freeBytes;
      if (freeBytes === null || freeBytes >= DISK_TOLD_BYTES) {
        reminder.over("The disk has room again", { path, freeBytes });
      } else if (freeBytes < DISK_STOP_BYTES) isFull(full(path, freeBytes));
      else {
        const what = hasRoomForStrangers(room) ? "make room" : "make room: no backups of clients are taken meanwhile";
        reminder.say("The disk is getting full, and this guardian will stop", what, {
          path,
          freeMib: mib(freeBytes),
          stopsBelowMib: mib(DISK_STOP_BYTES),
        });
      }
      return next(state);
    },
  },
  inspect: ({ room }) => ({ freeBytes: room.freeBytes }),
});
