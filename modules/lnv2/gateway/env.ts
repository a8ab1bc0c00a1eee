/** Types of what a gateway's module is started with. */
import type { ClientModuleEnv, ClientTx } from "../../contract/client_env.ts";
import type { LightningConfig } from "../config.ts";
import type { GatewayState } from "./states.ts";

export type GatewayEnv = ClientModuleEnv<LightningConfig, GatewayState>;
export type GatewayTx = ClientTx<GatewayState>;
