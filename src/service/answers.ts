/**
 * From a resolution to what a caller is told: JSON for /v1/resolve, headers for /v1/authorize. Particulars of a refusal go
 * only to callers who may ask for explanations; nothing a peer sent goes into a header but percent-encoded.
 */
import { denialEntry } from '../denial.ts';
import type { Facts, RecordedStep } from '../explanation/steps.ts';
import type { Login } from '../login/authenticator.ts';
import type { MappedAccount } from '../login/login-progress.ts';
import type { Resolution } from '../login/site-login.ts';
import { type DeniedAnswer, type GrantedAnswer, grantedSchema, type VerdictAnswer } from './wire.ts';

/** Long lists and names overflow the header buffer of the proxy (nginx: 4 or 8 KiB for all headers). */
const maximumHeaderOctets = 1024;
const maximumGroupHeaderOctets = 2048;

export type Headers = Readonly<Record<string, string>>;

/**
 * @param steps absent unless the caller asked for an explanation and may have it
 * @throws Error when a granted login lacks what its answer must say: a fault, and the client is not let in
 */
export function verdictAnswer(resolution: Resolution, steps: readonly RecordedStep[] | undefined): VerdictAnswer {
  const { verdict } = resolution;
  const explanation = steps && { steps: steps.map(wireStep) };
  if (verdict.outcome === 'granted') return { ...grantedAnswer(resolution, verdict.login), ...explanation };
  const { code, detail, facts } = verdict.denial;
  const { meaning, remedy } = denialEntry(code);
  const { outcome, reference } = verdict;
  return {
    outcome,
    reference,
    code,
    meaning,
    ...(explanation && { remedy, detail, facts: definedFacts(facts), ...explanation }),
  };
}

function grantedAnswer({ verdict, record, mapped }: Resolution, login: Login): GrantedAnswer {
  const { certificate, path, trustAnchor, policies, evidence, rule, mappingReason } = record;
  return grantedSchema.parse({
    outcome: 'granted',
    reference: verdict.reference,
    account: mapped && accountAnswer(mapped),
    rule,
    reason: mappingReason,
    permissions: {
      read: login.accessRights.allows('Read', '/'),
      write: login.accessRights.allows('Write', '/'),
    },
    validUntil: login.validUntil?.toISOString(),
    certificate,
    path,
    trustAnchor,
    policies,
    evidence,
  });
}

function accountAnswer({ account, groups = [] }: MappedAccount): GrantedAnswer['account'] {
  const { directory, accountName, distinguishedName, sid, userPrincipalName, dnsDomain, homeDirectory } = account;
  return {
    directory,
    name: accountName,
    distinguishedName,
    sid,
    userPrincipalName: userPrincipalName || undefined,
    dnsDomain,
    homeDirectory: homeDirectory || undefined,
    groups: groups.map((group) => ({
      sid: group.sid,
      distinguishedName: group.distinguishedName,
      name: group.name || undefined,
    })),
  };
}

function wireStep({ facts, ...step }: RecordedStep): NonNullable<DeniedAnswer['steps']>[number] {
  return { ...step, facts: facts && definedFacts(facts) };
}

function definedFacts(facts: Facts): NonNullable<DeniedAnswer['facts']> {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'object' ? [...value] : value]],
    ),
  );
}

/** @throws Error when the account’s name cannot be a header, or as verdictAnswer() */
export function verdictHeaders(resolution: Resolution): Headers {
  const answer = verdictAnswer(resolution, undefined);
  if (answer.outcome !== 'granted') {
    return { 'x-cardgate-reference': answer.reference, 'x-cardgate-code': answer.code };
  }
  const { account, reference, rule, reason, validUntil, certificate } = answer;
  const name = headerText(account.name);
  if (name.length > maximumHeaderOctets) throw new Error('the name of the account is too long for a header');
  const optional = {
    'x-cardgate-directory': account.directory,
    'x-cardgate-distinguished-name': account.distinguishedName,
    'x-cardgate-sid': account.sid,
    'x-cardgate-user-principal-name': account.userPrincipalName,
    'x-cardgate-rule': rule,
    'x-cardgate-reason': reason,
    'x-cardgate-valid-until': validUntil,
    'x-cardgate-certificate-sha256': certificate.sha256,
  };
  return {
    'x-cardgate-account': name,
    'x-cardgate-reference': reference,
    ...Object.fromEntries(
      Object.entries(optional)
        .map(([header, value]) => [header, headerText(value ?? '')] as const)
        .filter(([, value]) => value !== '' && value.length <= maximumHeaderOctets),
    ),
    ...groupHeaders(account.groups),
  };
}

/** All groups or none: half a list hides the group that a rule forbids. */
function groupHeaders(groups: GrantedAnswer['account']['groups']): Headers {
  const list = groups
    .map(({ sid, distinguishedName, name }) =>
      headerText(sid ?? distinguishedName ?? name ?? '').replaceAll(',', '%2C'),
    )
    .join(',');
  if (list.length > maximumGroupHeaderOctets) return { 'x-cardgate-groups-omitted': String(groups.length) };
  return list === '' ? {} : { 'x-cardgate-groups': list };
}

/** Printable ASCII stays; everything else, `%` and blanks at the ends become percent-encoded UTF-8, which can be undone. */
export function headerText(value: string): string {
  return value.replace(/^ | $|[^\x20-\x7e]|%/gu, (character) =>
    [...Buffer.from(character, 'utf8')]
      .map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}
