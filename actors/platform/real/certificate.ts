/**
 * Self-signed certificates of guardians, as the reference's `rcgen` makes them: X.509 v3, ECDSA P-256 with SHA-256,
 * subject `rcgen self signed cert`, one DNS name, no CA, no usage limits, valid for ever. rustls takes such a
 * certificate both as a trust anchor and as the leaf of the other side. Source: docs/protocol/03-consensus.md §C1.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { TlsIdentity } from "../platform.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Loads the certificate library on first use: only the setup ceremony needs it. */
export async function makeTlsIdentity(dnsName: string): Promise<TlsIdentity> {
  await import("reflect-metadata"); // the library's own precondition
  const x509 = await import("@peculiar/x509");
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=rcgen self signed cert",
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date("1975-01-01T00:00:00Z"),
    notAfter: new Date("4096-01-01T00:00:00Z"),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: dnsName }])],
  });
  return {
    certificate: new Uint8Array(certificate.rawData),
    privateKey: new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
  };
}

/** PEM, the only form in which `node:tls` takes keys and certificates. */
export function toPem(der: Bytes, label: "CERTIFICATE" | "PRIVATE KEY"): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/**
 * Whether the certificate says that it is X.509 v3. The runtime's TLS does not check the handshake's signature by a v1
 * certificate (its library cannot read one), so that whoever shows such a certificate has proved nothing.
 */
export function isVersion3(der: Uint8Array): boolean {
  const certificate = contentOf(der, 0x30);
  const toBeSigned = certificate && contentOf(certificate, 0x30);
  const version = toBeSigned && contentOf(toBeSigned, 0xa0);
  return version !== undefined && version.length === 3 && version[0] === 0x02 && version[1] === 1 && version[2] === 2;
}

/** Content of the DER element at the beginning of `bytes`; undefined when it has another tag or is cut off. */
function contentOf(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  const first = bytes[1];
  if (bytes[0] !== tag || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || first === 0x80) return undefined;
  let length = lengthBytes === 0 ? first : 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[2 + i] ?? NaN);
  const start = 2 + lengthBytes;
  return start + length <= bytes.length ? bytes.subarray(start, start + length) : undefined;
}
