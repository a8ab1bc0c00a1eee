/**
 * The guardian's side of the mintv2 module: redeems notes, and signs blinded nonces with its shares of the
 * denominations' keys. Follows fedimint-mintv2-server 0.13.0; the order of checks and the errors are consensus.
 */
import { nothingToMigrate } from "../../actors/store/schema.ts";
import type { StoreTx, StoreView } from "../../actors/store/store.ts";
import type { Scalar } from "../../core/crypto/bls/mod.ts";
import { decodeScalar } from "../../core/crypto/bls/mod.ts";
import { hash160 } from "../../core/bitcoin/script.ts";
import { signShare } from "../../core/crypto/tbs.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { Amount, Amounts } from "../../core/types/amount.ts";
import type { OutPoint } from "../../core/types/ids.ts";
import type { InputMeta, OutputMeta, ServerModule, ServerModuleEnv } from "../contract/server.ts";
import { defineServerModule } from "../contract/server.ts";
import { mintCodecs } from "./codecs.ts";
import type { MintConsensusItem, MintInput, MintInputError, MintOutput, MintOutputError, Note } from "./common.ts";
import { MINTV2_API_VERSION, MINTV2_CONSENSUS_VERSION, MINTV2_KIND } from "./common.ts";
import type { MintConfig, MintPrivateConfig } from "./config.ts";
import { mintConfig, mintPrivateConfig } from "./config.ts";
import { appendRecoveryItem, countIssued, isSpent, issuedCounts, markSpent, setShare } from "./server/db.ts";
import type { Denomination } from "./denomination.ts";
import { denominationAmount } from "./denomination.ts";
import { mintEndpoints } from "./server/endpoints.ts";
import { feeOf } from "./fees.ts";
import { generateMint, validateMint } from "./server/generation.ts";
import { NoteChecks } from "./server/note_checks.ts";

type MintModule = ServerModule<MintInput, MintOutput, null, MintConsensusItem, MintInputError, MintOutputError>;
type MintEnv = ServerModuleEnv<MintConfig, MintPrivateConfig>;

/** What an item moves, and its fee, in the federation's unit. */
function amountsOf(config: MintConfig, exponent: Denomination): { readonly amounts: Amounts; readonly fees: Amounts } {
  const amount = denominationAmount(exponent);
  const inUnit = (msat: Amount): Amounts => new Map(msat === 0n ? [] : [[config.amountUnit, msat]]);
  return { amounts: inUnit(amount), fees: inUnit(feeOf(config.feeConsensus, amount)) };
}

async function redeem(
  tx: StoreTx,
  input: MintInput,
  config: MintConfig,
  checks: NoteChecks,
): Promise<Result<InputMeta, MintInputError>> {
  if (input.tag === "Default") return err({ tag: "UnknownInputVariant", value: { variant: input.value.variant } });
  const { note } = input.value;
  if (!config.tbsAggPks.has(note.denomination)) return err({ tag: "InvalidDenomination", value: null });
  if (!checks.holds(note)) return err({ tag: "InvalidSignature", value: null });
  if (await isSpent(tx, note.nonce)) return err({ tag: "SpentCoin", value: null });

  markSpent(tx, note.nonce);
  await countIssued(tx, note.denomination, -1n);
  await appendRecoveryItem(tx, { tag: "Input", value: { nonceHash: hash160(note.nonce) } });
  return ok({ ...amountsOf(config, note.denomination), publicKey: note.nonce });
}

/**
 * Processing looks up one note after the other. Here all are looked up at once, which costs the database a tenth; what
 * it said stays in the store's cache.
 */
async function lookAhead(store: StoreView, notes: readonly Note[]): Promise<void> {
  if (notes.length > 0) await store.read((tx) => Promise.all(notes.map(({ nonce }) => isSpent(tx, nonce))));
}

type SecretShares = ReadonlyMap<Denomination, Scalar>;

/** All that an output may be refused for; makes no signature. */
function checkOutput(
  output: MintOutput,
  config: MintConfig,
  secretShares: SecretShares,
): Result<OutputMeta, MintOutputError> {
  if (output.tag === "Default") return err({ tag: "UnknownOutputVariant", value: { variant: output.value.variant } });
  const { denomination } = output.value;
  if (!secretShares.has(denomination)) return err({ tag: "InvalidDenomination", value: null });
  return ok(amountsOf(config, denomination));
}

/** The same blinded nonce may be signed again: then the client pays twice for one note. */
async function issue(
  tx: StoreTx,
  output: MintOutput,
  outPoint: OutPoint,
  config: MintConfig,
  secretShares: SecretShares,
): Promise<Result<OutputMeta, MintOutputError>> {
  const checked = checkOutput(output, config, secretShares);
  if (!checked.ok) return checked;
  const { denomination, nonce, tweak } = (output as Extract<MintOutput, { readonly tag: "V0" }>).value;

  setShare(tx, outPoint, nonce, signShare(nonce, secretShares.get(denomination)!));
  await countIssued(tx, denomination, 1n);
  await appendRecoveryItem(tx, { tag: "Output", value: { denomination, nonceHash: hash160(nonce), tweak } });
  return checked;
}

function startMint(env: MintEnv): Promise<MintModule> {
  const { config } = env;
  const secretShares = new Map(
    [...env.privateConfig.tbsSks].map(([exponent, secret]) => [exponent, decodeScalar(secret.reveal())] as const),
  );
  const checks = new NoteChecks(config.tbsAggPks, env.platform.dice);
  return Promise.resolve<MintModule>({
    prepareInputs: async (transactions) => {
      const notes = transactions.map((inputs) =>
        inputs.flatMap((input) => input.tag === "V0" ? [input.value.note] : [])
      );
      const holds = checks.prepare(notes);
      await lookAhead(env.store, notes.filter((_, i) => holds[i]).flat());
      return holds;
    },
    inputsStandAlone: true,
    processInput: (tx, input) => redeem(tx, input, config, checks),
    checkOutput: (_tx, output) => Promise.resolve(checkOutput(output, config, secretShares)),
    processOutput: (tx, output, outPoint) => issue(tx, output, outPoint, config, secretShares),
    processConsensusItem: () => Promise.resolve(err("Mint does not process consensus items")),
    outputStatus: () => Promise.resolve(null),
    consensusProposal: () => Promise.resolve([]),
    audit: async (tx) => {
      let liabilities = 0n;
      for (const [exponent, count] of await issuedCounts(tx)) liabilities += denominationAmount(exponent) * count;
      return -liabilities;
    },
    apiEndpoints: mintEndpoints(env.store.forStrangers()),
  });
}

export const mintv2Server = defineServerModule({
  kind: MINTV2_KIND,
  consensusVersion: MINTV2_CONSENSUS_VERSION,
  enabledByDefault: true,
  apiVersions: [MINTV2_API_VERSION],
  codecs: mintCodecs,
  privateConfig: mintPrivateConfig,
  schema: { version: 1, migrations: { 0: nothingToMigrate } },
  distributedGen: generateMint,
  validateConfig: validateMint,
  getClientConfig: (config) => ({ bytes: encode(mintConfig, config), json: mintConfig.toJson(config) }),
  start: startMint,
});
