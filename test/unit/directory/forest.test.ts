/** A forest of two domains and its global catalog, as fakes: what is asked where, and what is believed. */
import type { Entry } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { createActiveDirectory } from '../../../src/directory/active-directory/active-directory.ts';
import type { DomainServers } from '../../../src/directory/active-directory/active-directory-forest.ts';
import { sidToBinary } from '../../../src/directory/active-directory/sid.ts';
import type { SearchRequest } from '../../../src/directory/connection/ldap-connection.ts';
import { DirectoryUnavailableError } from '../../../src/directory/directory.ts';
import { LdapEntry } from '../../../src/directory/ldap-entry.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { type ActiveDirectoryChanges, activeDirectoryOptions } from '../../support/directory-options.ts';

const sidOf = (domain: number, rid: number) => `S-1-5-21-${domain}-2-3-${rid}`;

function person(name: string, domain: string, number: number): Entry {
  return {
    dn: `CN=${name},CN=Users,${domain}`,
    objectGUID: Buffer.alloc(16, number),
    objectSid: sidToBinary(sidOf(number, 1105))!,
    sAMAccountName: name,
    userAccountControl: '512',
    'msDS-User-Account-Control-Computed': '0',
    accountExpires: '0',
    tokenGroups: [sidToBinary(sidOf(number, 513))!],
  };
}

const guid = (number: number) =>
  `<GUID=${Buffer.alloc(16, number)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}>`;
const corp = 'DC=corp,DC=example';
const emea = 'DC=emea,DC=corp,DC=example';

/** Each server answers a base by fixed entries, or by an error; `asked` has every search. */
function forest(answers: Record<string, Record<string, Entry[] | Error>>, more: ActiveDirectoryChanges = {}) {
  const asked: string[] = [];
  const requests: SearchRequest[] = [];
  const directory = createActiveDirectory(
    activeDirectoryOptions({
      name: 'forest',
      servers: ['ldaps://corp'],
      certificateAuthorities: ['pem'],
      bindDn: 'CN=svc,DC=corp,DC=example',
      bindPassword: 'secret',
      searchBase: corp,
      globalCatalog: {
        servers: ['ldaps://gc:3269'],
        domains: [{ dnsDomain: 'EMEA.corp.example', netbiosName: 'EUROPE', servers: ['ldaps://emea'] }],
      },
      logger: silentLogger,
      ...more,
    }),
    ({ servers = [] }): DomainServers => {
      const name = String(servers[0]).replace(/^ldaps:\/\/|:3269$/g, '');
      return {
        operationTimeout: 1000,
        openUnbound: () => Promise.reject(new Error('not asked')),
        openBound: () => Promise.reject(new Error('not asked')),
        close: async () => undefined,
        search: async (request) => {
          asked.push(`${name} ${request.base}`);
          requests.push(request);
          const answer = answers[name]?.[request.base] ?? [];
          if (answer instanceof Error) throw answer;
          return answer.map((entry) => new LdapEntry(entry));
        },
      };
    },
  );
  return { directory, asked, requests };
}

const ask = { by: 'sid', sid: sidOf(2, 1105) } as const;
const inCatalog = (...entries: Entry[]) => ({ '': entries });

