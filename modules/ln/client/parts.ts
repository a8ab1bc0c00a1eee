/** What all parts of the ln client work with. */
import type { LnClientEnv } from "./bundles.ts";
import type { LnFederation } from "./federation.ts";
import type { GatewayConnection } from "./gateway_http.ts";

export type LnParts = {
  readonly env: LnClientEnv;
  readonly federation: LnFederation;
  readonly gateway: GatewayConnection;
};
