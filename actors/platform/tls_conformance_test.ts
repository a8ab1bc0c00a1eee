/** What `Network` promises of TLS, on real sockets and on simulated ones. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bytes, concat, equalBytes, utf8 } from "../../core/bytes.ts";
import { NetworkError } from "./error.ts";
import { type ByteStream, sleep } from "./platform.ts";
import { onBoth, rejection, type Stage } from "./testing/stages.ts";

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, NetworkError)).code;
}

/** Both ends of a TLS connection, and who they are. */
async function connect({ server, client, host }: Stage) {
  const serverIdentity = await server.network.makeTlsIdentity("peerServer");
  const clientIdentity = await client.network.makeTlsIdentity("peerClient_1");
  const accepted = Promise.withResolvers<ByteStream>();
  const listener = await server.network.listenTls(
    { hostname: "127.0.0.1", port: 0, identity: serverIdentity },
    (stream) => accepted.resolve(stream),
  );
  const options = { hostname: host, port: listener.address.port, serverName: "peerServer", timeoutMs: 60_000 };
  const dialled = await client.network.dialTls({ ...options, identity: clientIdentity });
  return { listener, options, serverIdentity, clientIdentity, dialled, accepted: await accepted.promise };
}

async function readAll(stream: ByteStream): Promise<Bytes> {
  const parts: Bytes[] = [];
  for (let part = await stream.read(); part !== null; part = await stream.read()) parts.push(part);
  return concat(...parts);
}

async function readBytes(stream: ByteStream, length: number): Promise<Bytes> {
  const parts: Bytes[] = [];
  for (let count = 0; count < length;) {
    const part = await stream.read();
    assert(part !== null, `the stream ended after ${count} of ${length} bytes`);
    parts.push(part);
    count += part.length;
  }
  return concat(...parts);
}

/** Writes until a write waits: longer than any that is only slow. */
async function writeUntilFull(stage: Stage, stream: ByteStream, piece: Uint8Array) {
  for (let bytes = piece.length; bytes < 200 * piece.length; bytes += piece.length) {
    const last = stream.write(piece);
    const waits = sleep(stage.client.clock, 200).then(() => "waits");
    if (await Promise.race([last, waits]) === "waits") return { bytes, last };
  }
  throw new Error("The writer never had to wait.");
}

onBoth("TLS shows each side the certificate of the other", async (stage) => {
  const { listener, serverIdentity, clientIdentity, dialled, accepted } = await connect(stage);
  assert(equalBytes(dialled.peerCertificate, serverIdentity.certificate));
  assert(equalBytes(accepted.peerCertificate, clientIdentity.certificate));
  dialled.close();
  accepted.close();
  await listener.close();
});

onBoth("TLS shows the present certificate, not that of a connection before", async (stage) => {
  const { listener, options, dialled, accepted } = await connect(stage);
  await listener.close();
  const other = await stage.server.network.makeTlsIdentity("peerServer");
  const another = await stage.client.network.makeTlsIdentity("peerClient_1");
  const seen = Promise.withResolvers<ByteStream>();
  const again = await stage.server.network.listenTls(
    { hostname: "127.0.0.1", port: options.port, identity: other },
    (stream) => seen.resolve(stream),
  );
  const stream = await stage.client.network.dialTls({ ...options, identity: another });
  assert(equalBytes(stream.peerCertificate, other.certificate));
  assert(equalBytes((await seen.promise).peerCertificate, another.certificate));
  for (const open of [stream, await seen.promise, dialled, accepted]) open.close();
  await again.close();
});

onBoth("TLS refuses to dial under a certificate whose key one does not have", async (stage) => {
  const { listener, options, serverIdentity, clientIdentity, dialled, accepted } = await connect(stage);
  const stolen = { certificate: serverIdentity.certificate, privateKey: clientIdentity.privateKey };
  assertEquals(await code(stage.client.network.dialTls({ ...options, identity: stolen })), "tls");
  assertEquals(
    await code(stage.server.network.listenTls({ hostname: "127.0.0.1", port: 0, identity: stolen }, () => undefined)),
    "tls",
  );
  dialled.close();
  accepted.close();
  await listener.close();
});

