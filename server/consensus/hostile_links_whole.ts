/** Some of the attacks of `../broadcast/testing/hostile.ts` over real links; all of them in `tests/slow`. */
import { attackOverLinks } from "./testing/hostile_links.ts";

const ATTACKS = [
  "asks for all units for itself",
  "accuses itself in ever other words",
  "makes units of far rounds that nobody else is in",
  "makes huge units",
  "says nonsense behind every kind's index",
];

for (const title of ATTACKS) {
  Deno.test(`over links, rounds go on while one of four ${title}`, () => attackOverLinks(title));
}
