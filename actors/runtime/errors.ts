/** The errors of sending, each with what the caller may do now; and the text of whatever was thrown. */
import { errorText } from "../../core/result.ts";
import { ActorError } from "../error.ts";
import { ERROR_TEXT_LENGTH_MAX } from "../limits.ts";

export function overloaded(path: string, type: string): ActorError {
  return new ActorError(
    { code: "overloaded", path, type },
    `The mailbox of ${path} is full and "${type}" was not taken. Try again later.`,
  );
}

export function deadlinePassed(path: string, type: string, deadlineMs: number): ActorError {
  return new ActorError(
    { code: "deadline", path, type },
    `${path} did not answer "${type}" within ${deadlineMs} ms. It may still do it: ask for the state before you repeat it.`,
  );
}

export function noActor(path: string, type: string): ActorError {
  return new ActorError({ code: "no_actor", path, type }, `There is no actor at ${path} now that takes "${type}".`);
}

/** `type` is empty where no message was sent: the reason of an actor's aborted signal. */
export function down(path: string, type: string): ActorError {
  return new ActorError(
    { code: "down", path, type },
    type === ""
      ? `${path} has ended.`
      : `${path} ended before it answered "${type}". It may have done it: ask for the state before you repeat it.`,
  );
}

export function startFailed(path: string, cause: unknown): ActorError {
  return new ActorError({ code: "start_failed", path }, `${path} could not start`, { cause });
}

export function duplicatePath(path: string): ActorError {
  return new ActorError(
    { code: "duplicate_path", path },
    `There is an actor at ${path} already. Stop it first or choose another id.`,
  );
}

export function gaveUp(path: string, cause: unknown): ActorError {
  return new ActorError({ code: "gave_up", path }, `${path} gave up after too many restarts`, { cause });
}

/** Bounded, and never throws: what was thrown may be anything, also an object that refuses to become a string. */
export function reasonText(thrown: unknown): string {
  let text: string;
  try {
    text = errorText(thrown);
  } catch (cause) {
    text = `a ${typeof thrown} without a text (${cause instanceof Error ? cause.message : typeof cause})`;
  }
  return text.length <= ERROR_TEXT_LENGTH_MAX ? text : `${text.slice(0, ERROR_TEXT_LENGTH_MAX)}…`;
}
