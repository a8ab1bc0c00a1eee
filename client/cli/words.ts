/**
 * A wallet's words for a command: asked for on the terminal, from standard input, or as an argument. On the terminal
 * they are seen while they are typed: twelve words that nobody sees are twelve chances of a mistake.
 */
import type { GivenWords } from "../../core/crypto/words.ts";
import { readWords, WORDS_TEXT_MAX, wordsFaultText } from "../../core/crypto/words.ts";
import type { Result } from "../../core/result.ts";
import { err } from "../../core/result.ts";
import { parsePasted, pastedAdvice } from "../pasted.ts";
import { CliError } from "./error.ts";
import { STDIN } from "./pasted.ts";
import type { Session } from "./session.ts";

/** Who mistypes so often needs to look at the paper in peace. */
const TRIES_MAX = 3;
/** 24 words, a line each, and some that are empty. */
const LINES_MAX = 100;

const PLACES =
  "Leave them out to be asked for them on the terminal, or give them on standard input and - in their place: " +
  "what stands in a command, all programs on this machine can see, and the shell keeps it.";

/**
 * Words that a command was given; null when it was given none.
 * @param argument what stands in the command in the place of words
 * @param mnemonic fedimint-cli's option for scripts
 * @returns secret
 * @throws {CliError} `usage` · `failed`: wrong words · `interrupted`
 */
export async function wordsArgument(
  session: Session,
  argument: readonly string[],
  mnemonic: string | undefined,
): Promise<GivenWords | null> {
  if (mnemonic !== undefined) {
    if (argument.length > 0) throw CliError.usage("Words are given once: by --mnemonic, by -, or on the terminal.");
    return accepted(wordsIn(mnemonic));
  }
  if (argument.length === 0) return null;
  if (argument.length !== 1 || argument[0] !== STDIN) throw CliError.usage(`Words don't stand in a command. ${PLACES}`);
  if (session.io.ask !== null) session.io.err("Paste the words here, then press Ctrl-D on a line of its own.\n");
  return accepted(wordsIn(await session.orInterrupted(session.io.stdin(WORDS_TEXT_MAX))));
}

function accepted(read: Result<GivenWords, string>): GivenWords {
  if (read.ok) return read.value;
  throw CliError.failed(read.error);
}

/** What is wrong with a text that isn't words, and what it is when that is known. Nothing of it is repeated. */
function wordsIn(text: string): Result<GivenWords, string> {
  const read = readWords(text);
  if (read.ok) return read;
  const found = parsePasted(text);
  const isOther = !["secret", "unknown", "damaged", "nothing", "too_long"].includes(found.is);
  return err(isOther ? `Expected the words of a wallet. ${pastedAdvice(found)}` : wordsFaultText(read.error));
}

/** @returns secret. @throws {CliError} `failed`: wrong words, or nobody to ask · `interrupted` */
export async function askWords(session: Session): Promise<GivenWords> {
  const { io } = session, { ask } = io;
  if (ask === null) {
    throw CliError.failed(
      "There is no terminal to ask for the words on. Give them on standard input, and - in their place.",
    );
  }
  io.err("Type the words of the wallet, in one line or in several; an empty line ends them.\n");
  io.err("They stay on the screen: see that nobody looks on, and clear it afterwards.\n");
  for (let tries = 1;; tries++) {
    const read = wordsIn(await session.orInterrupted(linesFrom(ask)));
    if (read.ok) return read.value;
    if (tries === TRIES_MAX) throw CliError.failed(read.error);
    io.err(`${read.error}\nOnce more, all of them:\n`);
  }
}

async function linesFrom(ask: (question: string) => Promise<string>): Promise<string> {
  const lines: string[] = [];
  for (let characters = 0; lines.length < LINES_MAX && characters <= WORDS_TEXT_MAX;) {
    const line = await ask("> ");
    if (line.trim() === "") break;
    lines.push(line);
    characters += line.length + 1;
  }
  return lines.join("\n");
}
