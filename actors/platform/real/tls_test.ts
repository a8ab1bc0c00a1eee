/** What only real TLS shows: certificates as rustls reads them, strangers, and peers that break off. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { equalBytes } from "../../../core/bytes.ts";
import { NetworkError } from "../error.ts";
import { TLS_LISTENER } from "../limits.ts";
import type { ByteStream, TlsIdentity } from "../platform.ts";
import { realPlatform } from "../real.ts";
import { isVersion3, toPem } from "./certificate.ts";
import { listenTls } from "./tls.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";

const onMachine = testsNeeding("net", "read", "write", "env");

const { network } = realPlatform();
const LOCAL = { hostname: "127.0.0.1", port: 0 };

async function listen(identity: TlsIdentity) {
  const streams: ByteStream[] = [];
  const listener = await network.listenTls({ ...LOCAL, identity }, (stream) => streams.push(stream));
  return { listener, streams, port: listener.address.port };
}

function dialRaw(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, servername: "peerA", rejectUnauthorized: false, ...options });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

function pem(identity: TlsIdentity) {
  return { cert: toPem(identity.certificate, "CERTIFICATE"), key: toPem(identity.privateKey, "PRIVATE KEY") };
}

/** Resolves when the other side closed or broke the connection. */
function closed(socket: TLSSocket): Promise<void> {
  socket.on("error", () => undefined);
  socket.resume();
  return new Promise((resolve) => socket.destroyed ? resolve() : socket.once("close", () => resolve()));
}

onMachine("a made certificate has the reference's fields", async () => {
  const { certificate } = await network.makeTlsIdentity("peerGuardian_0");
  const parsed = new X509Certificate(certificate);
  assertEquals(parsed.subject, "CN=rcgen self signed cert");
  assertEquals(parsed.issuer, parsed.subject);
  assertEquals(parsed.subjectAltName, "DNS:peerGuardian_0");
  assertEquals([new Date(parsed.validFrom).getUTCFullYear(), new Date(parsed.validTo).getUTCFullYear()], [1975, 4096]);
  assertEquals(parsed.ca, false);
  assertEquals(parsed.publicKey.asymmetricKeyType, "ec");
  assert(isVersion3(certificate));
});

onMachine("rustls takes a made certificate as its own trust anchor, under its name and no other", async () => {
  const identity = await network.makeTlsIdentity("peerGuardian_0");
  const { listener, port } = await listen(identity);
  const caCerts = [toPem(identity.certificate, "CERTIFICATE")];
  const start = async (hostname: string): Promise<void> => {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
    using tls = await Deno.startTls(tcp, { hostname, caCerts });
    await tls.handshake();
  };
  await start("peerGuardian_0");
  await assertRejects(() => start("peerGuardian_1"));
  await listener.close();
});

onMachine("only TLS 1.2 and 1.3 are spoken, and no application protocol is chosen", async () => {
  const [a, b] = [await network.makeTlsIdentity("peerA"), await network.makeTlsIdentity("peerB")];
  const { listener, streams, port } = await listen(a);
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const socket = await dialRaw(port, { ...pem(b), minVersion: version, maxVersion: version, ALPNProtocols: [] });
    assertEquals([socket.getProtocol(), socket.alpnProtocol], [version, false]);
    socket.destroy();
    await closed(socket);
  }
  for (const stream of streams) {
    assert(equalBytes(stream.peerCertificate, b.certificate));
    stream.close();
  }
  await listener.close();
});

onMachine("a stranger without a certificate, and one that speaks no TLS, get no stream", async () => {
  const { listener, streams, port } = await listen(await network.makeTlsIdentity("peerA"));
  await closed(await dialRaw(port, {}));
  const plain = await Deno.connect({ hostname: "127.0.0.1", port });
  await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  while (await plain.read(new Uint8Array(100)).catch(() => null) !== null);
  plain.close();
  assertEquals(streams.length, 0);
  await listener.close();
});

/**
 * The certificate with its version field left out: X.509 v1. Its signature is wrong then, but nobody checks it, as
 * nobody checks that the other side has its key.
 */
function asVersion1(certificate: Uint8Array): Uint8Array {
  const at = certificate.indexOf(0xa0);
  const bytes = new Uint8Array([...certificate.subarray(0, at), ...certificate.subarray(at + 5)]);
  for (const start of [2, 6]) {
    const length = bytes[start]! * 256 + bytes[start + 1]! - 5;
    bytes.set([length >> 8, length & 0xff], start);
  }
  return bytes;
}

