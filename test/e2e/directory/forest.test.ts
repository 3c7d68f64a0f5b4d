/** Active Directory beyond one server: global catalog, servers found in the DNS, group names, homes of IIS, fine-grained lockout. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accountDenial } from '../../../src/directory/account-state.ts';
import { createActiveDirectory } from '../../../src/directory/active-directory/active-directory.ts';
import type { Directory } from '../../../src/directory/directory.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { type DirectoryDns, startDirectoryDns } from '../../support/directory-dns.ts';
import { type ActiveDirectoryChanges, activeDirectoryOptions } from '../../support/directory-options.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import type { AddedUser } from '../../support/samba-administration.ts';
import { type SambaDc, startSambaDc } from '../../support/samba-dc.ts';

let dc: SambaDc;
let ada: AddedUser;
const cleanUps: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  dc = await startSambaDc();
  ada = await dc.addUser({
    sam: 'ada',
    userPrincipalName: 'ada@corp.example',
    attributes: { 'msIIS-FTPRoot': ['\\\\fs1\\ftp\\'], 'msIIS-FTPDir': ['people\\ada'] },
  });
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(() => dc?.stop());

/** What waits for the time of a search waits too long for a test that has a third of it. */
const patient = { operationTimeout: 60_000 };

function open(more: ActiveDirectoryChanges = {}): Directory {
  const { servers = [dc.url], discovery, ...others } = more;
  const directory = createActiveDirectory(
    activeDirectoryOptions({
      name: 'corp',
      ...(discovery ? { discovery } : { servers }),
      certificateAuthorities: [dc.ca],
      bindDn: dc.bindDn,
      bindPassword: dc.password,
      searchBase: dc.searchBase,
      logger: silentLogger,
      ...others,
    }),
  );
  cleanUps.push(() => directory.close());
  return directory;
}

async function accountOf(directory: Directory, sid = ada.sid) {
  const [account] = await directory.findAccounts({ by: 'sid', sid }, 2);
  return account!;
}

describe('a global catalog', () => {
  it('finds the account, its own domain says what it is', async () => {
    const catalog = { servers: [`${dc.url}:3269`] };
    const account = await accountOf(open({ globalCatalog: catalog }));
    expect(account).toEqual(await accountOf(open()));
    expect(account).toMatchObject({ accountName: 'ada', dnsDomain: 'corp.example', state: { disabled: false } });
  });

  it('is asked for all ways to find an account, password and groups included', async () => {
    const directory = open({ globalCatalog: { servers: [`${dc.url}:3269`] }, resolveGroupNames: true });
    const [account] = await directory.findByLoginName!('ada@corp.example');
    expect(account).toMatchObject({ sid: ada.sid });
    expect(await directory.verifyPassword!(account!, 'wrong')).toMatchObject({ denial: { code: 'password-wrong' } });
    expect(await directory.readGroups(account!)).toContainEqual(expect.objectContaining({ name: 'Domain Users' }));
  });
});

describe('groups', () => {
  it('have names and distinguished names where the site asks for them', async () => {
    const inner = await dc.addGroup('readers', [ada.distinguishedName]);
    const outer = await dc.addGroup('visitors', [inner.distinguishedName]);
    const directory = open({ resolveGroupNames: true });
    const groups = await directory.readGroups(await accountOf(directory));
    expect(groups).toEqual(
      expect.arrayContaining([
        { sid: inner.sid, name: 'readers', distinguishedName: inner.distinguishedName },
        { sid: outer.sid, name: 'visitors', distinguishedName: outer.distinguishedName },
        { sid: `${dc.domainSid}-513`, name: 'Domain Users', distinguishedName: expect.any(String) },
        { sid: 'S-1-5-32-545', name: 'Users', distinguishedName: expect.any(String) },
      ]),
    );
  });
});

describe('homes of IIS FTP', () => {
  it('are root and directory joined', async () => {
    const account = await accountOf(open({ homeDirectoryFrom: 'iisFtp' }));
    expect(account.homeDirectory).toBe('\\\\fs1\\ftp\\people\\ada');
  });

  it.each(['msIIS-FTPRoot', 'msIIS-FTPDir'])('an account with only %s has none', async (attribute) => {
    const user = await dc.addUser({ sam: `half${attribute.slice(9)}`, attributes: { [attribute]: ['\\\\fs1\\ftp'] } });
    const account = await accountOf(open({ homeDirectoryFrom: 'iisFtp' }), user.sid);
    expect(account.homeDirectory).toBeUndefined();
  });
});

