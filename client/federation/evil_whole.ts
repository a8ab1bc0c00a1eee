/** One guardian of four breaks the protocol in every way: nobody notices. Two do: the client says which. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { LogRecord } from "../../actors/logger.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { MESSAGE_BYTES_MAX } from "../../actors/rpc/mod.ts";
import { u64Number } from "../../core/encoding/mod.ts";
import { ok } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { Client } from "../core/client.ts";
import { toyFederation } from "../testing/federation.ts";
import type { Asked, Behaviour, Heard, Script } from "../testing/world.ts";
import { ClientWorld, serveGuardian } from "../testing/world.ts";

const call = { method: "number", params: null, result: u64Number };

function sends(text: (heard: Heard) => string): Behaviour {
  return { heard: (message) => message.socket.send(text(message)) };
}

function result(json: string): Behaviour {
  return sends(({ id }) => `{"jsonrpc":"2.0","id":${id},"result":${json}}`);
}

function error(json: string): Behaviour {
  return sends(({ id }) => `{"jsonrpc":"2.0","id":${id},"error":${json}}`);
}

/** What a guardian's answers may be that are none. */
const WORTHLESS: Readonly<Record<string, Behaviour>> = {
  "no answer": { heard: () => {} },
  "no JSON": sends(() => "hello"),
  "an empty message": sends(() => ""),
  "half of an answer": sends(({ honest }) => honest.slice(0, honest.length / 2)),
  "something behind the answer": sends(({ honest }) => `${honest}}`),
  "a list": sends(({ honest }) => `[${honest}]`),
  "null": sends(() => "null"),
  "no id": sends(({ honest }) => honest.replace(/"id":[0-9]+,/, "")),
  "an id that is null": sends(({ honest }) => honest.replace(/"id":[0-9]+/, '"id":null')),
  "an id in quotes": sends(({ honest }) => honest.replace(/"id":([0-9]+)/, '"id":"$1"')),
  "an id with a fraction": sends(({ honest }) => honest.replace(/"id":([0-9]+)/, '"id":$1.0')),
  "a huge id": sends(({ honest }) => honest.replace(/"id":[0-9]+/, `"id":${"9".repeat(1_000)}`)),
  "the id of no call": sends(({ honest, id }) => honest.replace(`"id":${id}`, `"id":${id + 1}`)),
  "neither result nor error": sends(({ id }) => `{"jsonrpc":"2.0","id":${id}}`),
  "a negative number": result("-5"),
  "a fraction": result("5.0"),
  "NaN": result("NaN"),
  "a number beyond 2^53": result("9007199254740993"),
  "a number beyond u64": result("18446744073709551616"),
  "a number of a million digits": result("9".repeat(1_000_000)),
  "a text": result('"5"'),
  "a result that is null": result("null"),
  "an object": result("{}"),
  "a list around": result("[5]"),
  "a deeply nested list": result("[".repeat(100_000) + "]".repeat(100_000)),
  "a text of 9 MB": result(`"${"x".repeat(9_000_000)}"`),
  "an error without a code": error('{"message":"x"}'),
  "an error that is a text": error('"x"'),
  "an error with a code that is a text": error('{"code":"1","message":"x"}'),
  "an error with a message that is a number": error('{"code":1,"message":2}'),
  "more than a message may hold": result(`"${"x".repeat(MESSAGE_BYTES_MAX)}"`),
  "the end of the connection": { heard: ({ socket }) => socket.close() },
  "the end of the connection as soon as it is open": { opened: (socket) => socket.close(), heard: () => {} },
};

/** For answers that are larger than the client takes. */
const ROOM_BYTES = 1_024;
/** For so long those that turn evil let a client join. */
const HONEST_MS = 1_800_000;

/** Rude, and yet answers. */
const ANSWERING: Readonly<Record<string, Behaviour>> = {
  "late answers": {
    heard: ({ socket, platform, honest }) => void sleep(platform.clock, 50_000).then(() => socket.send(honest)),
  },
  "two answers": {
    heard: ({ socket, id, honest }) => {
      socket.send(honest);
      socket.send(`{"jsonrpc":"2.0","id":${id},"result":666}`);
    },
  },
  "answers to what nobody asked": {
    opened: (socket) => {
      for (let id = 100; id < 1_100; id++) socket.send(`{"jsonrpc":"2.0","id":${id},"result":666}`);
    },
    heard: ({ socket, honest }) => socket.send(honest),
  },
  "noise between the answers": {
    heard: ({ socket, honest }) => {
      for (const noise of ["", "{", "[]", '{"method":"subscription","params":[1]}', honest]) socket.send(noise);
    },
  },
};

