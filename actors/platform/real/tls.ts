/**
 * TLS on both sides, over `node:tls`. Both show a certificate, and the runtime proves that each owns the key of what it
 * showed; it does not decide whose it is (`rejectUnauthorized: false`): all guardians' certificates have one subject
 * name, and the caller compares the bytes. Source: docs/protocol/03-consensus.md §C1.
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as startTls, type ConnectionOptions, TLSSocket } from "node:tls";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { NetworkError } from "../error.ts";
import { TLS_LISTENER } from "../limits.ts";
import type { Report } from "../http_handling.ts";
import { Places } from "../places.ts";
import type { Network, TlsIdentity } from "../platform.ts";
import { sourceOf } from "../source.ts";
import { realClock } from "./clock.ts";
import { expectSources } from "./expected_sources.ts";
import { HandshakeQueue } from "./handshake_queue.ts";
import { isVersion3, toPem } from "./certificate.ts";
import { listen, remoteOf } from "./listen.ts";
import { TlsStream } from "./tls_stream.ts";
import { TlsTransport } from "./tls_transport.ts";

export function listenTls(report: Report, bounds = TLS_LISTENER): Network["listenTls"] {
  return async (options, onConnection) => {
    const security = securityOf(options.identity, `${options.hostname}:${options.port}`);
    const strangers = new Places({ max: bounds.strangersMax, sourceMax: bounds.strangersOfSourceMax });
    const known = new Places({ max: Infinity, sourceMax: bounds.sameKnownMax });
    const queue = new HandshakeQueue(realClock, bounds.handshakes);
    const server = createServer((tcp) => {
      const remote = remoteOf(tcp);
      const source = sourceOf(remote);
      // never null: those that are there are all idle and give way
      let place = strangers.take(source, () => tcp.destroy());
      const timer = setTimeout(() => tcp.destroy(), bounds.handshakeTimeoutMs);
      tcp.on("error", () => tcp.destroy());
      tcp.on("close", () => {
        clearTimeout(timer);
        place?.release();
      });
      queue.atFirstWord(tcp, source, () => {
        const transport = new TlsTransport(tcp);
        const tls = new TLSSocket(transport, { ...security, isServer: true });
        // A stranger's handshake that fails: nothing was promised to it, and there is nobody to tell.
        tls.on("error", () => tls.destroy());
        tls.on("close", () => transport.destroy());
        tls.on("secure", () => {
          clearTimeout(timer);
          const certificate = provenCertificate(tls);
          if (certificate === undefined) {
            tls.destroy();
            return;
          }
          if (options.isKnown?.(certificate) ?? true) {
            queue.trust(source);
            place?.release();
            place = known.take(toHex(certificate), () => tcp.destroy());
          }
          onConnection(new TlsStream(tls, transport, `${remote.hostname}:${remote.port}`, certificate), remote);
        });
      });
    });
    const listener = await listen(server, options, report);
    const expectNoMore = expectSources(options.expected ?? [], {
      clock: realClock,
      onFound: (sources) => queue.expect(sources),
    });
    return {
      address: listener.address,
      close: () => {
        expectNoMore();
        return listener.close();
      },
    };
  };
}

export const dialTls: Network["dialTls"] = (options) =>
  new Promise((resolve, reject) => {
    const target = `${options.hostname}:${options.port}`;
    const security = securityOf(options.identity, target);
    const tcp = connectTcp({ host: options.hostname, port: options.port });
    const timer = setTimeout(
      () => fail("timeout", `${target} did not answer within ${options.timeoutMs} ms.`),
      options.timeoutMs,
    );
    const fail = (code: "unreachable" | "timeout" | "tls", message: string, cause?: unknown): void => {
      clearTimeout(timer);
      tcp.destroy();
      reject(new NetworkError({ code, target }, message, { cause }));
    };
    const onTcpError = (cause: unknown): void => fail("unreachable", `${target} cannot be reached.`, cause);
    tcp.once("error", onTcpError);
    tcp.once("connect", () => {
      tcp.off("error", onTcpError);
      handshake(tcp, { ...security, servername: options.serverName }).then(
        ({ tls, transport, certificate }) => {
          clearTimeout(timer);
          resolve(new TlsStream(tls, transport, target, certificate));
        },
        (cause) => fail("tls", `${target} is reached, but does not prove a certificate by TLS.`, cause),
      );
    });
  });

type Secured = { readonly tls: TLSSocket; readonly transport: TlsTransport; readonly certificate: Bytes };

function handshake(tcp: Socket, options: ConnectionOptions): Promise<Secured> {
  return new Promise((resolve, reject) => {
    const transport = new TlsTransport(tcp);
    const tls = startTls({ ...options, socket: transport });
    tls.on("error", (error) => {
      tls.destroy();
      reject(error);
    });
    tls.on("close", () => {
      transport.destroy();
      reject(new Error("The other side closed during the handshake."));
    });
    tls.once("secureConnect", () => {
      const certificate = provenCertificate(tls);
      if (certificate === undefined) {
        tls.destroy();
        return reject(new Error("The certificate shown is none that can be proved."));
      }
      resolve({ tls, transport, certificate });
    });
  });
}

/** @throws {NetworkError} `tls` when the key is not the certificate's: the runtime would say so only at a handshake */
function securityOf(identity: TlsIdentity, target: string) {
  const key = createPrivateKey({ key: Buffer.from(identity.privateKey), format: "der", type: "pkcs8" });
  if (!new X509Certificate(identity.certificate).checkPrivateKey(key)) {
    throw new NetworkError({ code: "tls", target }, "The private key does not belong to the certificate.");
  }
  return {
    cert: toPem(identity.certificate, "CERTIFICATE"),
    key: toPem(identity.privateKey, "PRIVATE KEY"),
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
  } as const;
}

function provenCertificate(tls: TLSSocket): Bytes | undefined {
  const shown = tls.getPeerCertificate(true) as { raw?: Uint8Array } | undefined;
  if (shown?.raw === undefined || !isVersion3(shown.raw)) return undefined;
  return new Uint8Array(shown.raw);
}
