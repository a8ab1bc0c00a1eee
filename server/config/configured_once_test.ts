import { assertEquals } from "@std/assert";
import { builtInModules } from "../modules.ts";
import { generateWith } from "../setup/testing/ceremony.ts";
import { ConfiguredOnce } from "./configured_once.ts";

const CONFIG = await generateWith(undefined, undefined, ["meta", "walletv2"]);

Deno.test("a config is decoded once, another one anew", () => {
  let checked = 0;
  const counting = new Map([...builtInModules].map(([kind, definition]) => {
    const validateConfig: typeof definition.validateConfig = (...args) => {
      checked++;
      return definition.validateConfig(...args);
    };
    return [kind, { ...definition, validateConfig }];
  }));
  const once = new ConfiguredOnce(counting);
  const modules = once.modulesOf(CONFIG);
  assertEquals([...modules.values()].map(({ definition }) => definition.kind).sort(), ["meta", "walletv2"]);
  assertEquals([once.modulesOf(CONFIG) === modules, checked], [true, 2]);
  assertEquals([once.modulesOf({ ...CONFIG }) === modules, checked], [false, 4]);
});
