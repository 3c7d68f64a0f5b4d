/** Whether a client may speak with the site at all, by its address: the list of the server must admit it, and that of the site. */
import { type Denial, denial } from '../../denial.ts';
import { createReference } from '../../operations/reference.ts';
import type { ConnectionPeer } from '../proxy/connection-peer.ts';
import type { FtpServerOptions } from '../server-options.ts';
import { type AddressVerdict, type DenyAction, type IpSecurity, judgeAddress } from './ip-security.ts';

export type AddressAdmission =
  | { readonly outcome: 'admitted' }
  | { readonly outcome: 'denied'; readonly denial: Denial; readonly action: DenyAction };

const admitted: AddressAdmission = { outcome: 'admitted' };

/**
 * What a trusted proxy asks for itself is admitted: its address is listed as trusted.
 * @returns at once where no name must be looked up, so that lists of addresses keep no client waiting
 */
export function admissionOf(
  options: FtpServerOptions,
  peer: ConnectionPeer,
): AddressAdmission | Promise<AddressAdmission> {
  if (peer.isProxyItself) return admitted;
  return admissionBy(listsOf(options), options, peer.remoteAddress);
}

/** By the list of the server alone, while it is not known to which site the client comes. */
export function serverAdmissionOf(
  options: FtpServerOptions,
  peer: ConnectionPeer,
): AddressAdmission | Promise<AddressAdmission> {
  const { serverIpSecurity: list } = options;
  if (peer.isProxyItself || !list) return admitted;
  return admissionBy([{ of: 'the server', list }], options, peer.remoteAddress);
}

interface NamedList {
  readonly of: 'the server' | 'the site';
  readonly list: IpSecurity;
}

function listsOf({ serverIpSecurity, site }: FtpServerOptions): readonly NamedList[] {
  const own = { of: 'the site', list: site.ipSecurity } as const;
  return serverIpSecurity ? [{ of: 'the server', list: serverIpSecurity }, own] : [own];
}

function admissionBy(
  [first, ...others]: readonly NamedList[],
  options: FtpServerOptions,
  address: string,
): AddressAdmission | Promise<AddressAdmission> {
  if (!first) return admitted;
  const verdict = judgeAddress(first.list, address);
  if (verdict.outcome === 'names-needed') return admissionByName(first, others, options, address);
  return verdict.outcome === 'admitted' ? admissionBy(others, options, address) : denied(first, verdict, address);
}

async function admissionByName(
  first: NamedList,
  others: readonly NamedList[],
  options: FtpServerOptions,
  address: string,
): Promise<AddressAdmission> {
  const names = await options.reverseNames.namesOf(address, first.list.reverseNameTimeout);
  const verdict = judgeAddress(first.list, address, names);
  return verdict.outcome === 'denied' ? denied(first, verdict, address) : admissionBy(others, options, address);
}

function denied(
  { of, list }: NamedList,
  verdict: Extract<AddressVerdict, { outcome: 'denied' }>,
  address: string,
): AddressAdmission {
  const { entry, names, why } = verdict;
  const detail = `ipSecurity of ${of} does not admit ${address}: ${why}.`;
  return {
    outcome: 'denied',
    action: list.denyAction,
    denial: denial('address-denied', detail, { address, entry, names }),
  };
}

/** There is no control connection yet. @returns the reference the client may quote */
export function recordDeniedAddress(
  { audit }: FtpServerOptions,
  binding: string,
  peer: ConnectionPeer,
  refusal: Denial,
): string {
  const reference = createReference();
  const { remoteAddress, proxyAddress } = peer;
  audit.write({
    event: 'refusal',
    binding,
    connectionId: createReference(),
    remoteAddress,
    proxyAddress,
    reference,
    denial: refusal,
  });
  return reference;
}
