/**
 * The client as a library for applications: a wallet of one federation's e-cash. It touches the world through the
 * platform and the store that it is given; `deno.ts` is the same for Deno, with wallets in folders.
 *
 * ```ts no_run
 * import { openClient } from "./deno.ts";
 *
 * const wallet = await openClient({ dir: "./wallet" }); // made when there is none; one process at a time
 * if (!wallet.isJoined) await wallet.join("fed11qgqz…"); // makes 12 words: show wallet.words() to the owner
 *
 * const address = await wallet.depositAddress(); // pay to it; the money comes by itself
 * for await (const msat of wallet.subscribeBalance()) if (msat >= 100_000n) break;
 *
 * const { ecash } = await wallet.spend(100_000n); // 100 sat; whoever has the text has the money; see `Spent.further`
 * const { operationId } = await wallet.receive("fedimint1qx…"); // stored: it goes on after a crash
 * const outcome = await wallet.awaitReceive(operationId); // { ok: false, error } says why it was refused
 *
 * const payment = await wallet.withdraw("bc1q…", 20_000n); // sat; on its way
 * await wallet.awaitWithdraw(payment); // { outcome: "success", txid }
 *
 * const paid = await wallet.payInvoice("lnbc…"); // on its way; `quotePayment` says before what it costs
 * await wallet.awaitPayment(paid); // { outcome: "success", preimage }, or "refunded"
 * const { invoice } = await wallet.createInvoice(50_000n); // show it; the money comes by itself
 *
 * await wallet.close();
 * ```
 *
 * Amounts are millisatoshi of bitcoin unless a name says sat. A call that moves money resolves when what it does is on
 * disk; from there on it is done, whatever happens to the process. Errors are typed: `ClientError`, `EcashError`,
 * `WalletError`, `LightningError`, `ApiError` and the others below, each with a `code`. Every promise settles: when its
 * signal is aborted or the client is closed it rejects with `WaitError` `aborted` or `closed`, and a wait for an
 * operation that this client doesn't have with `unknown_operation`; live sequences end.
 *
 * @module
 */
// opening
export { openClient, previewFederation } from "./open.ts";
export type { OpenClientOptions, PreviewOptions, WalletOptions } from "./open.ts";
export { builtInModules } from "./modules.ts";
export { openWallets, Wallets } from "./wallets.ts";
export type { OpenWalletsOptions, WalletEntry } from "./wallets.ts";

// a wallet, and what its calls say
export { FederationClient } from "./wallet.ts";
export { LightningWallet } from "./lightning/wallet.ts";
export { FederationMembership } from "./membership.ts";
export type { PayOptions, Spent } from "./wallet.ts";
export { OperationHandle } from "./operation.ts";
export type { Operation, OperationCursor, OperationFees, OperationsOptions, OperationStatus } from "./operation.ts";
export type { JoinOutcome } from "./core/joining.ts";
export type { FederationMeta } from "./federation/known_meta.ts";
export type { FederationPreview } from "./federation/preview.ts";
export type { GuardianStatus } from "./federation/connections.ts";
export type { Renewal } from "./federation/renew.ts";
export type { BackupMetadata, LeftOut } from "./backup/contents.ts";
export type { FoundBackup, FoundBackups } from "./backup/found.ts";
export type { BackupMade } from "./backup/make.ts";
export type { BackupState } from "./backup/records.ts";
export type { RestoreOutcome } from "./recovery/restore.ts";
export type { RecoveryStatus } from "./recovery/status.ts";
export type { Derivation, Recovered, StepCount } from "../modules/contract/recovery.ts";
export type { ClientEvent, NumberedEvent } from "./logs/events.ts";
export type { OperationEntry } from "./logs/operations.ts";
export type { OperationTransaction } from "./logs/transactions.ts";
export type { PendingMoney } from "../modules/contract/client.ts";
export type {
  AddressOptions,
  BitcoinFees,
  DepositEvent,
  DepositQuote,
  DepositsState,
  PendingDeposit,
  TxInfo,
  Withdrawal,
  WithdrawOptions,
  WithdrawQuote,
} from "./bitcoin.ts";

export type {
  CreatedInvoice,
  CreateInvoiceOptions,
  GatewayName,
  GatewayOptions,
  InvoiceOutcome,
  InvoiceProgress,
  InvoiceQuote,
  ListedGateway,
  MostSendable,
  PayInvoiceOptions,
  PaymentFee,
  PaymentOutcome,
  PaymentProgress,
  PaymentQuote,
  PaymentTerms,
} from "./lightning/types.ts";
export { LnurlError } from "../modules/contract/lnurl_pay.ts";
export type { PayRequest } from "../modules/contract/lnurl_pay.ts";

// texts that people paste
export { parsePasted, readBitcoinAddress, readEcash, readInviteCode, readLightning, readSetupCode } from "./pasted.ts";
export type { DamagedAs, Pasted, PastedAddress, PastedAs, PastedLightning, Wanted } from "./pasted.ts";
export { readWords, wordsFaultText } from "../core/crypto/words.ts";
export type { GivenWords, UnknownWord, WordsFault } from "../core/crypto/words.ts";
export type { InviteCode, InviteCodePart } from "../core/types/invite_code.ts";
export type { PeerEndpoints, PeerSetupCode } from "../core/types/setup_code.ts";
export type { DkgVersion } from "../core/types/dkg_version.ts";

