/**
 * Money out of nothing, for federations of tests that are about something else: a module whose inputs are worth what
 * they say, to whoever signs. A wallet has e-cash from it in a second, where a deposit takes blocks and the search for
 * an address.
 */
import type { ClientModuleEnv, OperationId, ServerModule, TransactionId } from "../../modules/contract/mod.ts";
import {
  amount,
  BITCOIN_UNIT,
  defineClientModule,
  defineServerModule,
  err,
  ok,
  publicKey,
  publicKeyOf,
  slot,
  struct,
  toDyn,
  toHex,
  u64,
  unit,
} from "../../modules/contract/mod.ts";
import type { CodecType } from "../../modules/contract/mod.ts";

const KIND = "faucet";
const VERSION = { major: 0, minor: 0 };
const givenMsat = slot(0x01, u64);

const drawing = struct("Drawing", { amountMsat: amount, key: publicKey });
type Drawing = CodecType<typeof drawing>;

const codecs = {
  config: unit,
  input: drawing,
  output: unit,
  outputOutcome: unit,
  consensusItem: unit,
  inputError: unit,
  outputError: unit,
};

type FaucetModule = ServerModule<Drawing, null, null, null, null, null>;

export const faucetServer = defineServerModule({
  kind: KIND,
  consensusVersion: VERSION,
  enabledByDefault: true,
  apiVersions: [VERSION],
  codecs,
  privateConfig: unit,
  distributedGen: () => Promise.resolve({ config: null, privateConfig: null }),
  validateConfig: () => ok(null),
  getClientConfig: () => ({ bytes: new Uint8Array(), json: null }),
  start: () =>
    Promise.resolve<FaucetModule>({
      processInput: async (tx, { amountMsat, key }) => {
        givenMsat.set(tx, (await givenMsat.get(tx) ?? 0n) + amountMsat);
        return ok({ amounts: new Map([[BITCOIN_UNIT, amountMsat]]), fees: new Map(), publicKey: key });
      },
      processOutput: () => Promise.resolve(err(null)),
      processConsensusItem: () => Promise.resolve(err("a faucet has nothing to say")),
      outputStatus: () => Promise.resolve(null),
      consensusProposal: () => Promise.resolve([]),
      // what it gave is what the e-cash is owed for
      audit: async (tx) => await givenMsat.get(tx) ?? 0n,
      apiEndpoints: {},
    }),
});

class Faucet {
  readonly #env: ClientModuleEnv<null, null>;

  constructor(env: ClientModuleEnv<null, null>) {
    this.#env = env;
  }

  /** Resolves when the e-cash is there: the amount less the fees of its notes. */
  async draw(amountMsat: bigint): Promise<void> {
    const { core, instance, platform, secret } = this.#env;
    const operationId: OperationId = toHex(platform.dice.bytes(32));
    const key = secret.child(0).secpKey();
    const input = toDyn(instance, drawing, { amountMsat, key: publicKeyOf(key) });
    const inputs = [{ input, amounts: new Map([[BITCOIN_UNIT, amountMsat]]), fees: new Map(), key }];
    const submitted = await core.submit({
      operationId,
      inputs: [{ inputs, machines: (_txid: TransactionId) => [] }],
      outputs: [],
      spending: "nothing",
      meta: () => ({ Draw: u64.toJson(amountMsat) }),
    });
    if (!submitted.ok) throw new Error(`The faucet gives nothing: ${submitted.error.code}`);
    const issued = await core.awaitPrimaryOutputs(operationId, submitted.value);
    if (!issued.ok) throw new Error(issued.error);
  }
}

export const faucetClient = defineClientModule({
  kind: KIND,
  consensusVersion: VERSION,
  requiredApi: VERSION,
  config: unit,
  codecs,
  state: unit,
  api: { draw: "call" },
  start: (env) => Promise.resolve({ transitions: () => [], api: new Faucet(env), commands: {} }),
});
