/** A federation, for people who come to it: its invite code, what it is, what it says to those who join. */
import { errorText, FedimintError } from "../../core/result.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import type { Client } from "../core/client.ts";
import { fetchMeta } from "../federation/meta.ts";
import { PastedError, readInviteCode } from "../pasted.ts";
import { CliError } from "./error.ts";
import type { Session } from "./session.ts";
import type { FederationPreview } from "../federation/preview.ts";
import { printable } from "./printable.ts";

/** Lines; names are what guardians say. */
export function federationLines({ federationId, name, network, guardians, modules }: FederationPreview): string[] {
  const title = name === null ? "A federation without a name" : `Federation: ${printable(name)}`;
  const names = guardians.map(({ name }) => printable(name)).join(", ");
  const unknown = modules.filter(({ isKnown }) => !isKnown).map(({ kind }) => printable(kind));
  return [
    `${title}${network === null ? "" : `, on ${network}`}`,
    `Its id: ${federationId}`,
    `Guardians: ${names}`,
    ...unknown.length === 0 ? [] : [`What this client doesn't know of it: ${unknown.join(", ")}`],
  ];
}

/** @throws {CliError} `failed` */
export function readInvite(text: string): InviteCode {
  try {
    return readInviteCode(text);
  } catch (thrown) {
    if (thrown instanceof PastedError) throw CliError.failed("invalid invite code", { cause: thrown });
    throw thrown;
  }
}

/** The federation's message to those who join. Failing to get one is no reason not to have joined. */
export async function welcome(client: Client, { io }: Session): Promise<void> {
  const { joined: { config }, federationId, api } = client.running;
  try {
    const { values } = await fetchMeta({ platform: io.platform, api, config, federationId }, io.signal);
    const message = values["welcome_message"];
    if (typeof message === "string") io.err(`${printable(message)}\n`);
  } catch (thrown) {
    if (!(thrown instanceof FedimintError)) throw thrown;
    io.err(`The federation's welcome message could not be read: ${printable(errorText(thrown))}\n`);
  }
}
