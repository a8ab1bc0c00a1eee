/** Bounds of what comes in from outside, each with its reason. Callers set tighter ones where a function takes one. */

/** Of one TLS listener. */
export const TLS_LISTENER = {
  /**
   * Connections that have not proved a known certificate: strangers, and guardians while they shake hands, which takes
   * a fifth of a second. A further one takes the place of the oldest, so that silent ones shut nobody out; a guardian
   * would be shut out by 1,000 new ones a second.
   */
  strangersMax: 256,
  /** Of them from one address; several guardians may share one. */
  strangersOfSourceMax: 16,
  /**
   * Connections under one known certificate: one is used, others are being replaced or closed. A further one replaces
   * the oldest.
   */
  sameKnownMax: 8,
  /** A handshake takes two round trips; a stranger that needs longer holds a place. */
  handshakeTimeoutMs: 10_000,
  /**
   * Handshakes begun, when the other side has said its first word: one costs 1 to 3 ms of a core, so that all of them
   * together take less than a tenth of one. Addresses from which a known certificate has come, or is expected, have
   * some of their own.
   */
  handshakes: {
    all: { burst: 30, tokens: 20, ms: 1_000 },
    trusted: { burst: 10, tokens: 10, ms: 1_000 },
    trustedMax: 256,
  },
};
/** Of those that a TLS listener expects. */
export const EXPECTED_SOURCES = {
  /** Under one name: an address of each kind, and those of a second line. */
  addressesMax: 4,
  /** As often as a name that moves is usually looked up. */
  againMs: 300_000,
};
/**
 * Received bytes of a TLS stream that wait for a reader; then the socket is not read, and TCP holds the sender back.
 * Not above the mark at which the runtime's own TLS stops handing out bytes (64 KiB): it would gather the rest where
 * nobody sees them.
 */
export const TLS_UNREAD_BYTES_MAX = 64 * 1024;

/** How soon a server that could not take a connection, as for want of open files, tries again. */
export const ACCEPT_AGAIN_MS = 1_000;

/**
 * Files that servers leave to the process itself: what is accepted at once before anybody counts it (511 on each of two
 * ports), connections at the guardians' port, the database, the Bitcoin node, other guardians.
 */
export const OWN_OPEN_FILES = 1_536;
/** Where so few files may be open that nothing is left, servers have this part of them. */
export const SERVED_PART_MIN = 1 / 4;

/** Of one HTTP server. */
export const HTTP_SERVER = {
  /** At least, if there are files for so many. The longest idle makes room for who comes. */
  connectionsMax: 4_000,
  /** Of one public address, at least: few enough that ten strangers are needed to fill the server. */
  sourceConnectionsMax: 400,
  /** So many times the handler's own connections there are, so that it can still answer 429. */
  timesHandlers: 4,
  /** Held of messages and bodies that have not come whole, over all connections: 60 of the API's largest requests. */
  halfSentBytesMax: 64 * 1024 * 1024,
  /** Within it all headers of a request must be there. */
  headersTimeoutMs: 10_000,
  /** Within it a whole request must be there, body included. The answer may take longer. */
  requestTimeoutMs: 60_000,
  /** How often requests are looked over for those that take too long. */
  timeoutCheckMs: 1_000,
};
/** To one pinned server, streams included: what a gateway follows at once, and some for its other calls. */
export const PINNED_CONNECTIONS_MAX = 512;
/**
 * An answer that nobody reads any more may end within it: after its last message a server ends a stream within
 * milliseconds, and a new connection is three round trips and two signatures.
 */
export const LEFT_ANSWER_MS = 100;
/** And it may bring so much: what is on its way already costs no more than a new connection. */
export const LEFT_ANSWER_BYTES_MAX = 64 * 1024;
/**
 * Request line and headers, or status line and headers; as Node's default. An API secret or a cookie takes less than 1
 * KiB.
 */
export const HTTP_HEADER_BYTES_MAX = 16 * 1024;
/** A request's body: above the API's 10 MiB, so that the API can answer its own error. */
export const HTTP_BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Body of an answer to a WebSocket request that was not upgraded: a line of text. */
export const HTTP_REFUSAL_BYTES_MAX = 64 * 1024;

/** Messages received and not yet read; then the socket is not read, and TCP holds the sender back. */
export const SOCKET_UNREAD_MESSAGES_MAX = 1_024;
/** Bytes of them; a message that began before is still taken, so the real bound is this and one message more. */
export const SOCKET_UNREAD_BYTES_MAX = 1024 * 1024;
/**
 * Bytes sent and not yet taken by the other side: six of the largest answers. A peer that lets more wait is cut off.
 */
export const SOCKET_UNSENT_BYTES_MAX = 64 * 1024 * 1024;
/**
 * Control frames and fragments in one interval of pings: a message of 1 MiB in pieces of 512 bytes. Each costs us as
 * much as a small request.
 */
export const SOCKET_MINOR_FRAMES_MAX = 2_048;
/**
 * Intervals of pings that a message may take from its first byte to its last: 60 s at the usual 10 s, as a request by
 * POST.
 */
export const SOCKET_MESSAGE_PINGS_MAX = 6;
/**
 * Intervals of pings without any frame from the other side before a server gives up: 40 s at the usual 10 s, as
 * jsonrpsee.
 */
export const SOCKET_SILENT_PINGS_MAX = 4;

/**
 * After `close()`: how long what was written may take to leave, and the other side to close. Then the socket is cut.
 */
export const LINGER_MS = 5_000;
/** Idle time before TCP asks whether the other side still lives; finds peers that vanished without a word. */
export const KEEP_ALIVE_MS = 15_000;

/**
 * A line of standard input or of a child's output: the longest that is known is an invite or a transaction pasted as
 * hex.
 */
export const LINE_UNITS_MAX = 32 * 1024 * 1024;
