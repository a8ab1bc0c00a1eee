/** Errors of sending to actors, and of trees. */
import { FedimintError } from "../core/result.ts";

/** Why a message was not handled, or a tree of actors has ended. */
export class ActorError extends FedimintError<
  | {
    /**
     * `overloaded`: its mailbox is full, try again later · `deadline`: no answer in time, it may still do it ·
     * `no_actor`: no such path now · `down`: it stopped or crashed before it answered
     */
    readonly code: "overloaded" | "deadline" | "no_actor" | "down";
    readonly path: string;
    readonly type: string;
  }
  | { readonly code: "start_failed" | "gave_up" | "duplicate_path"; readonly path: string }
> {}