onBoth("TLS carries bytes both ways, in order and whole, then the end", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const sent: Bytes[] = [];
  for (let size = 0; size < 60; size++) sent.push(stage.client.dice.bytes(size * size * 7));
  const echo = (async () => {
    for (let part = await accepted.read(); part !== null; part = await accepted.read()) await accepted.write(part);
    accepted.close();
  })();
  const received = readBytes(dialled, concat(...sent).length);
  for (const part of sent) await dialled.write(part);
  assert(equalBytes(await received, concat(...sent)));
  dialled.close();
  await echo;
  assertEquals(await dialled.read(), null);
  await listener.close();
});

onBoth("TLS delivers all that was written before close, then null", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const sent = stage.client.dice.bytes(200_000);
  await dialled.write(sent);
  dialled.close();
  assert(equalBytes(await readAll(accepted), sent));
  assertEquals(await accepted.read(), null);
  assertEquals(await dialled.read(), null);
  assertEquals(await code(dialled.write(utf8("late"))), "reset");
  assertEquals(await code(accepted.write(utf8("late"))), "reset");
  accepted.close();
  await listener.close();
});

onBoth("TLS takes bytes at once: the writer may use its buffer again", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const buffer = utf8("first");
  const written = dialled.write(buffer);
  buffer.fill(0);
  await written;
  dialled.close();
  assertEquals(await readAll(accepted), utf8("first"));
  accepted.close();
  await listener.close();
});

onBoth("a TLS writer waits while nobody reads, and goes on when somebody does", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const { bytes, last } = await writeUntilFull(stage, dialled, new Uint8Array(200_000));
  assertEquals((await readBytes(accepted, bytes)).length, bytes);
  await last;
  dialled.close();
  accepted.close();
  await listener.close();
});

onBoth("TLS reads while its own writer waits, so that two writers do not block each other", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const [there, back] = await Promise.all([
    writeUntilFull(stage, dialled, new Uint8Array(200_000)),
    writeUntilFull(stage, accepted, new Uint8Array(200_000)),
  ]);
  const read = await Promise.all([readBytes(accepted, there.bytes), readBytes(dialled, back.bytes)]);
  assertEquals(read.map((bytes) => bytes.length), [there.bytes, back.bytes]);
  await Promise.all([there.last, back.last]);
  dialled.close();
  accepted.close();
  await listener.close();
});

onBoth("a waiting TLS writer fails when the other side closes", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const { last } = await writeUntilFull(stage, dialled, new Uint8Array(200_000));
  const failed = rejection(last);
  accepted.close();
  await dialled.read().catch((thrown) => assertEquals(thrown.code, "reset"));
  const thrown = await failed;
  // What the other side drops while it closes may make room for the last bytes first.
  assert(thrown === "no rejection" || (thrown instanceof NetworkError && thrown.code === "reset"));
  assertEquals(await code(dialled.write(utf8("late"))), "reset");
  dialled.close();
  await listener.close();
});

onBoth("a TLS listener that closed refuses, its port is free, and its connections go on", async (stage) => {
  const { listener, options, serverIdentity, clientIdentity, dialled, accepted } = await connect(stage);
  const at = { hostname: "127.0.0.1", port: options.port, identity: serverIdentity };
  assertEquals(await code(stage.server.network.listenTls(at, () => undefined)), "address_in_use");
  await listener.close();
  assertEquals(await code(stage.client.network.dialTls({ ...options, identity: clientIdentity })), "unreachable");
  const again = await stage.server.network.listenTls(at, () => undefined);
  await dialled.write(utf8("still here"));
  assertEquals(await readBytes(accepted, 10), utf8("still here"));
  dialled.close();
  accepted.close();
  await again.close();
});

onBoth("TLS dials nobody, no such name and no TLS listener with the right error", async (stage) => {
  const { client, server, host } = stage;
  const identity = await client.network.makeTlsIdentity("peerClient");
  const http = await server.network.serveHttp({ hostname: "127.0.0.1", port: 0 }, () => new Response());
  const options = { hostname: host, port: http.address.port, identity, serverName: "peerX", timeoutMs: 60_000 };
  assertEquals(await code(client.network.dialTls(options)), "tls");
  await http.close();
  assertEquals(await code(client.network.dialTls(options)), "unreachable");
  assertEquals(await code(client.network.dialTls({ ...options, hostname: "no.such.invalid" })), "unreachable");
});
