/** What an account may do and where: its groups, the rights that the rules of the site give it, its home. */
import type { AccessRights } from '../authorization/access-rights.ts';
import type { Home } from '../authorization/home-directory.ts';
import { unmetText } from '../authorization/rules/concerning-rules.ts';
import type { LoginCircumstances } from '../authorization/rules/rule-conditions.ts';
import type { AuthorizationOutcome } from '../authorization/rules/rule-set.ts';
import type { DirectoryAccount, Group } from '../directory/directory.ts';
import { type StepRecorder, unrecorded } from '../explanation/steps.ts';
import type { Proven } from './account-proof.ts';
import { isAnonymousAccount } from './anonymous-login.ts';
import type { AuthorizationPolicy, Occasion } from './login-policy.ts';
import type { StageResult } from './login-progress.ts';
import { accountFacts } from './login-record.ts';

/** What rights and homes are decided by; a mapping service elsewhere tells no more of an account. */
export type AccountOfFiles = Pick<
  DirectoryAccount,
  'accountName' | 'directory' | 'distinguishedName' | 'sid' | 'homeDirectory' | 'dnsDomain' | 'netbiosDomain'
> &
  Partial<Pick<DirectoryAccount, 'id'>>;

/** All groups are known, nested ones included. */
export interface Grouped {
  readonly account: AccountOfFiles;
  readonly groups: readonly Group[];
}

/** @throws DirectoryUnavailableError | DirectoryAnswerError */
export async function readGroups<Account extends Proven>(
  proven: Account,
  { steps }: Occasion,
): Promise<StageResult<Account & Grouped>> {
  const { account, directory } = proven;
  const groups = proven.groups ?? (await directory.readGroups(account));
  const names = groups.map((group) => group.name ?? group.distinguishedName ?? group.sid ?? '');
  steps.record({ stage: 'account', check: 'groups', verdict: 'noted', facts: { groups: names } });
  return { outcome: 'passed', proof: { ...proven, groups }, findings: { mapped: { account, groups } } };
}

/** A rule lets the account read or write somewhere. */
export interface Authorized {
  readonly accessRights: AccessRights;
}

/** The stage of the authorization rules: passes an account that may read or write anywhere. */
export function authorizeAccount<Account extends Grouped>(
  { rules }: Pick<AuthorizationPolicy, 'rules'>,
  grouped: Account,
  circumstances: LoginCircumstances,
  { steps }: Occasion,
): StageResult<Account & Authorized> {
  const { account, groups } = grouped;
  const rights = rules.authorize({ accountName: account.accountName, groups, circumstances });
  const isDenied = rights.outcome === 'denied';
  const verdict = isDenied ? 'failed' : 'passed';
  const facts = isDenied ? rights.denial.facts : rightsAtRoot(rights, steps);
  steps.record({ stage: 'authorization', check: 'authorization rules', verdict, facts });
  if (isDenied) return rights;
  return { outcome: 'passed', proof: { ...grouped, accessRights: rights.accessRights } };
}

function rightsAtRoot(
  { accessRights, unmet }: Extract<AuthorizationOutcome, { readonly outcome: 'authorized' }>,
  steps: StepRecorder,
) {
  // A site may have many rules: they are asked for who reads the answer.
  const left = steps === unrecorded ? [] : unmet();
  return {
    read: accessRights.allows('Read', '/'),
    write: accessRights.allows('Write', '/'),
    ...(left.length > 0 && { unmetRules: left.slice(0, 20).map(unmetText) }),
  };
}

/** The home exists, or for explanations could be made; its path is empty where the files are elsewhere and the account names no home. */
export type Housed = Home;

/** The stage of the home. An explanation foresees it; a login makes it where the site says so. */
export async function findHome<Account extends Grouped & Authorized>(
  { homes }: Pick<AuthorizationPolicy, 'homes'>,
  authorized: Account,
  { purpose, steps }: Occasion,
): Promise<StageResult<Account & Housed>> {
  const { account } = authorized;
  if (!homes) return housed(authorized, { homeDirectory: account.homeDirectory ?? '' });
  const owner = { ...account, domain: account.dnsDomain, isAnonymous: isAnonymousAccount(account) };
  const home = await (purpose === 'explain' ? homes.foresee(owner) : homes.find(owner));
  const isDenied = home.outcome === 'denied';
  steps.record({
    stage: 'authorization',
    check: 'home directory',
    verdict: isDenied ? 'failed' : 'passed',
    facts: isDenied
      ? home.denial.facts
      : {
          home: home.homeDirectory,
          wouldBeMade: home.wouldBeMade && 'by the first login',
          startDirectory: home.startDirectory,
          virtualDirectories: home.virtualDirectories?.map(({ path, physicalPath }) => `${path} = ${physicalPath}`),
        },
  });
  return isDenied ? home : housed(authorized, homeOf(home));
}

/** Of a proof or an outcome, the home alone. */
export function homeOf({ homeDirectory, startDirectory, virtualDirectories }: Home): Home {
  return {
    homeDirectory,
    ...(startDirectory !== undefined && { startDirectory }),
    ...(virtualDirectories && { virtualDirectories }),
  };
}

function housed<Account extends Grouped & Authorized>(authorized: Account, home: Home) {
  const account = { ...accountFacts(authorized.account), homeDirectory: home.homeDirectory || undefined };
  return { outcome: 'passed' as const, proof: { ...authorized, ...home }, findings: { account } };
}
