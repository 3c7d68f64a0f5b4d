/** The address that PASV tells: of a translator of addresses for clients outside, of the gateway itself for clients inside. */
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemTimer } from '../../src/clock.ts';
import { ExternalNames } from '../../src/ftp/data-ports/external-names.ts';
import type { RefusalRecord } from '../../src/operations/audit.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { ControlClient } from '../support/control-client.ts';
import type { FtpSettingChanges } from '../support/ftp-settings.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

async function told(site: ProtocolSite, from: string, to = '127.0.0.1'): Promise<string> {
  const client = new ControlClient(connectTcp({ port: site.port, host: to, localAddress: from }));
  await client.reply();
  await client.secure(identities.ada);
  await client.logIn('ada');
  const { text } = await client.command('PASV');
  return /\((\d+,\d+,\d+,\d+),/u.exec(text)?.[1]?.replaceAll(',', '.') ?? text;
}

const firewallSupport: NonNullable<FtpSettingChanges['firewallSupport']> = {
  externalIp4Address: '203.0.113.9',
  externalAddresses: [
    { clients: ['127.0.1.0/24', '127.0.2.1/32'], address: 'local' },
    { clients: ['127.0.1.0/24', '127.0.3.0/24'], address: '198.51.100.1' },
    { clients: ['127.0.4.0/24'], address: 'localhost' },
    { clients: ['127.0.5.0/24'], address: 'ftp.example' },
  ],
};

describe('PASV tells', () => {
  it.each([
    ['127.0.0.1', '203.0.113.9', 'externalIp4Address where no entry has the client'],
    ['127.0.1.7', '127.0.0.1', 'the local address to clients inside; the first entry counts'],
    ['127.0.2.1', '127.0.0.1', 'the same to a single client'],
    ['127.0.2.2', '203.0.113.9', 'not to its neighbour'],
    ['127.0.3.1', '198.51.100.1', 'the address of the entry'],
    ['127.0.4.1', '127.0.0.1', 'the address of a host name'],
  ])('a client at %s: %s, %s', async (from, address) => {
    expect(await told(await siteWith({ firewallSupport }), from)).toBe(address);
  });

  it('a client of no entry the local address, without externalIp4Address', async () => {
    const externalAddresses = [{ clients: ['10.0.0.0/8'], address: '198.51.100.1' }];
    expect(await told(await siteWith({ firewallSupport: { externalAddresses } }), '127.0.0.1')).toBe('127.0.0.1');
  });

  it('nothing where the name has no address, by 425 and a record; EPSV goes on', async () => {
    const lookUp = () => Promise.reject(new Error('ENOTFOUND'));
    const externalNames = new ExternalNames({ lookUp, timer: systemTimer, logger: silentLogger });
    const site = await siteWith({ firewallSupport, externalNames });
    const answer = await told(site, '127.0.5.1');
    const record = (await site.record(({ event }) => event === 'refusal')) as RefusalRecord;
    const text = 'The address of the server is not known at the moment; use EPSV';
    expect(answer).toBe(`425 ${text}, reference ${record.reference}.`);
    expect(record.denial).toMatchObject({ code: 'external-address-unknown' });
  });

  it('never an address of IPv4 to a client that came by IPv6', async () => {
    const binding = { address: '::', port: 0, tls: 'explicit' } as const;
    const externalAddresses = [{ clients: ['0.0.0.0/0'], address: '198.51.100.1' }];
    const site = await siteWith({ bindings: [binding], firewallSupport: { ...firewallSupport, externalAddresses } });
    expect(await told(site, '::1', '::1')).toBe('425 This is IPv6; use EPSV.');
    expect(await told(site, '127.0.0.1')).toBe('198.51.100.1');
  });

  it('a client that came by IPv6 the port alone, by EPSV', async () => {
    const binding = { address: '::1', port: 0, tls: 'explicit' } as const;
    const site = await siteWith({ bindings: [binding], firewallSupport });
    const client = new ControlClient(connectTcp({ port: site.port, host: '::1' }));
    await client.reply();
    await client.secure(identities.ada);
    await client.logIn('ada');
    expect((await client.command('EPSV')).text).toMatch(/^229 .*\(\|\|\|\d+\|\)$/u);
    expect((await client.command('EPSV 1')).text).toMatch(/^522 .*use \(2\)/u);
  });
});
