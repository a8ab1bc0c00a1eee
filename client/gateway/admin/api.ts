/**
 * The operators' part of the gateway's port: a password as a bearer token, two roles, errors with their full text.
 * docs/protocol/06-lightning-meta.md §E.2.
 */
import type { Logger } from "../../../actors/logger.ts";
import type { Address } from "../../../actors/platform/platform.ts";
import { errorText, FedimintError } from "../../../core/result.ts";
import { BadRequest, jsonAnswer, textAnswer, TOO_MANY } from "../answers.ts";
import type { Callers } from "../callers.ts";
import { NodeError } from "../node/node.ts";
import type { Gifts } from "./gifts.ts";
import type { AdminPassword } from "./password.ts";
import type { AdminEnv } from "./routes.ts";
import { ADMIN_ROUTES, receiveEcash } from "./routes.ts";

export type AdminApiEnv = AdminEnv & {
  readonly password: AdminPassword;
  /** Strangers, whom the public routes count as well. */
  readonly callers: Callers;
  readonly gifts: Gifts;
  readonly log: Logger;
  /** Limited. */
  readonly strangersLog: Logger;
};

/** A route's answer; null when there is no such route. `path`: without `/v1`. */
export async function adminAnswer(
  env: AdminApiEnv,
  path: string,
  request: Request,
  remote: Address,
): Promise<Response | null> {
  if (path === "/receive_ecash") {
    if (!env.callers.mayAsk(remote)) return textAnswer(429, TOO_MANY);
    if (request.method !== "POST") return textAnswer(405, "");
    return await giftAnswer(env, path, request, remote);
  }
  const routes = Object.hasOwn(ADMIN_ROUTES, path) ? ADMIN_ROUTES[path] : undefined;
  if (!routes) return null;
  const role = await roleOf(env, request, remote);
  if (role === "busy") return textAnswer(429, "Too many wrong passwords: try again in a second");
  const route = routes.find(({ method }) => method === request.method);
  if (role === null || route && role === "liquidity_manager" && !route.forLiquidity) return textAnswer(401, "");
  if (!route) return textAnswer(405, "");
  return await answered(env, path, () => route.answer(env, request), null);
}

function roleOf({ password }: AdminApiEnv, request: Request, remote: Address): ReturnType<AdminPassword["roleOf"]> {
  return password.roleOf((request.headers.get("authorization") ?? "").replace(/^(Bearer )+/, ""), remote);
}

/** Operators give as much as they like. */
async function giftAnswer(env: AdminApiEnv, path: string, request: Request, remote: Address): Promise<Response> {
  const redacted = "Failed to receive ecash", role = await roleOf(env, request, remote);
  if (role !== null && role !== "busy") return await answered(env, path, () => receiveEcash(env, request), redacted);
  const gift = env.gifts.begin(remote);
  if (!gift) return textAnswer(429, TOO_MANY);
  let leavesRefusal = false;
  try {
    return await answered({ log: env.strangersLog }, path, async () => {
      const taken = await receiveEcash(env, request, () => leavesRefusal = true);
      leavesRefusal = false;
      return taken;
    }, redacted);
  } finally {
    if (!leavesRefusal) gift.giveBack();
  }
}

/** @param redacted what is told in the place of a failure's text */
async function answered(
  { log }: Pick<AdminApiEnv, "log">,
  path: string,
  work: () => Promise<Parameters<typeof jsonAnswer>[0]>,
  redacted: string | null,
): Promise<Response> {
  try {
    return jsonAnswer(await work());
  } catch (thrown) {
    if (thrown instanceof BadRequest) throw thrown;
    if (!(thrown instanceof FedimintError) && !(thrown instanceof NodeError)) throw thrown;
    log.warn("An operator's request failed", { path, reason: errorText(thrown) });
    return textAnswer(500, redacted ?? errorText(thrown));
  }
}
