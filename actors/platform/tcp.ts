/**
 * Plain TCP, for protocols that encrypt by themselves. Programs that need it are handed it beside the platform; worlds
 * on virtual time have none.
 */
import type { Bytes } from "../../core/bytes.ts";
import type { Address, Listener } from "./platform.ts";

/** A connected socket. Reading and writing are independent of each other. */
export interface TcpStream {
  readonly remote: Address;
  /** The next bytes as they come, null at the end, also when the connection was lost. */
  read(): Promise<Bytes | null>;
  /** Resolves when the system took them; false when the connection is over. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Ends it in both directions. */
  close(): void;
}

/** Sockets of this machine. */
export interface Tcp {
  /** @throws {NetworkError} `address_in_use` · `unreachable` */
  listen(at: Address, onConnection: (stream: TcpStream) => void): Promise<Listener>;
  /** @throws {NetworkError} `unreachable` · `timeout` */
  dial(to: Address, timeoutMs: number): Promise<TcpStream>;
}
