import type { SimulatedNode } from "./simulated_node.ts";

/** One call to a simulated node, and its answer. @throws {NodeError} `unreachable` when it or its answer is lost */
export type Call = <T>(carryOut: (node: SimulatedNode) => T, signal?: AbortSignal) => Promise<T>;
