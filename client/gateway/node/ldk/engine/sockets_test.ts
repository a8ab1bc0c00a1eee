/** What of peers' sockets is ours and not LDK's: when a byte leaves, and how many may come. */
import { assertEquals } from "@std/assert";
import { realPlatform } from "../../../../../actors/platform/real.ts";
import type { Tcp, TcpStream } from "../../../../../actors/platform/tcp.ts";
import { MemoryBackend, openMemoryStore } from "../../../../../actors/store/mod.ts";
import { ManualClock } from "../../../../../actors/testing/manual_clock.ts";
import { text } from "../../../../../core/encoding/mod.ts";
import { testsNeeding } from "../../../../../core/testing/permissions.ts";
import { SEND_QUEUE_BYTES_MAX, SOCKETS_MAX, SOCKETS_OF_SOURCE_MAX } from "../limits.ts";
import { ldk, loadLdk } from "./bindings.ts";
import { Disk } from "./disk.ts";
import { Sockets } from "./sockets.ts";

const onMachine = testsNeeding("read", "net", "env");

type FakeStream = TcpStream & { readonly written: number[]; isClosed: boolean };

function streamFrom(hostname: string): FakeStream {
  return {
    remote: { hostname, port: 1 },
    written: [],
    isClosed: false,
    // nothing ever comes
    read: () => new Promise(() => {}),
    write(bytes) {
      this.written.push(bytes.length);
      return Promise.resolve(true);
    },
    close() {
      this.isClosed = true;
    },
  };
}

async function stage() {
  await loadLdk(realPlatform().files);
  const disk = new Disk(await openMemoryStore({ clock: new ManualClock(), backend: new MemoryBackend() }));
  const descriptors: ldk.SocketDescriptor[] = [];
  let come: (stream: TcpStream) => void = () => {};
  const tcp: Tcp = {
    listen: (address, onConnection) => {
      come = onConnection;
      return Promise.resolve({ address, close: () => Promise.resolve() });
    },
    dial: () => Promise.reject(new Error("nobody dials")),
  };
  /** What LDK is told of sockets. */
  const told: string[] = [];
  const peers = {
    new_inbound_connection: (descriptor: ldk.SocketDescriptor) => {
      descriptors.push(descriptor);
      return ldk.Result_NonePeerHandleErrorZ.constructor_ok();
    },
    socket_disconnected: () => told.push("disconnected"),
    write_buffer_space_avail: () => told.push("space"),
  } as unknown as ldk.PeerManager;
  const fail = (thrown: unknown): never => {
    throw thrown;
  };
  const sockets = new Sockets({ tcp, disk, peers, poke: () => {}, fail });
  await sockets.listen({ hostname: "127.0.0.1", port: 9735 });
  return { disk, descriptors, told, come: (stream: TcpStream) => come(stream) };
}

/** Whatever could be done without the disk is done. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

onMachine("a byte leaves when what was changed before it is durable, and not before", async () => {
  const { disk, descriptors, come } = await stage();
  const stream = streamFrom("10.0.0.1");
  come(stream);
  descriptors[0]!.send_data(new Uint8Array(3), false);
  await settled();
  assertEquals(stream.written, [3], "nothing has changed");
  disk.put(text, "monitor", "1");
  descriptors[0]!.send_data(new Uint8Array(5), false);
  disk.put(text, "monitor", "2");
  descriptors[0]!.send_data(new Uint8Array(7), false);
  await settled();
  assertEquals(stream.written, [3]);
  const committing = disk.commit();
  disk.put(text, "monitor", "3");
  descriptors[0]!.send_data(new Uint8Array(9), false);
  await committing;
  await settled();
  assertEquals(stream.written, [3, 5, 7]);
  await disk.commit();
  await settled();
  assertEquals(stream.written, [3, 5, 7, 9]);
});

onMachine(
  "who comes too often from one address, or as one too many, is sent away; and LDK waits for a full queue",
  async () => {
    const { disk, descriptors, come } = await stage();
    const ofOne = Array.from({ length: SOCKETS_OF_SOURCE_MAX + 1 }, () => streamFrom("10.0.0.1"));
    for (const stream of ofOne) come(stream);
    assertEquals(ofOne.map(({ isClosed }) => isClosed).lastIndexOf(false), SOCKETS_OF_SOURCE_MAX - 1);
    const others = Array.from({ length: SOCKETS_MAX }, (_, i) => streamFrom(`10.0.1.${i}`));
    for (const stream of others) come(stream);
    assertEquals(others.filter(({ isClosed }) => !isClosed).length, SOCKETS_MAX - SOCKETS_OF_SOURCE_MAX);
    disk.put(text, "monitor", "1");
    assertEquals(Number(descriptors[0]!.send_data(new Uint8Array(SEND_QUEUE_BYTES_MAX), false)), SEND_QUEUE_BYTES_MAX);
    assertEquals(Number(descriptors[0]!.send_data(new Uint8Array(1), false)), 0);
  },
);

onMachine("strangers who come and go one after the other take one place in LDK's bindings", async () => {
  const { descriptors, told, come } = await stage();
  for (let i = 0; i < 300; i++) {
    come({ ...streamFrom("10.0.0.1"), read: () => Promise.resolve(null) });
    await settled();
  }
  assertEquals([descriptors.length, new Set(descriptors).size], [300, 1]);
  assertEquals(told, Array(300).fill("disconnected"));
});

onMachine("a socket that is over says nothing in the name of the one that has its place", async () => {
  const { descriptors, told, come } = await stage();
  const [old, next] = [streamFrom("10.0.0.1"), streamFrom("10.0.0.2")];
  const written = Promise.withResolvers<boolean>();
  come({ ...old, write: () => written.promise });
  const [descriptor] = descriptors;
  descriptor!.send_data(new Uint8Array(SEND_QUEUE_BYTES_MAX), false);
  // the queue is full: when there is room LDK is told
  assertEquals(Number(descriptor!.send_data(new Uint8Array(1), false)), 0);
  await settled();
  descriptor!.disconnect_socket();
  await settled();
  come(next);
  assertEquals(descriptors[1], descriptor);
  written.resolve(true);
  await settled();
  assertEquals(told, []);
  descriptor!.send_data(new Uint8Array(3), false);
  await settled();
  assertEquals([next.written, next.isClosed], [[3], false]);
});
