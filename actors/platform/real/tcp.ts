/** TCP sockets of the machine. */
import type { Bytes } from "../../../core/bytes.ts";
import { NetworkError } from "../error.ts";
import { ACCEPT_AGAIN_MS } from "../limits.ts";
import type { Address, Listener } from "../platform.ts";
import type { Tcp, TcpStream } from "../tcp.ts";

/** Read at once; what comes beyond it is left to TCP. */
const READ_BYTES = 65_536;

export const realTcp: Tcp = { listen, dial };

function listen(at: Address, onConnection: (stream: TcpStream) => void): Promise<Listener> {
  const target = `${at.hostname}:${at.port}`;
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ hostname: at.hostname, port: at.port });
  } catch (cause) {
    const inUse = cause instanceof Deno.errors.AddrInUse;
    const text = inUse
      ? `${target} is in use. Stop the other program or choose another port.`
      : `Cannot listen at ${target}.`;
    const error = new NetworkError({ code: inUse ? "address_in_use" : "unreachable", target }, text, { cause });
    return Promise.reject(error);
  }
  const accepting = accept(listener, onConnection);
  return Promise.resolve({
    address: { hostname: at.hostname, port: listener.addr.port },
    close: async () => {
      listener.close();
      await accepting;
    },
  });
}

async function accept(listener: Deno.TcpListener, onConnection: (stream: TcpStream) => void): Promise<void> {
  for (;;) {
    let conn: Deno.TcpConn;
    try {
      conn = await listener.accept();
    } catch (thrown) {
      if (thrown instanceof Deno.errors.BadResource || thrown instanceof Deno.errors.Interrupted) return; // closed
      // no file to open is left, or who came has gone: nothing that the next one would have to suffer from
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
      continue;
    }
    onConnection(streamOf(conn));
  }
}

async function dial(to: Address, timeoutMs: number): Promise<TcpStream> {
  const target = `${to.hostname}:${to.port}`;
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), timeoutMs);
  try {
    return streamOf(await Deno.connect({ hostname: to.hostname, port: to.port, signal: ended.signal }));
  } catch (cause) {
    const late = ended.signal.aborted;
    const text = late ? `${target} did not answer within ${timeoutMs} ms.` : `${target} cannot be reached.`;
    throw new NetworkError({ code: late ? "timeout" : "unreachable", target }, text, { cause });
  } finally {
    clearTimeout(timer);
  }
}

function streamOf(conn: Deno.TcpConn): TcpStream {
  conn.setNoDelay(true);
  let isClosed = false;
  /** What a lost connection throws, and nothing else. */
  const isLoss = (thrown: unknown): boolean =>
    isClosed || thrown instanceof Deno.errors.ConnectionReset || thrown instanceof Deno.errors.BrokenPipe ||
    thrown instanceof Deno.errors.ConnectionAborted || thrown instanceof Deno.errors.TimedOut ||
    thrown instanceof Deno.errors.BadResource || thrown instanceof Deno.errors.NotConnected ||
    thrown instanceof Deno.errors.Interrupted;
  return {
    remote: { hostname: conn.remoteAddr.hostname, port: conn.remoteAddr.port },
    read: async (): Promise<Bytes | null> => {
      const buffer = new Uint8Array(READ_BYTES);
      try {
        const count = await conn.read(buffer);
        return count === null ? null : buffer.subarray(0, count);
      } catch (thrown) {
        if (isLoss(thrown)) return null;
        throw thrown;
      }
    },
    write: async (bytes) => {
      try {
        for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
        return true;
      } catch (thrown) {
        if (isLoss(thrown)) return false;
        throw thrown;
      }
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      conn.close();
    },
  };
}
