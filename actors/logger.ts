/** Structured logging: a level, the actor's path, a message, facts. Never a secret. */

export type LogLevel = "debug" | "info" | "warn" | "error";
/** Facts beside a message, as fields. Never a secret. */
export type LogFacts = { readonly [name: string]: string | number | bigint | boolean | null | undefined };
/** One line of the log. */
export type LogRecord = {
  readonly level: LogLevel;
  readonly path: string;
  readonly message: string;
  readonly facts: LogFacts;
};
/** Where the log goes. */
export type LogSink = (record: LogRecord) => void;

/** No `warn` in a run without a failure of something outside; `error` needs a person. */
export interface Logger {
  /** For whoever looks for a fault. */
  debug(message: string, facts?: LogFacts): void;
  /** What is worth knowing. */
  info(message: string, facts?: LogFacts): void;
  /** Something outside has failed; it goes on. */
  warn(message: string, facts?: LogFacts): void;
  /** A person has to see to it. */
  error(message: string, facts?: LogFacts): void;
}

export function loggerFor(path: string, sink: LogSink): Logger {
  const at = (level: LogLevel) => (message: string, facts: LogFacts = {}) => sink({ level, path, message, facts });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
