/** Raw connections of an attacker: what a well-behaved client of HTTP or WebSocket would not do. */
import { concat, utf8 } from "../../../core/bytes.ts";
import type { Bytes } from "../../../core/bytes.ts";

const AGAIN_MS = 200;

export type Target = { readonly apiUrl: string; readonly p2pPort: number };

export function hostOf({ apiUrl }: Target): { readonly hostname: string; readonly port: number } {
  const { hostname, port } = new URL(apiUrl);
  return { hostname, port: Number(port) };
}

/** The head of a POST. @param bytes of the body that is promised */
export function postHead({ apiUrl }: Target, bytes: number): Bytes {
  return utf8(
    `POST / HTTP/1.1\r\nHost: ${
      new URL(apiUrl).host
    }\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`,
  );
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** A whole request on a connection of its own; resolves when something was answered or the connection has ended. */
export async function post(target: Target, body: string, signal: AbortSignal): Promise<void> {
  const connection = await Deno.connect(hostOf(target));
  const close = (): void => connection.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    await writeAll(connection, concat(postHead(target, body.length), utf8(body)));
    await connection.read(new Uint8Array(1_024));
  } finally {
    signal.removeEventListener("abort", close);
    if (!signal.aborted) connection.close();
  }
}

/**
 * Connections that are held open; what was said on each is `first`. Those that the other side closes are opened again.
 */
export async function hold(
  address: { readonly hostname: string; readonly port: number },
  count: number,
  first: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const holdOne = async (): Promise<void> => {
    const connection = await Deno.connect(address);
    const close = (): void => connection.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      await writeAll(connection, first);
      while (await connection.read(new Uint8Array(1_024)) !== null);
    } finally {
      signal.removeEventListener("abort", close);
      if (!signal.aborted) connection.close();
    }
  };
  await Promise.all(
    Array.from({ length: count }, async () => {
      while (!signal.aborted) {
        // refused, reset or closed: again, but not at once
        await holdOne().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }),
  );
}

/** A WebSocket that is open. */
export async function webSocket({ apiUrl }: Target): Promise<WebSocket> {
  const socket = new WebSocket(apiUrl);
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("The guardian takes no connection"));
    socket.onclose = () => reject(new Error("The guardian closed the connection"));
  });
  return socket;
}

export function callText(id: number, method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params: [{ auth: null, params }] });
}