describe('a forest', () => {
  it('an account found in the catalog is read at its own domain, groups and all, by two searches', async () => {
    const bob = person('bob', emea, 2);
    const { directory, asked } = forest({ gc: inCatalog(bob), emea: { [guid(2)]: [bob] } });
    const [account] = await directory.findAccounts(ask, 2);
    expect(account).toMatchObject({
      accountName: 'bob',
      dnsDomain: 'emea.corp.example',
      loginNames: ['bob', 'bob@emea.corp.example', 'EUROPE\\bob'],
    });
    expect(await directory.readGroups(account!)).toEqual([{ sid: sidOf(2, 513) }]);
    expect(asked).toEqual(['gc ', `emea ${guid(2)}`]);
  });

  it('accounts of several domains are all found', async () => {
    const [ada, bob] = [person('ada', corp, 1), person('bob', emea, 2)];
    const { directory } = forest({
      gc: inCatalog(ada, bob),
      corp: { [guid(1)]: [ada] },
      emea: { [guid(2)]: [bob] },
    });
    expect(await directory.findAccounts(ask, 2)).toHaveLength(2);
  });

  it('an account with a name that other domains have too is found in its own', async () => {
    const apac = 'DC=apac,DC=corp,DC=example';
    const people = [person('ada', corp, 1), person('ada', apac, 3), person('ada', emea, 2)];
    const { directory } = forest({ gc: inCatalog(...people), emea: { [guid(2)]: [people[2]!] } });
    const lookup = { by: 'samAccountName', samAccountName: 'ada', dnsDomain: 'EMEA.corp.example' } as const;
    expect(await directory.findAccounts(lookup, 2)).toMatchObject([{ dnsDomain: 'emea.corp.example' }]);
  });

  it('an account of a domain without servers cannot be passed over', async () => {
    const [ada, eve] = [person('ada', corp, 1), person('eve', 'DC=apac,DC=corp,DC=example', 3)];
    const { directory } = forest({ gc: inCatalog(ada, eve), corp: { [guid(1)]: [ada] } });
    await expect(directory.findAccounts(ask, 2)).rejects.toMatchObject({ name: 'DirectoryAnswerError' });
  });

  it('an account that its domain deleted meanwhile is not found', async () => {
    const gone = new DirectoryUnavailableError('refused', { resultCode: 32 });
    const { directory } = forest({ gc: inCatalog(person('bob', emea, 2)), emea: { [guid(2)]: gone } });
    expect(await directory.findAccounts(ask, 2)).toEqual([]);
  });

  it('a domain that does not answer makes the search fail', async () => {
    const down = new DirectoryUnavailableError('down');
    const { directory } = forest({ gc: inCatalog(person('bob', emea, 2)), emea: { [guid(2)]: down } });
    await expect(directory.findAccounts(ask, 2)).rejects.toThrow(DirectoryUnavailableError);
  });

  it('another account than the one asked for is not believed', async () => {
    const { directory } = forest({
      gc: inCatalog(person('bob', emea, 2)),
      emea: { [guid(2)]: [person('eve', emea, 3)] },
    });
    await expect(directory.findAccounts(ask, 2)).rejects.toMatchObject({ name: 'DirectoryAnswerError' });
  });

  it.each<[string, ActiveDirectoryChanges]>([
    [
      'a domain twice',
      { globalCatalog: { servers: ['ldaps://gc'], domains: [{ dnsDomain: 'Corp.Example', servers: [] }] } },
    ],
    [
      'a catalog for a domain',
      { globalCatalog: { domains: [{ dnsDomain: 'x.example', servers: ['ldaps://x:3269'] }] } },
    ],
    ['a search base outside every domain', { searchBase: 'OU=people' }],
  ])('refused: %s', (_what, more) => expect(() => forest({}, more)).toThrow(TypeError));
});

describe('an account that a look-up found before', () => {
  const ada = person('ada', corp, 1);
  const withoutCatalog = (answers: Record<string, Entry[] | Error>, lookupCacheTime: number) => {
    const asked: string[] = [];
    const requests: SearchRequest[] = [];
    const directory = createActiveDirectory(
      activeDirectoryOptions({
        name: 'corp',
        servers: ['ldaps://corp'],
        certificateAuthorities: ['pem'],
        bindDn: 'CN=svc,DC=corp,DC=example',
        bindPassword: 'secret',
        searchBase: corp,
        lookupCacheTime,
        logger: silentLogger,
      }),
      () => ({
        operationTimeout: 1000,
        openUnbound: () => Promise.reject(new Error('not asked')),
        openBound: () => Promise.reject(new Error('not asked')),
        close: async () => undefined,
        search: async (request) => {
          asked.push(request.base);
          requests.push(request);
          const answer = answers[request.base] ?? [];
          if (answer instanceof Error) throw answer;
          return answer.map((entry) => new LdapEntry(entry));
        },
      }),
    );
    return { directory, asked, requests };
  };

  it('is read again by one search, with its state and groups, if it still fits', async () => {
    const answers = { [corp]: [ada], [guid(1)]: [ada] };
    const { directory, asked, requests } = withoutCatalog(answers, 60_000);
    await directory.findAccounts(ask, 2);
    answers[guid(1)] = [{ ...ada, userAccountControl: '514' }];
    const [account] = await directory.findAccounts(ask, 2);
    expect(account!.state.disabled).toBe(true);
    expect(await directory.readGroups(account!)).toHaveLength(1);
    expect(asked).toEqual([corp, guid(1)]);
    expect(requests[1]!.filter).toEqual(requests[0]!.filter);
  });

  it('is sought anew when it does not fit any more', async () => {
    const answers: Record<string, Entry[]> = { [corp]: [ada], [guid(1)]: [] };
    const { directory, asked } = withoutCatalog(answers, 60_000);
    await directory.findAccounts(ask, 2);
    answers[corp] = [person('bob', corp, 2)];
    expect(await directory.findAccounts(ask, 2)).toMatchObject([{ accountName: 'bob' }]);
    expect(asked).toEqual([corp, guid(1), corp]);
  });

  it('is not remembered among several, nor by default', async () => {
    const twins = withoutCatalog({ [corp]: [ada, person('bob', corp, 2)] }, 60_000);
    for (let turn = 0; turn < 2; turn += 1) expect(await twins.directory.findAccounts(ask, 2)).toHaveLength(2);
    expect(twins.asked).toEqual([corp, corp]);
    const usual = withoutCatalog({ [corp]: [ada] }, 0);
    for (let turn = 0; turn < 2; turn += 1) await usual.directory.findAccounts(ask, 2);
    expect(usual.asked).toEqual([corp, corp]);
  });
});
