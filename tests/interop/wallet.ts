/** A wallet behind a command line: the official one or ours, which take the same words and answer alike. */
import { join } from "@std/path";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { ownProgram } from "../../server/dev/federation/processes.ts";
import type { Ran } from "./run.ts";
import { run } from "./run.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

/**
 * An address for deposits takes 65,536 tries on average, and now and then five times as many: some minutes where other
 * suites leave a part of a core.
 */
const COMMAND_MS = 1_200_000;

export class Wallet {
  /** As in "the official client". */
  readonly name: string;
  readonly #command: readonly string[];
  readonly #suite: Suite;
  readonly #dir: string;

  private constructor(suite: Suite, name: string, command: readonly string[]) {
    this.name = name;
    this.#suite = suite;
    this.#command = command;
    this.#dir = join(suite.dir, name.replaceAll(" ", "-"));
  }

  /** @param fedimintCli path of the program */
  static official(suite: Suite, name: string, fedimintCli: string): Wallet {
    return new Wallet(suite, name, [fedimintCli]);
  }

  /** @param modules further ones that it loads, as for `--module` */
  static ours(suite: Suite, name: string, modules: readonly string[] = []): Wallet {
    const flags = modules.flatMap((module) => ["--module", module]);
    return new Wallet(suite, name, [...ownProgram("client/main.ts"), ...flags]);
  }

  async run(...args: string[]): Promise<Ran> {
    const ran = await run([...this.#command, "--data-dir", this.#dir, ...args], {
      withinMs: COMMAND_MS,
      env: { FM_IN_DEVIMINT: "1" },
      signal: this.#suite.signal,
    });
    const log = `$ ${args.join(" ")}\n${ran.err}${ran.out}\n`;
    await Deno.writeTextFile(`${this.#dir}.log`, log, { append: true });
    return ran;
  }

  /** What the command prints. @throws Error when it doesn't end well */
  async ask(...args: string[]): Promise<Json> {
    const { exit, out, err } = await this.run(...args);
    demand(exit === 0, `${args.join(" ")}: exit ${exit}: ${out}${err}`);
    return parseJson(out);
  }

  async balanceMsat(): Promise<bigint> {
    const info = await this.ask("info") as JsonObject;
    return BigInt(info.total_amount_msat as number | bigint);
  }

  /** What a guardian owns must be worth what it owes. @param password of its API. Secret. */
  async checkAudit(peer: number, password: string): Promise<void> {
    const audit = await this.ask("--our-id", String(peer), "--password", password, "admin", "audit") as JsonObject;
    demand((audit.net_assets as number) >= 0, `guardian ${peer}: ${stringifyJson(audit)}`);
  }

  /** Newest operation of a kind of module whose meta has this member. */
  async operation(kind: string, member: string): Promise<Json> {
    const { operations } = await this.ask("list-operations") as unknown as { operations: readonly JsonObject[] };
    const found = operations.find(({ operation_kind, operation_meta }) =>
      operation_kind === kind && Object.hasOwn(operation_meta as JsonObject, member)
    );
    if (!found) throw new Error(`no operation ${kind} ${member} in ${stringifyJson(operations as Json)}`);
    return found;
  }

  /** Newest thousand of the event log's, of one kind. */
  async events(kind: string): Promise<readonly Json[]> {
    const events = await this.ask("dev", "show-event-log", "--limit", "1000") as readonly JsonObject[];
    return events.filter((event) => event.kind === kind);
  }
}
