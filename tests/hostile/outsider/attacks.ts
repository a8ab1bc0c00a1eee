/**
 * What strangers and clients do to guardians: with one socket or a thousand, all of them bounded and on this machine.
 */
import { utf8 } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { stringifyJson } from "../../../core/encoding/mod.ts";
import { BACKUP_PAYLOAD_BYTES_MAX, signBackupRequest, signedBackupRequest } from "../../../core/types/backup.ts";
import { forgedContracts, forgedTransaction, LIGHTNING_INSTANCE } from "./forgery.ts";
import type { Target } from "./sockets.ts";
import { callText, hold, hostOf, post, postHead, webSocket } from "./sockets.ts";

export type OutsiderAttack = {
  readonly name: string;
  readonly what: string;
  /** Until the signal is aborted. */
  readonly run: (target: Target, signal: AbortSignal) => Promise<void>;
};

const REQUEST_BYTES = 10_000_000;
const SILENT_CONNECTIONS = 1_000;
const HALF_SENT_CONNECTIONS = 100;
const HALF_SENT_BYTES = 1_000_000;
const WAITER_SOCKETS = 32;
const WAITERS_A_SOCKET = 1_000;
const SLOW_SOCKETS = 32;
const FLOOD_SOCKETS = 4;
const UNDER_WAY_MAX = 500;
const FORGERIES = 20;
const PAUSE_MS = 50;
const NOBODYS_TXID = "ab".repeat(32);

function pause(ms = PAUSE_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Again and again, whatever comes of it: a refusal is what an attacker reckons with. */
async function again(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await act().catch(() => pause());
    await pause(1);
  }
}

function posting(name: string, what: string, body: () => string | Promise<string>): OutsiderAttack {
  return {
    name,
    what,
    run: async (target, signal) => {
      const text = await body();
      await again(signal, () => post(target, text, signal));
    },
  };
}

/** Calls over one WebSocket as fast as they are answered, some hundred under way. */
async function calling(
  target: Target,
  signal: AbortSignal,
  call: (id: number) => string | Promise<string>,
  underWayMax = UNDER_WAY_MAX,
): Promise<void> {
  await again(signal, async () => {
    const socket = await webSocket(target);
    let underWay = 0, isOpen = true;
    socket.onmessage = () => underWay--;
    socket.onclose = () => isOpen = false;
    socket.onerror = () => isOpen = false;
    for (let id = 0; isOpen && !signal.aborted; id++) {
      if (underWay >= underWayMax) await pause(5);
      else {
        underWay++;
        socket.send(await call(id));
        if (id % 100 === 0) await pause(0);
      }
    }
    socket.close();
  });
}

function flood(name: string, what: string, method: string, params: Json = null): OutsiderAttack {
  return {
    name,
    what,
    run: async (target, signal) => {
      await Promise.all(
        Array.from({ length: FLOOD_SOCKETS }, () => calling(target, signal, (id) => callText(id, method, params))),
      );
    },
  };
}

/** Sockets with as many calls each that wait for what doesn't come. */
async function waiting(
  target: Target,
  signal: AbortSignal,
  method: string,
  params: () => Promise<Json>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: WAITER_SOCKETS }, () =>
      again(signal, async () => {
        const socket = await webSocket(target);
        let isOpen = true;
        socket.onclose = () => isOpen = false;
        for (let id = 0; id < WAITERS_A_SOCKET && isOpen; id++) {
          socket.send(callText(id, method, await params()));
          if (id % 100 === 0) await pause();
        }
        while (isOpen && !signal.aborted) await pause();
        socket.close();
      })),
  );
}

async function answerTo(target: Target, method: string): Promise<Json> {
  const socket = await webSocket(target);
  try {
    return await new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve((JSON.parse(String(data)) as { result: Json }).result);
      socket.onclose = () => reject(new Error("no answer"));
      socket.send(callText(0, method, null));
    });
  } finally {
    socket.close();
  }
}