describe('lockout', () => {
  it('lasts as long as the account’s own password settings say, not those of the domain', async () => {
    const directory = open();
    const lockedAt = String(116_444_736_000_000_000n + BigInt(Date.now() - 10_000) * 10_000n);
    const [brief, usual] = [await dc.addUser({ sam: 'brief' }), await dc.addUser({ sam: 'usual' })];
    for (const user of [brief, usual]) await dc.setAttribute(user.distinguishedName, 'lockoutTime', [lockedAt]);
    const stateOf = async ({ sid }: AddedUser) => (await accountOf(directory, sid)).state;
    const codes = async () =>
      [await stateOf(brief), await stateOf(usual)].map((state) => accountDenial(state, new Date())?.code);
    expect(await codes()).toEqual(['account-locked', 'account-locked']);
    await dc.addPasswordSettings('brief-lockout', [brief.distinguishedName], { lockoutDuration: -10_000_000n });
    expect(await codes()).toEqual([undefined, 'account-locked']);
  });
});

describe('two domain controllers', () => {
  it.each(['frozen', 'killed'] as const)(
    'the second answers long before the time of a search when the first is %s',
    async (fault) => {
      const first = await startSambaDc();
      cleanUps.push(() => first.stop());
      await first.addUser({ sam: 'ada', userPrincipalName: 'ada@corp.example' });
      // the service account of both has the same name and password
      const directory = open({ servers: [first.url, dc.url], certificateAuthorities: [first.ca, dc.ca], ...patient });
      const lookup = { by: 'userPrincipalName', userPrincipalName: 'ada@corp.example' } as const;
      await directory.findAccounts(lookup, 2);
      if (fault === 'frozen') await first.child.freeze();
      else first.child.signal('SIGKILL');
      for (let turn = 0; turn < 3; turn += 1) {
        const began = performance.now();
        const [account] = await directory.findAccounts(lookup, 2);
        expect(await directory.readGroups(account!)).not.toEqual([]);
        expect(performance.now() - began).toBeLessThan(patient.operationTimeout / 3);
      }
    },
  );
});

describe('servers found in the DNS', () => {
  const names = {
    domain: '_ldap._tcp.dc._msdcs.corp.example',
    site: '_ldap._tcp.berlin._sites.dc._msdcs.corp.example',
  };
  const record = (target: string, port: number) => ({ target, port, priority: 0, weight: 100 });

  async function world(): Promise<{ readonly dns: DirectoryDns; readonly near: FaultProxy; readonly far: FaultProxy }> {
    const target = { host: dc.host, port: 636 };
    const [dns, near, far] = [await startDirectoryDns(), await startFaultProxy(target), await startFaultProxy(target)];
    cleanUps.push(
      () => dns.close(),
      () => near.close(),
      () => far.close(),
    );
    dns.addresses.set('dc1.corp.example', '127.0.0.1');
    dns.addresses.set('corp.example', '127.0.0.1');
    return { dns, near, far };
  }
  const discover = (dns: DirectoryDns, more: object = {}, times: ActiveDirectoryChanges = {}) =>
    open({
      ...times,
      discovery: {
        domain: 'corp.example',
        service: 'domainController',
        dnsServers: [dns.server],
        ...more,
      },
    });

  it('are used with the names that the DNS gives, which their certificates must have', async () => {
    const { dns, near } = await world();
    dns.services.set(names.domain, [record('dc1.corp.example', near.port)]);
    expect(await accountOf(discover(dns))).toMatchObject({ accountName: 'ada' });
    expect(dns.questions).toContain('A dc1.corp.example');
    expect(near.connections).toHaveLength(1);
  });

  it('are not used when the certificate has another name', async () => {
    const { dns, near } = await world();
    dns.addresses.set('dc9.corp.example', '127.0.0.1');
    dns.services.set(names.domain, [record('dc9.corp.example', near.port)]);
    await expect(accountOf(discover(dns))).rejects.toMatchObject({
      name: 'DirectoryUnavailableError',
      facts: { errors: [expect.stringContaining('dc9.corp.example')] },
    });
  });

  it('those of the gateway’s site are asked, and the others when these are frozen', async () => {
    const { dns, near, far } = await world();
    dns.services.set(names.domain, [record('dc1.corp.example', far.port)]);
    dns.services.set(names.site, [record('dc1.corp.example', near.port)]);
    const directory = discover(dns, { site: 'Berlin' }, patient);
    await accountOf(directory);
    expect([near.connections.length, far.connections.length]).toEqual([1, 0]);
    near.mode = 'freeze';
    const began = performance.now();
    expect(await accountOf(directory)).toMatchObject({ accountName: 'ada' });
    expect(performance.now() - began).toBeLessThan(patient.operationTimeout / 3);
    expect(far.connections).toHaveLength(1);
  });

  it('a DNS that knows none makes the directory unavailable', async () => {
    const { dns } = await world();
    await expect(accountOf(discover(dns))).rejects.toMatchObject({ name: 'DirectoryUnavailableError' });
  });
});
