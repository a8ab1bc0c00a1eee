/**
 * TLS on both sides, over `node:tls`. Both show a certificate, and the runtime proves that each owns the key of what it showed;
 * it does not decide whose it is (`rejectUnauthorized: false`): all guardians' certificates have one subject name, and the
 * caller compares the bytes. Source: sheet 03, C1.
 */
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as startTls, TLSSocket } from "node:tls";
import type { Bytes } from "../../../core/bytes.ts";
import { NetworkError } from "../error.ts";
import { TLS_CONNECTIONS_MAX, TLS_HANDSHAKE_TIMEOUT_MS } from "../limits.ts";
import type { Report } from "../http_handling.ts";
import type { Network, TlsIdentity } from "../platform.ts";
import { isVersion3, toPem } from "./certificate.ts";
import { listen, remoteOf } from "./listen.ts";
import { TlsStream } from "./tls_stream.ts";
import { TlsTransport } from "./tls_transport.ts";

export function listenTls(report: Report): Network["listenTls"] {
  return (options, onConnection) => {
    const security = securityOf(options.identity);
    const server = createServer((tcp) => {
      const remote = remoteOf(tcp);
      const transport = new TlsTransport(tcp);
      const tls = new TLSSocket(transport, { ...security, isServer: true });
      const timer = setTimeout(() => tls.destroy(), TLS_HANDSHAKE_TIMEOUT_MS);
      // A stranger's handshake that fails: nothing was promised to it, and there is nobody to tell.
      tls.on("error", () => tls.destroy());
      tls.on("close", () => {
        clearTimeout(timer);
        transport.destroy();
      });
      tls.on("secure", () => {
        clearTimeout(timer);
        const certificate = provenCertificate(tls);
        if (certificate === undefined) tls.destroy();
        else onConnection(new TlsStream(tls, transport, `${remote.hostname}:${remote.port}`, certificate), remote);
      });
    });
    server.maxConnections = TLS_CONNECTIONS_MAX;
    return listen(server, options, report);
  };
}

export const dialTls: Network["dialTls"] = (options) =>
  new Promise((resolve, reject) => {
    const target = `${options.hostname}:${options.port}`;
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
      handshake(tcp, options).then(
        ({ tls, transport, certificate }) => {
          clearTimeout(timer);
          resolve(new TlsStream(tls, transport, target, certificate));
        },
        (cause) => fail("tls", `${target} is reached, but does not prove a certificate by TLS.`, cause),
      );
    });
  });

type Secured = { readonly tls: TLSSocket; readonly transport: TlsTransport; readonly certificate: Bytes };

function handshake(
  tcp: Socket,
  options: { readonly identity: TlsIdentity; readonly serverName: string },
): Promise<Secured> {
  return new Promise((resolve, reject) => {
    const transport = new TlsTransport(tcp);
    const tls = startTls({ ...securityOf(options.identity), socket: transport, servername: options.serverName });
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

function securityOf(identity: TlsIdentity) {
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
