/** For tests: a guardian that speaks the protocol as it likes, message by message. */
import type { MessageSocket, Platform } from "../../actors/platform/platform.ts";
import { MESSAGE_BYTES_MAX } from "../../actors/rpc/mod.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { ToyFederation } from "../federation_testing.ts";
import { answer } from "../testing.ts";
import type { Script } from "../testing.ts";

/** One message of the client's, and what an honest guardian would answer. */
export type Heard = {
  readonly socket: MessageSocket;
  readonly platform: Platform;
  readonly id: number;
  readonly honest: string;
};

export type Evil = {
  /** As soon as the client is connected. */
  readonly opened?: (socket: MessageSocket) => void;
  readonly heard: (message: Heard) => void;
};

/** Room for answers that are larger than the client takes. */
const ROOM_BYTES = 1_024;

/** A guardian at its URL's port of the platform's machine. */
export async function serveEvil(
  platform: Platform,
  { config }: ToyFederation,
  peer: PeerId,
  script: Script,
  evil: Evil,
): Promise<void> {
  const port = Number(new URL(config.global.apiEndpoints.get(peer)!.url).port);
  await platform.network.serveHttp({ hostname: "0.0.0.0", port }, (request, upgrade) => {
    const { response, socket } = upgrade({ messageBytesMax: MESSAGE_BYTES_MAX + ROOM_BYTES, pingMs: 10_000 });
    void socket.then(async (opened) => {
      evil.opened?.(opened);
      for (;;) {
        const text = await opened.receive();
        if (text === null) return;
        const { id } = JSON.parse(text) as { id: number };
        const honest = await answer(text, peer, request.headers, script);
        evil.heard({ socket: opened, platform, id, honest });
      }
    });
    return response;
  });
}
