/** A directory in memory that answers every look-up, folding text as widely as real ones do: case, accents and widths. */
import type { AccountLookup, Directory, DirectoryAccount, FilterTree } from '../../../src/directory/directory.ts';

export interface MemoryAccount extends Partial<DirectoryAccount> {
  readonly accountName: string;
  /** Attributes for filters, by lower-case name. */
  readonly values?: Readonly<Record<string, readonly (string | Buffer)[]>>;
}

const folded = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

function holds(values: MemoryAccount['values'] = {}, tree: FilterTree): boolean {
  switch (tree.operator) {
    case 'and':
      return tree.operands.every((operand) => holds(values, operand));
    case 'or':
      return tree.operands.some((operand) => holds(values, operand));
    case 'not':
      return !holds(values, tree.operand);
    case 'present':
      return (values[tree.attribute.toLowerCase()] ?? []).length > 0;
    case 'equals':
      return (values[tree.attribute.toLowerCase()] ?? []).some((value) =>
        tree.stored
          ? tree.stored.equals(Buffer.from(value))
          : folded(value.toString()) === folded(tree.value.toString()),
      );
  }
}

function answers(account: DirectoryAccount & MemoryAccount, lookup: AccountLookup): boolean {
  switch (lookup.by) {
    case 'sid':
      return account.sid === lookup.sid;
    case 'altSecurityIdentities':
      return account.altSecurityIdentities.some((stored) =>
        lookup.values.some((value) => folded(stored) === folded(value)),
      );
    case 'userPrincipalName':
      return folded(account.userPrincipalName ?? '') === folded(lookup.userPrincipalName);
    case 'samAccountName':
      return (
        folded(account.accountName) === folded(lookup.samAccountName) &&
        folded(account.dnsDomain ?? '') === folded(lookup.dnsDomain)
      );
    case 'certificate':
      return account.certificateFingerprints.includes(lookup.sha256);
    case 'filter':
      return holds(account.values, lookup.filter);
  }
}

export function memoryDirectory(
  accounts: readonly MemoryAccount[],
  name = 'memory',
): Directory & { readonly asked: AccountLookup[]; readonly bases: (string | undefined)[] } {
  const asked: AccountLookup[] = [];
  const bases: (string | undefined)[] = [];
  const whole = accounts.map((account, index) => ({
    directory: name,
    id: String(index),
    distinguishedName: `CN=${account.accountName}`,
    loginNames: [account.accountName],
    altSecurityIdentities: [],
    certificates: [],
    certificateFingerprints: [],
    state: { type: 'person', disabled: false, smartcardRequired: false } as const,
    attributes: new Map(
      Object.entries(account.values ?? {}).map(
        ([key, values]) => [key, values.map((value) => Buffer.from(value))] as const,
      ),
    ),
    ...account,
  }));
  return {
    name,
    kind: 'activeDirectory',
    lookups: new Set(['sid', 'altSecurityIdentities', 'userPrincipalName', 'samAccountName', 'certificate', 'filter']),
    asked,
    bases,
    findAccounts: async (lookup, limit, options) => {
      asked.push(lookup);
      bases.push(options?.base);
      return whole.filter((account) => answers(account, lookup)).slice(0, limit);
    },
    readGroups: async () => [],
    close: async () => undefined,
  };
}