// modules, and what they offer to `wallet.use`
export { mintv2Client } from "../modules/mintv2/client.ts";
export { walletv2Client } from "../modules/walletv2/client.ts";
export { lnv2Client } from "../modules/lnv2/client.ts";
export { lnClient } from "../modules/ln/client.ts";
export { metaClient } from "../modules/meta/client.ts";
export type { LostNote, MintClient, ReceiveQuote, SendOptions, SendQuote, Sent } from "../modules/mintv2/client/api.ts";
export type { WithdrawOptions as ModuleWithdrawOptions } from "../modules/walletv2/client/api.ts";
export type { Denomination } from "../modules/mintv2/denomination.ts";
export type { SendOutcome, WalletClient } from "../modules/walletv2/client/api.ts";
export type { WalletFederation } from "../modules/walletv2/client/federation.ts";
export type { FederationWallet, OutputInfo } from "../modules/walletv2/common.ts";
export type {
  LightningClient,
  MostSendable as ModuleMostSendable,
  ReceiveOptions as ModuleReceiveOptions,
  ReceiveOutcome as ModuleReceiveOutcome,
  ReceiveProgress as ModuleReceiveProgress,
  ReceiveQuote as ModuleReceiveQuote,
  SendOptions as ModuleSendOptions,
  SendOutcome as ModuleSendOutcome,
  SendProgress as ModuleSendProgress,
  SendQuote as ModuleSendQuote,
  SendTerms as ModuleSendTerms,
} from "../modules/lnv2/client/api.ts";
export type {
  AskedGateway,
  Begun,
  Invited,
  LnClient,
  LnurlWords,
  MostPayable,
  PaymentCode,
  PayOptions as LnPayOptions,
  PayOutcome as LnPayOutcome,
  PayProgress as LnPayProgress,
  PayQuote as LnPayQuote,
  ReceiveOptions as LnReceiveOptions,
  ReceiveOutcome as LnReceiveOutcome,
  ReceiveProgress as LnReceiveProgress,
  ReceiveQuote as LnReceiveQuote,
  ShownCode,
} from "../modules/ln/client/api.ts";
export type { ContractId } from "../modules/ln/contracts.ts";
export type { RoutingInfo } from "../modules/lnv2/gateway_api.ts";
export type { MetaClient } from "../modules/meta/client/api.ts";
export type { MetaConsensusValue, MetaKey, MetaValue } from "../modules/meta/common.ts";

// ids, amounts and JSON
export type {
  BitcoinTxid,
  Branded,
  FederationId,
  ModuleInstanceId,
  OperationId,
  OutPoint,
  PeerId,
  Sha256,
  TransactionId,
} from "../core/types/ids.ts";
export type { Bytes } from "../core/bytes.ts";
export type { BitcoinNetwork, BitcoinOutPoint } from "../core/bitcoin/mod.ts";
export type { ClientConfig, ClientModuleConfig, GlobalClientConfig } from "../core/types/client_config.ts";
export type { PeerUrl } from "../core/types/peer_url.ts";
export type { Dyn } from "../core/types/dyn.ts";
export type { SafeUrl } from "../core/types/safe_url.ts";
export type { Version } from "../core/types/version.ts";
export { JsonFloat } from "../core/encoding/mod.ts";
export type { Json, JsonObject, UnknownVariant } from "../core/encoding/mod.ts";
export type { Err, Ok, Result } from "../core/result.ts";

// what the library is given: `actors/platform/real.ts` and `actors/store/kv.ts` have Deno's
export type {
  Address,
  ByteStream,
  Clock,
  Dice,
  Files,
  HttpHandler,
  Listener,
  MessageSocket,
  Network,
  Platform,
  Task,
  Thread,
  Threads,
  Timer,
  TlsIdentity,
  Upgrade,
} from "../actors/platform/platform.ts";
export type {
  Committed,
  Entry,
  RangeOptions,
  ReadTx,
  Rollback,
  Store,
  StoreTx,
  StoreView,
  TransactOptions,
} from "../actors/store/store.ts";
export { ROLLBACK } from "../actors/store/store.ts";
export type { LogFacts, LogLevel, LogRecord, LogSink } from "../actors/logger.ts";
export type { LinkState } from "../actors/rpc/mod.ts";

// errors, each with a `code`
export { ClientError } from "./error.ts";
export { PastedError } from "./pasted.ts";
export { ModuleError } from "../modules/contract/registry.ts";
export { WaitError } from "../modules/contract/waiting.ts";
export { CallError } from "../modules/contract/calls.ts";
export type { AnyCallTable, CallForm, CallTable, Refused } from "../modules/contract/call_table.ts";
export { ApiError } from "../modules/contract/federation_api.ts";
export { EcashError } from "../modules/mintv2/client/error.ts";
export { WalletError } from "../modules/walletv2/client/error.ts";
export type { WalletErrorCode } from "../modules/walletv2/client/error.ts";
export { LightningError } from "../core/lightning/error.ts";
export { LnError } from "../modules/ln/client/error.ts";
export { Lnv2Error } from "../modules/lnv2/client/error.ts";
export type { LightningErrorCode, LightningFacts, PlainLightningErrorCode } from "../core/lightning/error.ts";
export { MetaError } from "../modules/meta/client/api.ts";
export { FilesError, NetworkError, ThreadError } from "../actors/platform/error.ts";
export { StoreError } from "../actors/store/error.ts";
export { DecodeError } from "../core/encoding/mod.ts";
export type { DecodeFacts } from "../core/encoding/error.ts";
export { CryptoError } from "../core/crypto/error.ts";
export type { CryptoFacts } from "../core/crypto/error.ts";
export { FedimintError } from "../core/result.ts";
