/** What a guardian's owner is told beside the JSON, which stays the official one's. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";
import { announcementOf, startGuardians, toyFederation } from "../testing/federation.ts";
import type { Asked, Script } from "../testing/world.ts";
import { ClientWorld, Refusal, serveGuardian, unknownMethod } from "../testing/world.ts";
import type { Ran } from "./testing/mod.ts";
import { quietModules, recordedFederation, recordedInvite, runInWorld, WALLET_DIR } from "./testing/mod.ts";

const SIGNATURE = "11".repeat(64);
const PEERS = {
  expected: 4,
  guardians: [
    { name: "alice", own: true, api_url: "ws://a:1/", p2p_url: "fedimint://a:2" },
    { name: "b\u001b[2Job", own: false, api_url: "ws://b:1/", p2p_url: "fedimint://b:2" },
  ],
};

function content(urls: string[], timestampSecs: number): Json {
  const text = stringifyJson({ api_urls: urls, pkarr_id_z32: "y", timestamp_secs: timestampSecs });
  return { content: text, signature: SIGNATURE };
}

/** `admin …` of guardian 0, with these answers; all else as it was recorded. */
async function admin(answers: Record<string, (asked: Asked) => Json>, ...args: string[]): Promise<Ran> {
  const world = await recordedFederation((asked, recorded) => (answers[asked.method] ?? recorded)(asked));
  const options = { modules: quietModules };
  const dir = ["--data-dir", WALLET_DIR];
  await runInWorld(world, [...dir, "join", recordedInvite()], options);
  return await runInWorld(world, [...dir, "--our-id", "0", "--password", "pass", "admin", ...args], options);
}

const announced = (url: string) => ({ api_announcement: { api_url: url, nonce: 1 }, signature: SIGNATURE });

Deno.test("an announcement that the guardian's metadata outranks says so", async () => {
  const signs = { sign_api_announcement: () => announced("ws://new/") };
  const args = ["sign-api-announcement", "ws://new"];
  const outranked = await admin({ ...signs, guardian_metadata: () => ({ "0": content(["ws://old/"], 7) }) }, ...args);
  assertEquals([outranked.exit, parseJson(outranked.out)], [0, announced("ws://new/")]);
  assertStringIncludes(outranked.err, "metadata outranks announcements and still names ws://old/");
  for (
    const metadata of [
      () => ({ "0": content(["ws://new/"], 7) }),
      () => ({ "0": content([], 7) }),
      () => ({ "1": content(["ws://old/"], 7) }),
      () => unknownMethod(),
      () => {
        throw new Refusal(500, "no");
      },
    ]
  ) {
    const { exit, out, err } = await admin({ ...signs, guardian_metadata: metadata }, ...args);
    assertEquals([exit, parseJson(out), err], [0, announced("ws://new/"), ""]);
  }
});

Deno.test("metadata whose time the guardian raised says so", async () => {
  const args = ["sign-guardian-metadata", "--api-urls", "ws://new", "--pkarr-id", "y"];
  const givenSecs = ({ params }: Asked): number => Number((params as JsonObject).timestamp_secs);
  const raised = await admin(
    { sign_guardian_metadata: (asked) => content(["ws://new/"], givenSecs(asked) + 9) },
    ...args,
  );
  assertEquals(raised.exit, 0);
  assertStringIncludes(raised.err, "So that the new metadata outranks it");
  const plain = await admin({ sign_guardian_metadata: (asked) => content(["ws://new/"], givenSecs(asked)) }, ...args);
  assertEquals([plain.exit, plain.err], [0, ""]);
  const odd = await admin({ sign_guardian_metadata: () => ({ anything: 1 }) }, ...args);
  assertEquals([odd.exit, parseJson(odd.out), odd.err], [0, { anything: 1 }, ""]);
});