type Setting = { readonly world: ClientWorld; readonly client: Client; readonly records: LogRecord[] };

/** A client that has joined with the evil ones among the guardians. */
async function setting(evil: ReadonlyMap<PeerId, Behaviour>, evilFromMs = 0): Promise<Setting> {
  const world = new ClientWorld(1), federation = toyFederation(), records: LogRecord[] = [];
  const { platform } = world;
  const script: Script = (asked: Asked) => asked.method === "number" ? 5 : federation.honest(asked);
  const startMs = world.world.nowMs;
  for (const peer of federation.config.global.apiEndpoints.keys()) {
    const behaviour = evil.get(peer);
    const later: Behaviour | undefined = behaviour && {
      ...behaviour,
      heard: (message) =>
        world.world.nowMs - startMs < evilFromMs ? message.socket.send(message.honest) : behaviour.heard(message),
      messageBytesMax: MESSAGE_BYTES_MAX + ROOM_BYTES,
    };
    const port = Number(new URL(federation.config.global.apiEndpoints.get(peer)!.url).port);
    await world.finish(serveGuardian(platform, { hostname: "0.0.0.0", port }, peer, script, later));
  }
  const store = await world.finish(world.openStore());
  const client = await world.finish(
    Client.open({ platform, store, modules: [], log: (record) => records.push(record) }),
  );
  await world.finish(client.join(federation.invite));
  return { world, client, records };
}

/** Nothing crashed, and the client closes. */
async function closed({ world, client, records }: Setting): Promise<void> {
  await world.world.run({ forMs: 200_000 });
  assertEquals(records.filter(({ level }) => level === "error"), []);
  await world.finish(client.close());
}

for (const [name, evil] of Object.entries({ ...WORTHLESS, ...ANSWERING })) {
  Deno.test(`a client joins and asks while one guardian gives ${name}`, async () => {
    const at = await setting(new Map([[3, evil]]));
    const { world, client } = at, { api } = client.running;
    assertEquals(await world.finish(api.consensus(call)), 5);
    assertEquals(await world.finish(api.agreement(call)), 5);
    const begunMs = world.world.nowMs;
    const own = await world.finish(api.ask(3, call));
    assertEquals(own.ok, name in ANSWERING);
    assert(world.world.nowMs - begunMs < 61_000, "a guardian that says nothing is not waited for for ever");
    await closed(at);
  });
}

for (const [name, evil] of Object.entries(WORTHLESS).filter(([, { opened }]) => !opened)) {
  Deno.test(`two guardians of four that give ${name} are named, in a minute`, async () => {
    const at = await setting(new Map([[1, evil], [3, evil]]), HONEST_MS);
    const { world, client } = at;
    await world.world.run({ forMs: HONEST_MS });
    const begunMs = world.world.nowMs;
    const thrown = await assertRejects(() => world.finish(client.running.api.consensus(call)), ApiError);
    assert(thrown.facts.code === "federation", thrown.code);
    assertEquals(Object.keys(thrown.facts.peers), ["1", "3"]);
    assert(thrown.message.length < 1_000, `${thrown.message.length} characters`);
    assert(world.world.nowMs - begunMs < 61_000);
    await closed(at);
  });
}

Deno.test("a call whose connection ends is asked once more on another, then fails at once", async () => {
  let cuts = 0, heard = 0;
  const cutting: Behaviour = {
    heard: ({ socket, honest }) => {
      heard++;
      if (cuts++ < 3) socket.close();
      else socket.send(honest);
    },
  };
  const at = await setting(new Map([[3, cutting]]), HONEST_MS);
  const { world, client } = at, { api } = client.running;
  await world.world.run({ forMs: HONEST_MS });
  const begunMs = world.world.nowMs;
  const cut = await world.finish(api.ask(3, call));
  assert(!cut.ok && cut.error.startsWith("Transport error: "), "two cuts are no answer");
  assertEquals(heard, 2);
  // the third cut is made good by the second try
  assertEquals(await world.finish(api.ask(3, call)), ok(5));
  assertEquals(heard, 4);
  assert(world.world.nowMs - begunMs < 5_000);
  await closed(at);
});
