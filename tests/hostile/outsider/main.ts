/** An attacker as a process: `main.ts ATTACK TARGETS`, until it is killed. TARGETS: JSON, a list of `Target`. */
import { outsiderAttacks } from "./attacks.ts";
import type { Target } from "./sockets.ts";

const [name, targets] = Deno.args;
const attack = outsiderAttacks.find((one) => one.name === name);
if (!attack || targets === undefined) {
  console.error(`expected one of ${outsiderAttacks.map((one) => one.name).join(", ")}, and targets`);
  Deno.exit(2);
}
const over = new AbortController();
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
await Promise.all((JSON.parse(targets) as Target[]).map((target) => attack.run(target, over.signal)));
