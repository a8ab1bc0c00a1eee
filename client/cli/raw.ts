/** An answer of a guardian that is printed as it came. */
import type { Json } from "../../core/encoding/mod.ts";
import type { ApiCall } from "../../modules/contract/federation_api.ts";

export const rawJson: ApiCall<Json>["result"] = { fromJson: (json) => json, toJson: (json) => json };