onMachine("a certificate of X.509 v1 is refused on both sides: its owner cannot be proved", async () => {
  const [a, b] = [await network.makeTlsIdentity("peerA"), await network.makeTlsIdentity("peerB")];
  const old = { certificate: new Uint8Array(asVersion1(a.certificate)), privateKey: b.privateKey };
  assert(!isVersion3(old.certificate));
  const { createServer } = await import("node:tls");
  const evil = createServer({ ...pem(old), requestCert: true, rejectUnauthorized: false }, (socket) => {
    socket.on("error", () => undefined);
  });
  evil.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
  const { port: evilPort } = evil.address() as { port: number };
  const dialling = network.dialTls({ ...LOCAL, port: evilPort, identity: b, serverName: "peerA", timeoutMs: 60_000 });
  assertEquals((await assertRejects(() => dialling, NetworkError)).code, "tls");
  evil.close();

  const { listener, streams, port } = await listen(b);
  const socket = await dialRaw(port, pem(old)).catch(() => undefined);
  if (socket !== undefined) await closed(socket);
  assertEquals(streams.length, 0);
  await listener.close();
});

onMachine("what is no X.509 v3 certificate is not taken for one", () => {
  for (const hex of ["", "30", "3082", "308400000001", "300530030201", "3080308000", "30053003a0010102"]) {
    assert(!isVersion3(Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16))), hex);
  }
});

onMachine("a reset of the other side fails the reader and the writer", async () => {
  const [a, b] = [await network.makeTlsIdentity("peerA"), await network.makeTlsIdentity("peerB")];
  const { listener, streams, port } = await listen(a);
  const tcp = connectTcp({ host: "127.0.0.1", port });
  const socket = await dialRaw(port, { ...pem(b), socket: tcp });
  socket.write("hello");
  while (streams.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const [stream] = streams;
  assertEquals((await stream!.read())?.length, 5);
  const reading = stream!.read().catch((thrown) => thrown);
  socket.on("error", () => undefined);
  tcp.resetAndDestroy();
  const thrown = await reading;
  assert(thrown instanceof NetworkError, String(thrown));
  assertEquals(thrown.code, "reset");
  assertEquals((await assertRejects(() => stream!.write(new Uint8Array(1)), NetworkError)).code, "reset");
  stream!.close();
  await listener.close();
});

onMachine("dialling somebody who accepts and says nothing ends by its time", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = silent.accept();
  const identity = await network.makeTlsIdentity("peerA");
  const dialling = network.dialTls({ ...LOCAL, port: silent.addr.port, identity, serverName: "peerB", timeoutMs: 100 });
  assertEquals((await assertRejects(() => dialling, NetworkError)).code, "timeout");
  (await accepting).close();
  silent.close();
});

/** More than any test begins. */
const FREE = { ...TLS_LISTENER.handshakes, all: { burst: 1_000, tokens: 1, ms: 1_000 } };
const BOUNDS = {
  strangersMax: 4,
  strangersOfSourceMax: 4,
  sameKnownMax: 2,
  handshakeTimeoutMs: 10_000,
  handshakes: FREE,
};

/** A listener that knows one certificate, with 4 places for strangers. */
async function guarded(bounds = BOUNDS, expected: readonly string[] = []) {
  const [a, b, stranger] = await Promise.all(["peerA", "peerB", "peerB"].map((name) => network.makeTlsIdentity(name)));
  const streams: ByteStream[] = [];
  const isKnown = (certificate: Uint8Array): boolean => equalBytes(certificate, b!.certificate);
  const listener = await listenTls(() => undefined, bounds)(
    { ...LOCAL, identity: a!, isKnown, expected },
    (stream) => streams.push(stream),
  );
  const at = { ...LOCAL, port: listener.address.port };
  const dial = (identity = b!) => network.dialTls({ ...at, identity, serverName: "peerA", timeoutMs: 60_000 });
  return { listener, streams, at, dial, stranger: stranger! };
}

/** Resolves when the other side closed. */
async function closedTcp(connection: Deno.Conn): Promise<void> {
  assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
  connection.close();
}

