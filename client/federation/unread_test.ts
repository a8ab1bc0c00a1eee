/** Large results that are read from the answer's text: as they would be from its JSON, however they are written. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { u64Number } from "../../core/encoding/mod.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { Client } from "../core/client.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import type { Heard } from "../testing/world.ts";
import { ClientWorld, HONEST } from "../testing/world.ts";

/** Of what came as text. */
const texts: string[] = [];
const call = {
  method: "number",
  params: null,
  result: {
    ...u64Number,
    fromText: (text: string) => {
      texts.push(text);
      return /^[0-9]{1,3}$/.test(text) ? Number(text) : null;
    },
  },
};

/** @param written how guardians write the honest answer of 7 */
async function asked(written: (honest: string) => string | null) {
  const world = new ClientWorld(1), federation = toyFederation();
  texts.length = 0;
  const heard = ({ socket, honest }: Heard): void => {
    const text = honest.includes('"result":7}') ? written(honest) : honest;
    if (text !== null) socket.send(text);
  };
  const script = (asked: Parameters<typeof federation.honest>[0]) =>
    asked.method === "number" ? 7 : federation.honest(asked);
  await world.finish(startGuardians(world, federation, script, { ...HONEST, heard }));
  const store = await world.finish(world.openStore());
  const client = await world.finish(Client.open({ platform: world.platform, store, modules: [], log: () => {} }));
  await world.finish(client.join(federation.invite));
  const answer = client.running.api.one(0, call);
  return { answer: world.finish(answer), close: () => world.finish(client.close()) };
}

Deno.test("a result that is written as usual is read from its text, and every other one from its JSON", async () => {
  const ways: [string, (honest: string) => string, string[]][] = [
    ["as usual", (honest) => honest, ["7"]],
    ["of another form than its reader takes", (honest) => honest.replace(":7}", ": 7 }"), [" 7 "]],
    ["with a head of another form", (honest) => honest.replace('{"jsonrpc"', '{ "jsonrpc"'), []],
    ["with more behind it", (honest) => honest.replace(":7}", ':7,"more":{}}'), ['7,"more":{}']],
  ];
  for (const [how, written, read] of ways) {
    const { answer, close } = await asked(written);
    assertEquals([await answer, texts], [7, read], how);
    await close();
  }
});

Deno.test("a message that only begins as an answer is a failure of its guardian, and an error is told as one", async () => {
  for (
    const [written, reason] of [
      [(honest: string) => honest.replace(":7}", ":7,}"), "Response deserialization error"],
      [(honest: string) => honest.replace(":7}", ':7,"id":1000}'), "Response deserialization error"],
      [(honest: string) => honest.replace('"result":7}', '"error":{"code":-5,"message":"no"}}'), "no"],
    ] as const
  ) {
    const { answer, close } = await asked(written);
    const error = await assertRejects(() => answer, ApiError);
    assert(error.message.includes(reason), error.message);
    await close();
  }
});