function randomBytes(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

function backupCall(id: number): string {
  const timestamp = { secsSinceEpoch: BigInt(Math.floor(Date.now() / 1_000)), nanosSinceEpoch: 0 };
  const signed = signBackupRequest(randomBytes(BACKUP_PAYLOAD_BYTES_MAX), timestamp, randomBytes(32), randomBytes(32));
  const params = [{ auth: null, params: signedBackupRequest.toJson(signed) }];
  return stringifyJson({ jsonrpc: "2.0", id, method: "backup", params });
}

export const outsiderAttacks: readonly OutsiderAttack[] = [
  posting("post-zeros", "requests of 10 MB: a list of zeros", () => `[${"0,".repeat(REQUEST_BYTES / 2)}0]`),
  posting("post-objects", "requests of 10 MB: a list of empty objects", () => `[${"{},".repeat(REQUEST_BYTES / 3)}{}]`),
  posting("post-numbers", "requests of 10 MB: numbers that only the exact reader can read", () => {
    const number = `${"9".repeat(19)},`;
    return `[${number.repeat(REQUEST_BYTES / number.length)}0]`;
  }),
  posting(
    "long-transaction",
    "transactions of 10 MB",
    () => callText(0, "submit_transaction", ["0".repeat(REQUEST_BYTES)]),
  ),
  {
    name: "waiters",
    what: `${WAITER_SOCKETS * WAITERS_A_SOCKET} calls that wait for one transaction`,
    run: (target, signal) => waiting(target, signal, "await_transaction", () => Promise.resolve(NOBODYS_TXID)),
  },
  {
    name: "session-waiters",
    what: `${WAITER_SOCKETS * WAITERS_A_SOCKET} calls that wait for the running session`,
    run: async (target, signal) => {
      let session: Json = 0;
      void again(signal, async () => {
        session = await answerTo(target, "session_count");
        await pause(1_000);
      });
      await waiting(target, signal, "await_session_outcome", () => Promise.resolve(session));
    },
  },
  flood("status-flood", "calls of `status`", "status"),
  flood("session-flood", "calls for a whole session", "signed_session_status", 0),
  flood("config-flood", "calls for the config", "client_config"),
  {
    name: "backups",
    what: "backups of 131 kB, a fresh key each",
    run: (target, signal) => calling(target, signal, backupCall, 50),
  },
  {
    name: "forged-notes",
    what: "transactions full of notes with forged signatures",
    run: (target, signal) => {
      // made before: to sign them costs about as much as to refuse them
      const forged = Array.from({ length: FORGERIES }, forgedTransaction);
      return calling(target, signal, (id) => callText(id, "submit_transaction", [forged[id % FORGERIES]!]), 20);
    },
  },
  {
    name: "forged-contracts",
    what: "transactions with a Lightning contract whose ciphertext is of another one",
    run: (target, signal) => {
      const next = forgedContracts();
      return calling(target, signal, (id) => callText(id, "submit_transaction", [next()]), 20);
    },
  },
  {
    name: "contract-waiters",
    what: `${WAITER_SOCKETS * WAITERS_A_SOCKET} calls that wait for Lightning contracts, each for another one`,
    run: (target, signal) => {
      const far = 2 ** 52;
      const params = (): Promise<Json> => Promise.resolve([randomBytes(32).toHex(), far]);
      return waiting(target, signal, `module_${LIGHTNING_INSTANCE}_await_incoming_contract`, params);
    },
  },
  {
    name: "stream-waiters",
    what: `${WAITER_SOCKETS * WAITERS_A_SOCKET} calls that wait for the next Lightning contract`,
    run: (target, signal) => {
      const params = (): Promise<Json> => Promise.resolve([0, 1_024]);
      return waiting(target, signal, `module_${LIGHTNING_INSTANCE}_await_incoming_contracts`, params);
    },
  },
  {
    name: "silent-clients",
    what: `${SILENT_CONNECTIONS} connections to the API that say nothing`,
    run: (target, signal) => hold(hostOf(target), SILENT_CONNECTIONS, new Uint8Array(0), signal),
  },
  {
    name: "silent-strangers",
    what: `${SILENT_CONNECTIONS} connections to the guardians' links that say nothing`,
    run: (target, signal) =>
      hold({ ...hostOf(target), port: target.p2pPort }, SILENT_CONNECTIONS, new Uint8Array(0), signal),
  },
  {
    name: "half-sent",
    what: `${HALF_SENT_CONNECTIONS} requests of which 1 MB of 10 has come`,
    run: (target, signal) => {
      const head = postHead(target, REQUEST_BYTES);
      const first = new Uint8Array(head.length + HALF_SENT_BYTES).fill(utf8(" ")[0]!);
      first.set(head);
      return hold(hostOf(target), HALF_SENT_CONNECTIONS, first, signal);
    },
  },
  {
    name: "slow-readers",
    what: `${SLOW_SOCKETS} clients that ask and never take an answer`,
    run: async (target, signal) => {
      // as a WebSocket's bytes: the runtime's own client would take the answers in
      const { host } = new URL(target.apiUrl);
      const key = btoa("0123456789abcdef");
      const upgrade = utf8(
        `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      );
      const frames = Array.from({ length: 2_000 }, (_, id) => maskedFrame(callText(id, "client_config", null)));
      const bytes = new Uint8Array(await new Blob([upgrade, ...frames]).arrayBuffer());
      await Promise.all(
        Array.from({ length: SLOW_SOCKETS }, () =>
          again(signal, async () => {
            using connection = await Deno.connect(hostOf(target));
            const over = new Promise<number>((resolve) =>
              signal.addEventListener("abort", () => resolve(0), { once: true })
            );
            for (let at = 0; at < bytes.length && !signal.aborted;) {
              at += await Promise.race([connection.write(bytes.subarray(at)), over]);
            }
            await Promise.race([pause(5_000), over]);
          })),
      );
    },
  },
];

/** A text frame with a mask of zeros. */
function maskedFrame(text: string): Uint8Array<ArrayBuffer> {
  const payload = utf8(text);
  const head = payload.length < 126
    ? [0x81, 0x80 | payload.length]
    : [0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff];
  return new Uint8Array([...head, 0, 0, 0, 0, ...payload]);
}
