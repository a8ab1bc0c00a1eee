import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { Client } from "../core/client.ts";
import { ClientError } from "../error.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import type { ToyOptions } from "../testing/federation.ts";
import { ClientWorld } from "../testing/world.ts";
import type { Script } from "../testing/world.ts";
import type { MetaFields } from "./meta.ts";
import { fetchMeta, fieldsOfModule } from "./meta.ts";

const URL_OF_OVERRIDES = "http://127.0.0.1:8080/meta.json";

async function fetched(
  options: ToyOptions,
  consensus: Json | null,
  body?: (id: string) => { status: number; text: string },
) {
  const world = new ClientWorld(1), federation = toyFederation(options);
  const script: Script = (asked) => asked.method === "module_3_get_consensus" ? consensus : federation.honest(asked);
  await world.finish(startGuardians(world, federation, script));
  await world.finish(world.platform.network.serveHttp({ hostname: "0.0.0.0", port: 8080 }, () => {
    const { status, text } = body!(federation.invite.federationId);
    return new Response(text, { status });
  }));
  const store = await world.finish(world.openStore());
  const client = await world.finish(Client.open({ platform: world.platform, store, modules: [], log: () => {} }));
  await world.finish(client.join(federation.invite));
  const { api, joined: { config }, federationId } = client.running;
  try {
    return await world.finish(fetchMeta({ platform: world.platform, api, config, federationId }));
  } finally {
    await world.finish(client.close());
  }
}

function consensusOf(text: string): Json {
  return { revision: 4, value: [...utf8(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

const meta = { federation_name: "config", number: "123" };

Deno.test("what guardians agreed on in the meta module replaces the config's fields; strings that hold JSON are that JSON", async () => {
  const options = { meta, modules: new Map([[3, "meta"]]) };
  const fields = await fetched(options, consensusOf('{"federation_name":"module","n":"17","o":{"a":1}}'));
  assertEquals(
    fields,
    { revision: 4n, values: { federation_name: "module", n: 17, o: { a: 1 } } } satisfies MetaFields,
  );
});

Deno.test("without a value there the config's fields count, as the strings they are", async () => {
  assertEquals(await fetched({ meta, modules: new Map([[3, "meta"]]) }, null), { revision: 0n, values: meta });
  assertEquals(await fetched({ meta }, null), { revision: 0n, values: meta });
});

Deno.test("a URL in the config adds to its fields and beats them", async () => {
  const options = { meta: { ...meta, meta_override_url: URL_OF_OVERRIDES } };
  const fields = await fetched(options, null, (id) => ({
    status: 200,
    text: stringifyJson({ [id]: { federation_name: "override", extra: 5 }, other: { federation_name: "no" } }),
  }));
  assertEquals(fields.values, {
    federation_name: "override",
    number: "123",
    meta_override_url: URL_OF_OVERRIDES,
    extra: 5,
  });
});

Deno.test("a URL that answers badly, not for this federation, or endlessly is an error", async () => {
  const options = { meta: { meta_override_url: URL_OF_OVERRIDES } };
  const bad = [
    { status: 404, text: "{}" },
    { status: 200, text: "{}" },
    { status: 200, text: "no json" },
    { status: 200, text: `{"a":"${"x".repeat(1_000_001)}"}` },
  ];
  for (const answer of bad) await assertRejects(() => fetched(options, null, () => answer));
});

Deno.test("a value that is no JSON object is an error, not an empty set of fields", () => {
  for (const value of ["[1]", "null", "{", "\ufeff{}"]) {
    assertThrows(() => fieldsOfModule({ revision: 0n, value: utf8(value) }), ClientError);
  }
  assertThrows(() => fieldsOfModule({ revision: 0n, value: Uint8Array.of(0x22, 0xff, 0x22) }), ClientError);
});