onMachine("handshakes that take too long are closed", async () => {
  const { listener, at } = await guarded({ ...BOUNDS, handshakeTimeoutMs: 100 });
  await Promise.all([0, 1].map(async () => closedTcp(await Deno.connect(at))));
  await listener.close();
});

onMachine("1,000 connections that say nothing shut out nobody: the oldest gives its place to a newcomer", async () => {
  const { listener, at, dial, streams } = await guarded();
  const silent: Deno.Conn[] = [];
  for (let i = 0; i < 1_000; i++) silent.push(await Deno.connect(at));
  const dialled = await dial();
  await Promise.all(silent.slice(0, 900).map(closedTcp));
  assertEquals(streams.length, 1);
  // who is known has a place of its own, however many strangers come
  for (let i = 0; i < 20; i++) silent.push(await Deno.connect(at));
  await streams[0]!.write(Uint8Array.of(7));
  assertEquals(await dialled.read(), Uint8Array.of(7));
  for (const connection of silent.slice(900)) connection.close();
  dialled.close();
  for (const stream of streams) stream.close();
  await listener.close();
});

onMachine("strangers with certificates have no more places than silent ones", async () => {
  const { listener, dial, stranger, streams } = await guarded();
  const dialled: ByteStream[] = [];
  for (let i = 0; i < 10; i++) dialled.push(await dial(stranger));
  const known = await dial();
  const ended = dialled.slice(0, 6).map((stream) => stream.read().catch(() => null));
  assertEquals(new Set(await Promise.all(ended)), new Set([null]));
  for (const stream of [...dialled, known, ...streams]) stream.close();
  await listener.close();
});

onMachine("of one known certificate's connections the newest stay", async () => {
  const { listener, dial, streams } = await guarded();
  const dialled: ByteStream[] = [];
  for (let i = 0; i < 4; i++) dialled.push(await dial());
  const ended = dialled.slice(0, 2).map((stream) => stream.read().catch(() => null));
  assertEquals(await Promise.all(ended), [null, null]);
  await streams.at(-1)!.write(Uint8Array.of(7));
  assertEquals(await dialled.at(-1)!.read(), Uint8Array.of(7));
  for (const stream of [...dialled, ...streams]) stream.close();
  await listener.close();
});

onMachine(
  "handshakes beyond the rate are not begun, silent connections don't use it up, and a known address has its own",
  async () => {
    const [hour, trusted] = [3_600_000, 3];
    const handshakes = {
      all: { burst: 2, tokens: 1, ms: hour },
      trusted: { burst: trusted, tokens: 1, ms: hour },
      trustedMax: 1,
    };
    const { listener, at, dial, stranger, streams } = await guarded({ ...BOUNDS, strangersMax: 100, handshakes });
    const silent = await Promise.all(Array.from({ length: 20 }, () => Deno.connect(at)));
    const known = await dial();
    // loopback is one source, which is trusted now: its own turns are left, and one of all
    let begun = 0;
    const { promise: served, resolve } = Promise.withResolvers<void>();
    const speaking = Array.from({ length: 20 }, () => {
      const options = { host: at.hostname, port: at.port, servername: "peerA", rejectUnauthorized: false };
      return connect({ ...options, ...pem(stranger) }, () => {
        if (++begun === trusted + 1) resolve();
      });
    });
    const ended = speaking.map(closed);
    await served;
    for (let i = 0; i < 20; i++) {
      await streams[0]!.write(Uint8Array.of(i));
      assertEquals(await known.read(), Uint8Array.of(i));
    }
    assertEquals(begun, trusted + 1);
    for (const connection of silent) connection.close();
    for (const socket of speaking) socket.destroy();
    for (const stream of [known, ...streams]) stream.close();
    await Promise.all(ended);
    await listener.close();
  },
);

onMachine("where a known certificate is expected handshakes have turns of their own before one has come", async () => {
  const handshakes = {
    all: { burst: 1, tokens: 1, ms: 3_600_000 },
    trusted: { burst: 2, tokens: 1, ms: 3_600_000 },
    trustedMax: 1,
  };
  const { listener, dial, stranger, streams } = await guarded({ ...BOUNDS, handshakes }, [LOCAL.hostname]);
  // strangers at the same address have taken all other turns
  const dialled = [await dial(stranger), await dial(stranger), await dial()];
  for (const stream of [...dialled, ...streams]) stream.close();
  await listener.close();
});
