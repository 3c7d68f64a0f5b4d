/** What the stages of a login and the facts of its steps are called for people. */
import type { Step } from './steps.ts';

export const stageTitles: Readonly<Record<Step['stage'], string>> = {
  connection: 'Connection',
  certificate: 'Certification path (RFC 5280)',
  revocation: 'Revocation',
  mapping: 'Mapping to an account',
  directory: 'Directory',
  account: 'Account',
  authorization: 'Authorization',
  'data-channel': 'Data channel',
};

/** Facts that only say which certificate a step is about. */
export const identityFacts: ReadonlySet<string> = new Set(['subject', 'issuer', 'serialNumber', 'sha256']);

const factNames: Readonly<Record<string, string>> = {
  searched: 'search sent',
  found: 'came back',
  map: 'mapping',
  reason: 'why',
  condition: 'condition not met',
  directories: 'directories asked',
  read: 'may read',
  write: 'may write',
  sid: 'SID',
  sha256: 'SHA-256',
  certificateSha256: 'SHA-256 of the certificate',
  userPrincipalNames: 'user principal names (UPN)',
  claimedName: 'name given to USER',
  loginNames: 'names of the account',
};

/** What an account holds beside what led nowhere: in these words, in text and page alike. */
export const comparisonNames: ReadonlyMap<string, string> = new Map([
  ['searched', 'searched'],
  ['certificateHas', 'the certificate has'],
  ['accountHolds', 'the account holds'],
  ['whatDiffers', 'what differs'],
]);

/** `subjectKeyIdentifier` -> `subject key identifier`. */
export function factName(name: string): string {
  return Object.hasOwn(factNames, name)
    ? (factNames[name] ?? name)
    : name.replace(/(?<=[a-z0-9])[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}
