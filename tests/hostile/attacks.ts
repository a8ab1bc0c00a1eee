/** All attacks by name, and how one is begun and ended against a federation whose last guardian has an evil hand. */
import { fromFileUrl, join } from "@std/path";
import type { DevFederation, GuardianProgram } from "../../server/dev/federation/federation.ts";
import { ownProgram } from "../../server/dev/federation/processes.ts";
import { answerAttacks } from "./evil/answers.ts";
import { evilAttacks } from "./evil/attacks.ts";
import { itemAttacks } from "./evil/items.ts";
import { transactionAttacks } from "./evil/transactions.ts";
import { outsiderAttacks } from "./outsider/attacks.ts";
import type { Target } from "./outsider/sockets.ts";

export type Attack = { readonly name: string; readonly what: string; readonly by: "guardian" | "outsider" };

type Named = { readonly name: string; readonly what: string };

function by(who: Attack["by"], attacks: readonly Named[]): Attack[] {
  return attacks.map(({ name, what }) => ({ name, what, by: who }));
}

/**
 * In this order: a fork makes the others deaf to the guardian for the rest of the session, so that attack comes last.
 */
export const attacks: readonly Attack[] = [
  ...by("outsider", outsiderAttacks),
  ...by("guardian", itemAttacks),
  ...by("guardian", transactionAttacks),
  ...by("guardian", answerAttacks),
  ...by("guardian", evilAttacks),
];

/** @throws {Error} for a name that is no attack's */
export function attacksNamed(names: readonly string[]): readonly Attack[] {
  return names.map((name) => {
    const attack = attacks.find((one) => one.name === name);
    if (!attack) throw new Error(`There is no attack ${name}; \`deno task hostile --list\` names them`);
    return attack;
  });
}

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Guardian with an evil hand. @param control file that says which attack runs */
export function evilProgram(control: string): GuardianProgram {
  return { command: ownProgram("tests/hostile/evil/guardian.ts"), env: { HOSTILE_CONTROL: control } };
}

function evilPeer(federation: DevFederation): number {
  return federation.guardians.length - 1;
}

/** Where outsiders attack: the honest guardians. */
function targetsIn(federation: DevFederation): Target[] {
  return federation.guardians.filter(({ peer }) => peer !== evilPeer(federation))
    .map(({ apiUrl, p2pUrl }) => ({ apiUrl, p2pPort: Number(/:([0-9]+)\/?$/.exec(p2pUrl)![1]) }));
}

export type Running = { stop(): Promise<void> };

export async function begin(attack: Attack, federation: DevFederation, control: string): Promise<Running> {
  if (attack.by === "guardian") {
    await Deno.writeTextFile(control, attack.name);
    return { stop: () => Deno.writeTextFile(control, "") };
  }
  const program = join(ROOT, "tests/hostile/outsider/main.ts"), targets = JSON.stringify(targetsIn(federation));
  // an attacker has a machine of its own: on this one it takes what the guardians leave, before tests of lower rank
  const child = new Deno.Command("nice", {
    args: [
      "-n",
      "10",
      Deno.execPath(),
      "run",
      "-A",
      "--quiet",
      "--config",
      join(ROOT, "deno.json"),
      program,
      attack.name,
      targets,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let isRunning = true;
  const ended = child.status.then(() => {
    isRunning = false;
  });
  return {
    stop: async () => {
      const early = !isRunning;
      if (isRunning) child.kill("SIGKILL");
      await ended;
      if (early) throw new Error(`The attacker of ${attack.name} ended by itself: nothing was attacked`);
    },
  };
}
