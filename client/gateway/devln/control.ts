/**
 * How commands ask the node that runs: HTTP on this machine, for whoever may read the file `devln.json` of its folder,
 * which has the address and a secret.
 */
import { join } from "@std/path";
import type { Sender } from "../../../actors/actor.ts";
import { ActorError } from "../../../actors/error.ts";
import { readBody } from "../../../actors/platform/body.ts";
import { NetworkError } from "../../../actors/platform/error.ts";
import type { Listener, Platform } from "../../../actors/platform/platform.ts";
import { basicAuthorization } from "../../../core/basic_auth.ts";
import { equalBytesConstantTime, fromUtf8, toHex, utf8 } from "../../../core/bytes.ts";
import { NodeError } from "../node/node.ts";
import { CALL_DEADLINE_MS, MESSAGE_CHARACTERS_MAX } from "../node/ldk/limits.ts";
import type { LdkRef } from "../node/ldk/process.ts";
import type { LdkCall, LdkCalls, Refused } from "../node/ldk/wire.ts";
import { fromLine, toLine } from "../node/ldk/wire.ts";

const FILE = "devln.json";
const FILE_BYTES_MAX = 4_096;
const USER = "devln";

type Found = { readonly url: string; readonly password: string };
type Answer = { readonly value: unknown } | { readonly refused: Refused };

/** Answers until it is closed; the folder says where. */
export async function serveControl(
  platform: Platform,
  sender: Sender,
  process: LdkRef,
  dir: string,
): Promise<{ readonly close: () => Promise<void> }> {
  const password = toHex(platform.dice.bytes(32)), wanted = utf8(basicAuthorization(`${USER}:${password}`));
  const listener: Listener = await platform.network.serveHttp(
    { hostname: "127.0.0.1", port: 0 },
    async (request) => {
      if (!equalBytesConstantTime(utf8(request.headers.get("authorization") ?? ""), wanted)) {
        return new Response("", { status: 401 });
      }
      return new Response(toLine(await answer(sender, process, request)));
    },
  );
  const found: Found = { url: `http://127.0.0.1:${listener.address.port}/`, password };
  await platform.files.replace(join(dir, FILE), utf8(JSON.stringify(found)), { secret: true });
  return {
    close: async () => {
      await listener.close();
      await platform.files.remove(join(dir, FILE));
    },
  };
}

async function answer(sender: Sender, process: LdkRef, request: Request): Promise<Answer> {
  try {
    const body = request.body === null
      ? new Uint8Array(0)
      : await readBody(request.body, MESSAGE_CHARACTERS_MAX, "devln");
    const asked = fromLine(fromUtf8(body)) as { readonly call: LdkCall; readonly args: LdkCalls[LdkCall]["args"] };
    const outcome = await sender.ask(process, "call", asked, { deadlineMs: CALL_DEADLINE_MS });
    return outcome.ok ? { value: outcome.value } : { refused: outcome.error };
  } catch (thrown) {
    const isOurs = thrown instanceof SyntaxError || thrown instanceof RangeError || thrown instanceof TypeError ||
      thrown instanceof NetworkError || thrown instanceof ActorError;
    if (!isOurs) throw thrown;
    const code = thrown instanceof ActorError ? "unreachable" : "unsupported";
    return { refused: { code, message: thrown.message } };
  }
}

/** Asks the node of this folder. @throws {NodeError} */
export async function askNode<C extends LdkCall>(
  platform: Platform,
  dir: string,
  call: C,
  args: LdkCalls[C]["args"],
): Promise<LdkCalls[C]["answer"]> {
  const bytes = await platform.files.read(join(dir, FILE), FILE_BYTES_MAX);
  if (bytes === undefined) {
    throw new NodeError("unreachable", `No Lightning node runs in ${dir}. Say --dir and the folder of one.`);
  }
  const { url, password } = JSON.parse(fromUtf8(bytes)) as Found;
  const { body, status } = await platform.network.fetch(url, {
    method: "POST",
    headers: { authorization: basicAuthorization(`${USER}:${password}`) },
    body: toLine({ call, args }),
    timeoutMs: CALL_DEADLINE_MS,
    bodyBytesMax: 4 * MESSAGE_CHARACTERS_MAX,
  }).catch((thrown) => {
    // a node that was killed leaves its file behind
    if (!(thrown instanceof NetworkError)) throw thrown;
    throw new NodeError("unreachable", `The Lightning node of ${dir} doesn't answer. Does it run?`, { cause: thrown });
  });
  if (status !== 200) throw new NodeError("refused", `The Lightning node answers with HTTP status ${status}.`);
  const told = fromLine(fromUtf8(body)) as Answer;
  if ("value" in told) return told.value as LdkCalls[C]["answer"];
  throw new NodeError(told.refused.code, told.refused.message);
}