Deno.test("the status of setup shows who is in, and stays the official one's on standard output", async () => {
  const world = await recordedFederation();
  const url = new URL(String(
    (parseJson(
      (await runInWorld(world, [
        "dev",
        "decode",
        "invite-code",
        recordedInvite(),
      ], { modules: quietModules })).out,
    ) as JsonObject).url,
  ));
  const status = (answers: Record<string, (asked: Asked) => Json>) =>
    admin({ setup_status: () => "SharingConnectionCodes", ...answers }, "setup", url.href, "status");
  const ours = await status({ setup_peers: () => PEERS });
  assertEquals([ours.exit, parseJson(ours.out)], [0, "SharingConnectionCodes"]);
  assertEquals(
    ours.err,
    "Expected 4 guardians, have 2:\n  alice (this guardian)  fedimint://a:2  ws://a:1/\n" +
      "  b[2Job  fedimint://b:2  ws://b:1/\n",
  );
  const open = await status({ setup_peers: () => ({ ...PEERS, expected: null }) });
  assertStringIncludes(open.err, "Have 2 guardians:");
  // a guardian of another program, or one that answers nonsense
  for (const answer of [() => unknownMethod(), () => 7, () => ({ guardians: null })]) {
    const { exit, out, err } = await status({ setup_peers: answer });
    assertEquals([exit, parseJson(out), err], [0, "SharingConnectionCodes", ""]);
  }
});

Deno.test("the leader chooses modules among those that its guardian tells", async () => {
  const asked: Asked[] = [];
  const take = (answer: Json) => (call: Asked): Json => {
    asked.push(call);
    return answer;
  };
  const answers = {
    setup_modules: take({ available: ["bounty", "meta"], enabled: ["meta"] }),
    set_local_params: take("fedimint1"),
  };
  const url = new URL(String(
    (parseJson(
      (await runInWorld(await recordedFederation(), ["dev", "decode", "invite-code", await recordedInvite()], {
        modules: quietModules,
      })).out,
    ) as JsonObject).url,
  ));
  const told = await admin(answers, "setup", url.href, "modules");
  assertEquals(parseJson(told.out), { available: ["bounty", "meta"], enabled: ["meta"] });
  const leads = ["--federation-name", "Ours", "--federation-size", "4"];
  const set = ["setup", url.href, "set-local-params", "alice", ...leads];
  assertEquals((await admin(answers, ...set)).exit, 0);
  assertEquals((await admin(answers, ...set, "--modules", "meta, bounty")).exit, 0);
  const chosen = asked.map(({ params }) => params as JsonObject | null).map((params) => params?.enabled_modules);
  assertEquals(chosen, [undefined, null, ["meta", "bounty"]]);
});

Deno.test("the others' codes are forgotten by reset-codes", async () => {
  const asked: string[] = [];
  const world = await recordedFederation((call, recorded) => {
    asked.push(call.method);
    return call.method === "reset_peer_setup_codes" ? null : recorded(call);
  });
  const code = await runInWorld(world, ["dev", "decode", "invite-code", recordedInvite()], {
    modules: quietModules,
  });
  const { url } = parseJson(code.out) as { url: string };
  const { exit, out } = await runInWorld(world, ["--password", "pass", "admin", "setup", url, "reset-codes"], {
    modules: quietModules,
  });
  assertEquals([exit, out], [0, "null\n"]);
  assert(asked.includes("reset_peer_setup_codes"));
});

Deno.test("a guardian that has moved gets its password where it says that it is", async () => {
  const world = new ClientWorld(1), federation = toyFederation(), moved = "ws://127.0.0.1:7901/";
  const asked: string[] = [];
  const script: Script = (call) => {
    if (call.method === "auth") {
      asked.push(`${call.peer} ${call.auth}`);
      return null;
    }
    if (call.method !== "api_announcements") return federation.honest(call);
    return { "1": signedApiAnnouncement.toJson(announcementOf(1, moved, 3n)) };
  };
  await world.finish(startGuardians(world, federation, script));
  await world.finish(serveGuardian(world.platform, { hostname: "0.0.0.0", port: 7_901 }, 1, script));
  const options = { modules: [] }, dir = ["--data-dir", WALLET_DIR];
  await runInWorld(world, [...dir, "join", formatInviteCode(federation.invite)], options);
  const args = ["admin", "auth", "--peer-id", "1", "--password", "pass", "--no-verify"];
  const { exit, out } = await runInWorld(world, [...dir, ...args], options);
  assertEquals([exit, parseJson(out)], [0, { peer_id: 1, endpoint: moved, status: "saved" }]);
  assertEquals(asked, ["1 pass"]);
});
