/** What looks at a federation without a wallet: no data directory, nothing is stored. */
import { createSystem } from "../../actors/mod.ts";
import { Guardians } from "../core/guardians.ts";
import type { JoinTools } from "../federation/join.ts";
import { clientTree } from "../tree.ts";
import { CliError } from "./error.ts";
import type { Session } from "./session.ts";

/** @throws {CliError} `failed` with `--use-tor` · `interrupted` */
export async function withJoinTools<T>(session: Session, use: (tools: JoinTools) => Promise<T>): Promise<T> {
  const { io: { platform, signal }, log } = session;
  if (session.globals.useTor) throw CliError.noTor();
  const system = createSystem({ platform, log });
  await system.start(clientTree());
  try {
    return await session.orInterrupted(use(new Guardians({ system, platform, closing: signal }).joinTools));
  } finally {
    await system.stop();
  }
}
