/**
 * The core endpoints: joining and transactions here, the others in files of their own. fedimint-server
 * `consensus/api.rs`; docs/protocol/02-api.md §3.
 */
import type { CodecType, Json } from "../../../core/encoding/mod.ts";
import { DecodeError, list, moduleEncoding, option, text, tryDecoding, unit } from "../../../core/encoding/mod.ts";
import { supportedApiVersionsSummary } from "../../../core/types/api_versions.ts";
import type { SupportedApiVersionsSummary } from "../../../core/types/api_versions.ts";
import { clientConfig, jsonClientConfig, toJsonClientConfig } from "../../../core/types/client_config.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { dyn, toDyn } from "../../../core/types/dyn.ts";
import { federationId, outPoint, outPointRange, sha256Hash, transactionId } from "../../../core/types/ids.ts";
import type { TransactionId } from "../../../core/types/ids.ts";
import { inviteCode } from "../../../core/types/invite_code.ts";
import { legacyConsensusConfigHash } from "../../../core/types/server_config.ts";
import type { TransactionSubmissionOutcome } from "../../../core/types/transaction.ts";
import { transaction, TRANSACTION_BYTES_MAX, transactionSubmissionOutcome } from "../../../core/types/transaction.ts";
import { CORE_API_VERSION, CORE_CONSENSUS_VERSION, FEDIMINT_VERSION } from "../../../core/types/version.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import { readDurable } from "../../../modules/contract/read_durable.ts";
import { acceptedTransactionKey, getAcceptedTransaction, modulePrefix } from "../../consensus/store/db.ts";
import { decodeTransaction } from "../../consensus/engine/transaction.ts";
import { backupMethods } from "./backup.ts";
import type { ApiDeps } from "../deps.ts";
import type { Method } from "../dispatch.ts";
import { ownInvite } from "../invite_file.ts";
import {
  MANY_RECORDS_UNITS,
  OUTPUT_OUTCOMES_MAX,
  REQUEST_TIMEOUT_MS,
  SIGNATURE_UNITS,
  TRANSACTION_UNIT_CHARACTERS,
} from "../limits.ts";
import { constantMethod, method } from "../method.ts";
import { runningModule } from "./modules.ts";
import { sessionMethods } from "./sessions.ts";
import { sessionPieceMethods } from "./session_pieces.ts";
import { statementMethods } from "./statements.ts";
import { statusMethods } from "./status.ts";
import { awaitValue } from "../../../modules/contract/await_value.ts";

const encodedOutcome = moduleEncoding(dyn);

const encodedTransaction = moduleEncoding(transaction);
/** Hex of a transaction and of the length before it. */
const TRANSACTION_CHARACTERS_MAX = 2 * (TRANSACTION_BYTES_MAX + 3);

/** Refused by its length before anything of it is decoded: what no unit takes would never be answered. */
const submittedTransaction: Pick<typeof encodedTransaction, "fromJson"> = {
  fromJson: (json) => {
    const hex = Array.isArray(json) ? (json as readonly Json[])[0] : undefined;
    if (typeof hex === "string" && hex.length > TRANSACTION_CHARACTERS_MAX) {
      throw new DecodeError(
        "too_large",
        `The transaction is larger than ${TRANSACTION_BYTES_MAX} bytes, no unit takes it`,
      );
    }
    return encodedTransaction.fromJson(json);
  },
};

/** What outputs take that are dear to check. Params that can't be read are refused, which takes no more. */
function outputUnits({ configured }: Pick<ApiDeps, "configured">, params: Json): number {
  const read = tryDecoding(() => submittedTransaction.fromJson(params));
  if (!read.ok) return 0;
  return read.value.outputs.reduce((sum, { instance }) => {
    return sum + (configured.get(instance)?.definition.outputUnits ?? 0);
  }, 0);
}

function versionsSummary(
  { config, configured }: Pick<ApiDeps, "config" | "configured">,
): SupportedApiVersionsSummary {
  return {
    core: { coreConsensus: CORE_CONSENSUS_VERSION, api: [CORE_API_VERSION] },
    modules: new Map([...config.consensus.modules].map(([instance, { version }]) => [instance, {
      coreConsensus: CORE_CONSENSUS_VERSION,
      moduleConsensus: version,
      api: [...configured.get(instance)!.definition.apiVersions],
    }])),
  };
}

