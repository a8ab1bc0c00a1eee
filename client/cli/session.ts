/** A command's hold on the data directory: one process at a time, everything closed in order whatever happens. */
import { sleep } from "../../actors/platform/platform.ts";
import type { LogSink } from "../../actors/logger.ts";
import type { ReadTx, Store } from "../../actors/store/store.ts";
import { StoreError } from "../../actors/store/mod.ts";
import { orAborted } from "../../core/abort.ts";
import { DerivableSecret } from "../../core/crypto/derive_secret.ts";
import { DecodeError, parseHex } from "../../core/encoding/mod.ts";
import { isEndBy } from "../../modules/contract/waiting.ts";
import { Client } from "../core/client.ts";
import type { ClientOptions } from "../core/options.ts";
import { isNew, isResting } from "../core/resting.ts";
import { databasePath, officialDatabasePath } from "../core/database_path.ts";
import type { CheckedStore } from "../core/schema.ts";
import { checkedStore } from "../core/schema.ts";
import { adminSlot, entropySlot, joinedSlot } from "../federation/join_state.ts";
import { CliError } from "./error.ts";
import type { Globals } from "./globals.ts";
import type { CliIo } from "./io.ts";
import { tellFailed, tellRecovering } from "./recoveries.ts";

const LOCK_POLL_MS = 100;
/** A command of another process that is about to end is waited for without a word. */
const LOCK_QUIET_MS = 500;
/**
 * How long a command that only waits keeps the data directory at a time, and for how long it then leaves it to others.
 */
const TURN_MS = 10_000;
const TURN_PAUSE_MS = 1_000;
/** Variables by which the reference knows that it is tested: it then looks for deposits every second. */
const TEST_VARIABLES = ["FM_IN_DEVIMINT", "NEXTEST"];

type Manner = {
  /** Without a word while it waits for another process: it did so before. */
  readonly quiet?: boolean;
  /** In which wallets nothing is set going, as nothing is under way. Left out: in none. */
  readonly onlyLooksIf?: (tx: ReadTx, modules: ClientOptions["modules"]) => Promise<boolean>;
};

export class Session {
  readonly io: CliIo;
  readonly globals: Globals;
  readonly log: LogSink;

  constructor(io: CliIo, globals: Globals, log: LogSink) {
    this.io = io;
    this.globals = globals;
    this.log = log;
  }

  /** @throws {CliError} `interrupted` as soon as it is asked to end */
  orInterrupted<T>(promise: Promise<T>): Promise<T> {
    return orAborted(promise, this.io.signal, () => new CliError({ code: "interrupted" }, "Interrupted"));
  }

