/**
 * Everything that the command line touches of the world, so that a test can run it in its own process and look at what
 * it says.
 */
import type { Platform } from "../../actors/platform/platform.ts";
import type { Store } from "../../actors/store/store.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";

export type CliIo = {
  /** Without the program's name. */
  readonly args: readonly string[];
  /** Environment variables. */
  readonly env: (name: string) => string | undefined;
  readonly platform: Platform;
  /** The built-in modules, and those that these specifiers name. @throws {ModuleError} */
  readonly loadModules: (specifiers: readonly string[]) => Promise<readonly AnyClientModuleDefinition[]>;
  /** Makes the file when there is none; its folder exists. @throws {StoreError} `locked` and others */
  readonly openStore: (path: string) => Promise<Store>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Size in characters of the terminal that shows `out`; null when it goes elsewhere. */
  readonly terminal: { readonly columns: number; readonly rows: number } | null;
  /** Asks the person at the terminal: the line that is answered, empty at the end. Null when there is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** All that is left of standard input, of which not much more than so many characters are read. */
  readonly stdin: (charactersMax: number) => Promise<string>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};
