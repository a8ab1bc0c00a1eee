/**
 * What guardians tell each other: their shares of decryptions, how many blocks their chains have, and which version of
 * the module all of them know. Only items that change something are accepted. Follows fedimint-ln-server 0.13.0
 * (`process_consensus_item`, `consensus_proposal`); docs/protocol/06-lightning-meta.md §F.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import type { G1 } from "../../../core/crypto/mod.ts";
import { decrypt } from "../../../core/crypto/threshold_crypto.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { Version } from "../../../core/types/version.ts";
import type { LnConsensusItem } from "../common.ts";
import type { ContractId } from "../contracts.ts";
import { judgeDecrypted } from "../contracts.ts";
import {
  accounts,
  blockCountVotes,
  compareVersions,
  consensusVersion,
  dueShares,
  endDecryption,
  hasShareOf,
  outcomes,
  raiseVersionVote,
  setShareOf,
  sharesOf,
} from "./db.ts";
import type { LnEnv } from "./env.ts";

/** A guardian's share. The threshold-th ends the decryption. */
async function takeShare(
  env: LnEnv,
  tx: StoreTx,
  id: ContractId,
  share: G1,
  peer: PeerId,
): Promise<Result<null, string>> {
  const { peers: { threshold }, identity, ciphertexts, publicShares } = env;
  if (await hasShareOf(tx, id, peer)) return err("the guardian's share is counted already");
  const account = await accounts.get(tx, id);
  if (account?.contract.tag !== "Incoming") return err("the share is for no incoming contract");
  const { contract, outPoint } = account.contract.value;
  if (contract.decryptedPreimage.tag !== "Pending") return err("the contract is decrypted already");
  const isOwn = ciphertexts.isShareOf(contract.encryptedPreimage, share, publicShares[peer]!);
  if (!isOwn) return err("the share is invalid");
  setShareOf(tx, id, peer, share);
  if (peer === identity) dueShares.delete(tx, id);
  const shares = await sharesOf(tx, id);
  if (shares.size < threshold) return ok(null);

  const decryptedPreimage = judgeDecrypted(contract.hash, decrypt(contract.encryptedPreimage, shares, threshold));
  await endDecryption(tx, id);
  const decrypted = { ...contract, decryptedPreimage };
  accounts.set(tx, id, { ...account, contract: { tag: "Incoming", value: { contract: decrypted, outPoint } } });
  assert(await outcomes.get(tx, outPoint), "an outcome is stored when a contract is funded");
  const outcome = { tag: "Incoming", value: decryptedPreimage } as const;
  outcomes.set(tx, outPoint, { tag: "Contract", value: { id, outcome } });
  return ok(null);
}

async function raiseBlockCountVote(tx: StoreTx, peer: PeerId, count: bigint): Promise<Result<null, string>> {
  if (count <= (await blockCountVotes.get(tx, peer) ?? 0n)) return err("the block count has not grown");
  blockCountVotes.set(tx, peer, count);
  return ok(null);
}

export async function processConsensusItem(
  env: LnEnv,
  tx: StoreTx,
  item: LnConsensusItem,
  peer: PeerId,
): Promise<Result<null, string>> {
  switch (item.tag) {
    case "DecryptPreimage":
      return await takeShare(env, tx, item.value[0], item.value[1], peer);
    case "BlockCount":
      return await raiseBlockCountVote(tx, peer, item.value);
    case "ModuleConsensusVersion":
      return await raiseVersionVote(tx, peer, item.value, env.peers)
        ? ok(null)
        : err("the vote on the version has not risen");
    case "Default":
      return err(`unknown kind of item ${item.value.variant}`);
  }
}

/**
 * What this guardian has to say now. What was counted already is not said again: it would only be refused.
 * @param supported the highest version that all guardians know; null before all have answered
 */
export async function consensusProposal(env: LnEnv, tx: ReadTx, supported: Version | null): Promise<LnConsensusItem[]> {
  const { identity, peers, bitcoin } = env;
  const items: LnConsensusItem[] = [];
  for await (const [id, share] of dueShares.entries(tx)) items.push({ tag: "DecryptPreimage", value: [id, share] });
  const status = await bitcoin.status();
  const count = BigInt(status?.blockCount ?? 0);
  if (count > (await blockCountVotes.get(tx, identity) ?? 0n)) items.push({ tag: "BlockCount", value: count });
  if (supported && compareVersions(await consensusVersion(tx, peers), supported) < 0) {
    items.push({ tag: "ModuleConsensusVersion", value: supported });
  }
  return items;
}
