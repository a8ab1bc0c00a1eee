/** Every attack of one evil guardian over real links: some of them are quick tests. */
import { ATTACKS } from "../../server/broadcast/testing/hostile.ts";
import { attackOverLinks } from "../../server/consensus/testing/hostile_links.ts";

for (const title of Object.keys(ATTACKS)) {
  Deno.test(`over links, rounds go on while one of four ${title}`, () => attackOverLinks(title));
}