  async #dataDir(): Promise<string> {
    const { dataDir } = this.globals;
    if (dataDir === null) throw new CliError({ code: "no_data_dir" }, "`--data-dir=` argument not set.");
    const { files } = this.io.platform;
    const other = officialDatabasePath(dataDir);
    if (await files.list(other) !== undefined) {
      throw CliError.failed(
        `${other} is the database of another program, which this one can't read. ` +
          "Use another --data-dir and send the money from the one to the other.",
      );
    }
    await files.makeDirectory(dataDir, { secret: true });
    return dataDir;
  }

  /** Of this program's version. @param quiet without a word while it waits for another process: it did so before */
  async #openStore(modules: ClientOptions["modules"], quiet = false): Promise<CheckedStore> {
    const store = await this.#freeStore(quiet);
    try {
      return await checkedStore(store, modules);
    } catch (thrown) {
      await store.close();
      throw thrown;
    }
  }

  /** The built-in modules, and those of `--module`. @throws {ModuleError} */
  #modules(): Promise<ClientOptions["modules"]> {
    return this.io.loadModules(this.globals.modules);
  }

  /** Waits for another process as long as it takes, and says so. */
  async #freeStore(quiet: boolean): Promise<Store> {
    const { io } = this;
    const { clock } = io.platform;
    const dataDir = await this.#dataDir();
    const tellMs = quiet ? Infinity : clock.monotonicMs() + LOCK_QUIET_MS;
    for (let told = false;;) {
      try {
        return await io.openStore(databasePath(dataDir));
      } catch (thrown) {
        if (!(thrown instanceof StoreError && thrown.facts.code === "locked")) throw thrown;
        if (!told && clock.monotonicMs() >= tellMs) {
          const { pid } = thrown.facts, who = pid === null ? "Another process" : `Process ${pid}`;
          io.err(`${who} uses ${dataDir}: waiting until it has ended. Ctrl-C gives up.\n`);
          told = true;
        }
        await this.orInterrupted(sleep(clock, LOCK_POLL_MS, io.signal));
      }
    }
  }

  /** The database without a client. */
  async withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
    const store = await this.#openStore(await this.#modules());
    try {
      return await this.orInterrupted(use(store));
    } finally {
      await store.close();
    }
  }

  /** A client that has joined, in its database, running. */
  withClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.#withJoined(use, {});
  }

  /**
   * The same for what only reads the database: where nothing is under way, nothing is set going, as the command would
   * end before anything came of it.
   */
  looking<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.#withJoined(use, { onlyLooksIf: isResting });
  }

  /**
   * The same for what perhaps needs the database alone.
   * @param isAtHand whether it does: it takes what is stored, and leaves nothing under way
   * @param mayBe whether it can, with these modules: otherwise nobody looks first. Default: it can
   */
  lookingFirst<T>(
    isAtHand: (client: Client) => Promise<boolean>,
    use: (client: Client) => Promise<T>,
    mayBe: (modules: ClientOptions["modules"]) => boolean = () => true,
  ): Promise<T> {
    return this.#withJoined(async (client) => {
      if (client.options.onlyLooks && !await isAtHand(client)) await client.goOn(this.io.signal);
      return await use(client);
    }, { onlyLooksIf: async (tx, modules) => mayBe(modules) && await isResting(tx) });
  }

  /**
   * The same for what only waits, perhaps for hours: again and again for a few seconds, between which other processes
   * have their turn.
   * @param use ends without a result when its signal is aborted, and goes on where it was when it is called again
   */
  async inTurns<T>(use: (client: Client, signal: AbortSignal) => Promise<T | undefined>): Promise<T> {
    const { io: { platform: { clock }, signal } } = this;
    for (let quiet = false;; quiet = true) {
      const result = await this.#withJoined(async (client) => {
        const turn = new AbortController();
        const timer = clock.setTimer(TURN_MS, () => turn.abort());
        try {
          return await use(client, AbortSignal.any([signal, turn.signal]));
        } catch (thrown) {
          if (!isEndBy(turn.signal, thrown)) throw thrown;
          return undefined;
        } finally {
          timer.cancel();
        }
      }, { quiet });
      if (result !== undefined) return result;
      await this.orInterrupted(sleep(clock, TURN_PAUSE_MS, signal));
    }
  }

  #withJoined<T>(use: (client: Client) => Promise<T>, manner: Manner): Promise<T> {
    return this.#withClient(manner, async (store) => {
      const hasWords = await store.read((tx) => entropySlot.get(tx)) !== undefined;
      const hasSecret = this.federationSecret() !== null;
      if (hasWords && hasSecret) throw this.secretBesideWords("open");
      if (!hasWords && !hasSecret) {
        throw new CliError({ code: "not_joined" }, "Encoded client secret not present in DB");
      }
      if (await store.read((tx) => joinedSlot.get(tx)) === undefined) {
        throw new CliError({ code: "not_joined" }, "Client database not initialized");
      }
    }, async (client) => {
      if (!manner.quiet) await tellRecovering(this.io, client);
      const result = await use(client);
      await tellFailed(this.io, client);
      return result;
    });
  }

  /** A client, whether it has joined or not. */
  withAnyClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.#withClient({}, () => Promise.resolve(), use);
  }

  /** The same for one that may join: a new one begins with nothing else, as the command ends then. */
  withJoining<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.#withClient({ onlyLooksIf: isNew }, () => Promise.resolve(), use);
  }

  async #withClient<T>(
    { quiet = false, onlyLooksIf }: Manner,
    check: (store: Store) => Promise<void>,
    use: (client: Client) => Promise<T>,
  ): Promise<T> {
    if (this.globals.useTor) throw CliError.noTor();
    const modules = await this.#modules();
    const store = await this.#openStore(modules, quiet);
    let client: Client;
    try {
      const admin = await this.#admin(store);
      await check(store);
      const options = {
        ...this.#options(store, modules, admin),
        store,
        onlyLooks: onlyLooksIf !== undefined && await store.read((tx) => onlyLooksIf(tx, modules)),
      };
      client = await this.orInterrupted(Client.openChecked(options, this.io.signal));
    } catch (thrown) {
      await store.close();
      throw thrown;
    }
    try {
      return await this.orInterrupted(Promise.race([use(client), client.failed]));
    } finally {
      await client.close();
    }
  }

  #options(store: Store, modules: ClientOptions["modules"], admin: ClientOptions["admin"]): ClientOptions {
    const { platform, env } = this.io, secret = this.federationSecret();
    return {
      platform,
      store,
      modules,
      log: this.log,
      // a command would end before a later payment used what was found
      findsAhead: false,
      testEnvironment: TEST_VARIABLES.some((name) => !["", "0", "false", undefined].includes(env(name))),
      ...(admin && { admin }),
      ...(secret && { secret }),
    };
  }

  /** What was given, else what `admin auth` stored. @throws {CliError} `failed` when an id was given and no password */
  async #admin(store: Store): Promise<ClientOptions["admin"]> {
    const { ourId } = this.globals;
    if (ourId !== null) return { peer: ourId, password: this.password() };
    return await store.read((tx) => adminSlot.get(tx));
  }

  /** Secret. Null when none was given. @throws {CliError} `failed` */
  federationSecret(): DerivableSecret | null {
    const { federationSecretHex } = this.globals;
    if (federationSecretHex === null) return null;
    try {
      return DerivableSecret.fromBytes(parseHex(federationSecretHex));
    } catch (thrown) {
      // without the cause: it may quote what it found
      if (thrown instanceof DecodeError) throw CliError.failed("invalid federation secret hex");
      throw thrown;
    }
  }

  secretBesideWords(what: "open" | "restore"): CliError {
    return CliError.failed(
      `client secret is already set in DB; --federation-secret-hex ${what} requires a client DB without any stored secret`,
    );
  }

  /** Secret. @throws {CliError} `failed` */
  password(): string {
    if (this.globals.password === null) throw CliError.failed("CLI needs password set");
    return this.globals.password;
  }
}
