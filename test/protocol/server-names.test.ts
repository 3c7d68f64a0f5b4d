/** A site of several names: the certificate that a client gets for the name that it calls, on control and data connections, and HOST. */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/smartcard/authority/certificate-authority.ts';
import type { KeyType } from '../../src/smartcard/authority/key-type.ts';
import { readAll } from '../support/control-client.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const day = 86_400_000;
const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
const identities = await createIdentities();
const siteWith = siteFactory(identities);
const authority = await createCertificateAuthority({ subject: 'Other CA', keyType: 'P-256', validity });

async function named(...dnsNames: string[]) {
  return certified(dnsNames, 'P-256');
}

async function certified(dnsNames: readonly string[], keyType: KeyType) {
  const { pem, chainPem, privateKeyPem } = await authority.issueServerCertificate({ dnsNames, keyType, ...validity });
  return { certificate: `${pem}${chainPem}`, privateKey: privateKeyPem };
}

const furtherIdentities = [
  await named('files.example.org'),
  await named('*.example.net', 'one.example.com'),
  await named('localhost', 'files.example.org', 'also.example'),
];
const namesOf = (tls: TLSSocket) => tls.getPeerCertificate().subjectaltname;

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a client of %s', (version) => {
  const pinned = { minVersion: version, maxVersion: version };

  it.each([
    ['localhost', 'DNS:localhost'],
    ['files.example.org', 'DNS:files.example.org'],
    ['FILES.example.ORG', 'DNS:files.example.org'],
    ['any.example.net', 'DNS:*.example.net, DNS:one.example.com'],
    ['one.example.com', 'DNS:*.example.net, DNS:one.example.com'],
    ['also.example', 'DNS:localhost, DNS:files.example.org, DNS:also.example'],
    ['below.any.example.net', 'DNS:localhost'],
    ['stranger.example', 'DNS:localhost'],
    [undefined, 'DNS:localhost'],
  ])('that calls %s gets the first certificate of that name, or the first of all', async (servername, names) => {
    const site = await siteWith({ furtherIdentities });
    await writeFile(join(site.home, 'file'), 'content');
    const called = servername === undefined ? {} : { servername };
    const client = await site.connect();
    await client.secure({ ...identities.ada, ...pinned, ...called });
    expect(namesOf(client.tls)).toBe(names);
    await client.logIn('ada');
    const port = await client.passive();
    client.write('RETR file\r\n');
    const data = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...identities.ada,
      ...pinned,
      ...called,
    });
    await once(data, 'secureConnect');
    expect(namesOf(data)).toBe(names);
    expect((await readAll(data)).toString()).toBe('content');
    await client.reply();
    expect((await client.reply()).code).toBe(226);
  });

  it.each([
    ['files.example.org', 'DNS:files.example.org'],
    ['stranger.example', 'DNS:localhost'],
  ])(
    'that calls %s on its control connection alone gets the same certificate on data connections',
    async (servername, names) => {
      const site = await siteWith({ furtherIdentities });
      await writeFile(join(site.home, 'file'), 'content');
      const client = await site.connect();
      await client.secure({ ...identities.ada, ...pinned, servername });
      await client.logIn('ada');
      const port = await client.passive();
      client.write('RETR file\r\n');
      const data = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...identities.ada, ...pinned });
      await once(data, 'secureConnect');
      expect(namesOf(data)).toBe(names);
      expect((await readAll(data)).toString()).toBe('content');
      await client.reply();
      expect((await client.reply()).code).toBe(226);
    },
  );

  it('resumes on data connections what it proved under another name’s certificate', async () => {
    const site = await siteWith({ furtherIdentities });
    await writeFile(join(site.home, 'file'), 'content');
    const servername = 'files.example.org';
    const client = await site.connect();
    await client.secure({ ...identities.ada, ...pinned, servername });
    await client.logIn('ada');
    const port = await client.passive();
    client.write('RETR file\r\n');
    const { session } = client;
    if (!session) throw new Error('no session');
    const data = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...pinned, servername, session });
    await once(data, 'secureConnect');
    expect(data.isSessionReused()).toBe(true);
    expect((await readAll(data)).toString()).toBe('content');
    await client.reply();
    expect((await client.reply()).code).toBe(226);
  });
  it('resumes there no session of another person, and on control connections none', async () => {
    const site = await siteWith({ furtherIdentities });

    const servername = 'files.example.org';
    const sessionOf = async (person: 'ada' | 'bob') => {
      const client = await site.connect();
      await client.secure({ ...identities[person], ...pinned, servername });
      // The tickets of TLS 1.3 come with the first reply.
      if (person === 'ada') await client.logIn(person);
      else await client.command('NOOP');
      return client;
    };
    const [ada, bob] = [await sessionOf('ada'), await sessionOf('bob')];
    const resumes = async (port: number, session: Buffer | undefined) => {
      if (!session) throw new Error('no session');
      const data = connectTls({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...pinned,
        servername,
        session,
      });
      data.on('error', () => undefined);
      await once(data, 'secureConnect');
      const resumed = data.isSessionReused();
      data.destroy();
      return resumed;
    };
    expect(await resumes(await ada.passive(), bob.session)).toBe(false);
    expect(await resumes(await ada.passive(), ada.session)).toBe(true);
    const again = await site.connect();
    await again.secure({ ...pinned, servername, session: ada.session! });
    expect(again.tls?.isSessionReused()).toBe(false);
  });
});

describe('of two certificates for the same names, with keys of RSA and P-256, a client gets the one that it verifies', () => {
  const kindOf = (tls: TLSSocket) => tls.getPeerX509Certificate()?.publicKey.asymmetricKeyType;

  it.each([
    ['TLSv1.3', { sigalgs: 'ecdsa_secp256r1_sha256' }, 'ec'],
    ['TLSv1.3', { sigalgs: 'rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256' }, 'rsa'],
    ['TLSv1.2', { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }, 'rsa'],
    ['TLSv1.2', { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }, 'ec'],
  ] as const)('%s, %o: %s', async (version, offered, kind) => {
    const site = await siteWith({
      furtherIdentities: [await certified(['localhost'], 'RSA-2048'), ...furtherIdentities],
    });
    const client = await site.connect();
    await client.secure({ ...identities.ada, minVersion: version, maxVersion: version, ...offered });
    expect(kindOf(client.tls)).toBe(kind);
  });
});

describe('the signature algorithms of the site', () => {
  it('are those of its further certificates, too', async () => {
    const site = await siteWith({ furtherIdentities, ssl: { signatureAlgorithms: 'ecdsa_secp384r1_sha384' } });
    const client = await site.connect();
    const refused = client.secure({ ...identities.ada, servername: 'files.example.org' });
    await expect(refused).rejects.toThrow();
  });
});

describe('HOST', () => {
  it.each([
    ['files.example.org', 220],
    ['any.example.net', 220],
    ['localhost', 220],
    ['example.net', 504],
  ])('%s is answered %i', async (name, code) => {
    const client = await (await siteWith({ furtherIdentities })).connect();
    expect((await client.command(`HOST ${name}`)).code).toBe(code);
  });
});

describe('a further certificate', () => {
  it('that does not fit its key stops the start', async () => {
    const [first, second] = furtherIdentities;
    const broken = { certificate: first!.certificate, privateKey: second!.privateKey };
    await expect(siteWith({ furtherIdentities: [broken] })).rejects.toThrow('key');
  });
});