async function outcomesOf(
  deps: ApiDeps,
  txid: TransactionId,
  indices: readonly (number | bigint)[],
  signal: AbortSignal,
): Promise<(Dyn | null)[]> {
  const modules = await awaitValue(
    deps.store,
    acceptedTransactionKey(txid),
    (tx) => getAcceptedTransaction(tx, txid),
    signal,
  );
  return await readDurable(deps.store, async (tx) => {
    const outcomes: (Dyn | null)[] = [];
    for (const outIdx of indices) {
      const instance = modules[Number(outIdx)];
      if (instance === undefined) throw EndpointError.badRequest(`Outpoint index out of bounds ${txid}:${outIdx}`);
      const { module, definition } = runningModule(deps.modules, instance);
      const outcome: unknown = await module.outputStatus(tx.view(modulePrefix(instance)), { txid, outIdx });
      outcomes.push(outcome === null ? null : toDyn(instance, definition.codecs.outputOutcome, outcome));
    }
    return outcomes;
  });
}

function transactionMethods(deps: ApiDeps): Record<string, Method> {
  const { sender, store, submissions, modules } = deps;
  return {
    submit_transaction: method<CodecType<typeof transaction>, TransactionSubmissionOutcome>({
      units: (params) => SIGNATURE_UNITS + outputUnits(deps, params),
      unitCharacters: TRANSACTION_UNIT_CHARACTERS,
      params: submittedTransaction,
      result: moduleEncoding(transactionSubmissionOutcome),
      handle: async (tx, _signal, source) => {
        EndpointError.reading(() => decodeTransaction(modules, tx));
        const args = { transaction: tx, waitMs: REQUEST_TIMEOUT_MS, source };
        // a caller that waits longer was cut already: the deadline only ends a wait that nothing else would
        const outcome = await sender.ask(submissions, "submit", args, { deadlineMs: 2 * REQUEST_TIMEOUT_MS });
        if (outcome === null) throw EndpointError.failed("Too many transactions are waiting: submit it again later");
        if (outcome === "broken") {
          throw EndpointError.failed("The transaction could not be checked: submit it again later");
        }
        return outcome;
      },
    }),
    await_transaction: method({
      params: transactionId,
      result: transactionId,
      handle: async (txid, signal) => {
        await awaitValue(store, acceptedTransactionKey(txid), (tx) => getAcceptedTransaction(tx, txid), signal);
        return txid;
      },
    }),
    await_output_outcome: method({
      params: outPoint,
      result: encodedOutcome,
      handle: async ({ txid, outIdx }, signal) => {
        const [outcome] = await outcomesOf(deps, txid, [outIdx], signal);
        if (!outcome) throw EndpointError.badRequest("No output outcome for outpoint");
        return outcome;
      },
    }),
    await_outputs_outcomes: method({
      units: MANY_RECORDS_UNITS,
      params: outPointRange,
      result: list(option(encodedOutcome)),
      handle: ({ txid, idxRange: { start, end } }, signal) => {
        const count = end - start;
        if (count < 0 || count > OUTPUT_OUTCOMES_MAX) {
          throw EndpointError.badRequest(
            `Outpoint range must cover at most ${OUTPUT_OUTCOMES_MAX} outputs, got ${count}`,
          );
        }
        return outcomesOf(deps, txid, Array.from({ length: count }, (_, i) => start + i), signal);
      },
    }),
  };
}

function configMethods(deps: ApiDeps): Record<string, Method> {
  const { config, configured, clientConfig: ownClientConfig, apiSecrets } = deps;
  return {
    version: constantMethod(supportedApiVersionsSummary, () => versionsSummary(deps)),
    fedimintd_version: constantMethod(text, () => FEDIMINT_VERSION),
    federation_id: constantMethod(federationId, () => deps.federationId),
    client_config: constantMethod(clientConfig, () => ownClientConfig),
    client_config_json: constantMethod(
      jsonClientConfig,
      () =>
        toJsonClientConfig(ownClientConfig, (kind, { instance }) => {
          const module = configured.get(instance);
          return module?.definition.kind === kind ? module.definition.getClientConfig(module.config).json : undefined;
        }),
    ),
    server_config_consensus_hash: constantMethod(sha256Hash, () => legacyConsensusConfigHash(config.consensus)),
    invite_code: method({
      params: unit,
      result: inviteCode,
      handle: () => ownInvite({ ...deps, apiSecret: apiSecrets[0] ?? null }),
    }),
    setup_status: constantMethod(text, () => "ConsensusIsRunning"),
  };
}

export function coreMethods(deps: ApiDeps): Record<string, Method> {
  return {
    ...configMethods(deps),
    ...transactionMethods(deps),
    ...sessionMethods(deps),
    ...sessionPieceMethods({ ...deps, clock: deps.platform.clock }),
    ...statusMethods(deps),
    ...backupMethods({ ...deps, clock: deps.platform.clock }),
    ...statementMethods(deps),
  };
}
