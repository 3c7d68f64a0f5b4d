/**
 * Who is refused, and with what: each case is one person at a real gateway. The client is told a reference and no more; the audit
 * record with that reference has the code.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extendedKeyUsages } from '../../../src/smartcard/authority/certificate-extensions.ts';
import { ControlClient, type TlsIdentity } from '../../support/control-client.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type PersonRequest, type TestPki } from '../../support/pki.ts';

const day = 86_400_000;
const sid = 'S-1-5-21-1111111111-2222222222-3333333333';

let pki: TestPki;
let namesakePki: TestPki;
let strangePki: TestPki;
let world: LoginWorld;
const people = new Map<string, Person>();

const requests = (now: number): readonly PersonRequest[] => [
  { name: 'ada' },
  { name: 'rolf' },
  { name: 'uma' },
  { name: 'dora' },
  { name: 'erin' },
  { name: 'guest' },
  { name: 'twin', sid: `${sid}-1201` },
  { name: 'sam', sid: `${sid}-1301` },
  { name: 'expired', notBefore: new Date(now - 10 * day), notAfter: new Date(now - day) },
  { name: 'early', notBefore: new Date(now + day), notAfter: new Date(now + 10 * day) },
  { name: 'mail', extendedKeyUsage: [extendedKeyUsages.emailProtection] },
];

beforeAll(async () => {
  [pki, namesakePki, strangePki] = await Promise.all([
    createTestPki(),
    createTestPki(),
    createTestPki({ organization: 'Another organization' }),
  ]);
  for (const request of requests(Date.now())) people.set(request.name, await pki.issuePerson(request));
  people.set('foreign', await namesakePki.issuePerson({ name: 'foreign' }));
  people.set('stranger', await strangePki.issuePerson({ name: 'stranger' }));
  const rolf = people.get('rolf');
  await pki.revoke(rolf ? [rolf.serialNumber] : []);
  const fingerprint = (name: string) =>
    createHash('sha256')
      .update(people.get(name)?.der ?? Buffer.alloc(0))
      .digest('hex');
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [fingerprint('ada')], groups: ['staff'] },
    ...['rolf', 'expired', 'early', 'mail', 'foreign'].map((name) => ({
      name,
      certificates: [fingerprint(name)],
      groups: ['staff'],
    })),
    { name: 'dora', certificates: [fingerprint('dora')], groups: ['staff'], disabled: true },
    { name: 'erin', certificates: [fingerprint('erin')], groups: ['staff'], expiresAt: '2020-01-01T00:00:00Z' },
    { name: 'guest', certificates: [fingerprint('guest')] },
    { name: 'twin', sid: `${sid}-1201`, groups: ['staff'] },
    { name: 'twin2', sid: `${sid}-1201`, groups: ['staff'] },
    { name: 'sam', certificates: [fingerprint('sam')], sid: `${sid}-1399`, groups: ['staff'] },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: by-sid, map: sid }\n  - { name: one-to-one, map: certificate }\n',
    site: {
      authorization: [{ roles: ['staff'], permissions: ['Read', 'Write'] }],
      connections: { maxLoginFailures: 2 },
    },
  });
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
  await namesakePki?.remove();
  await strangePki?.remove();
});

function identityOf(name: string | undefined): TlsIdentity {
  const person = name === undefined ? undefined : people.get(name);
  return person ? { cert: person.chainPem, key: person.privateKeyPem } : {};
}

async function secured(name: string | undefined): Promise<ControlClient> {
  const client = await ControlClient.connect(world.port);
  await client.reply();
  await client.secure(identityOf(name));
  return client;
}

const recordWith = (reference: string | undefined) =>
  world.records().find((record) => 'reference' in record && record.reference === reference);
const referenceIn = (text: string) => /reference ([0-9A-Z]{4}-[0-9A-Z]{4})/.exec(text)?.[1];

describe('a person is refused', () => {
  it.each<[string, string | undefined, string, string]>([
    ['whose certificate is revoked', 'rolf', 'rolf', 'certificate-revoked'],
    ['whose certificate belongs to no account', 'uma', 'uma', 'mapping-none'],
    ['whose account is disabled', 'dora', 'dora', 'account-disabled'],
    ['whose account is expired', 'erin', 'erin', 'account-expired'],
    ['whom no authorization rule lets in', 'guest', 'guest', 'not-authorized'],
    ['whose certificate leads to two accounts', 'twin', 'twin', 'mapping-ambiguous'],
    ['whose certificate has another SID than the account', 'sam', 'sam', 'sid-mismatch'],
    ['whose certificate is expired', 'expired', 'expired', 'certificate-expired'],
    ['whose certificate is not yet valid', 'early', 'early', 'certificate-not-yet-valid'],
    ['whose certificate is for e-mail', 'mail', 'mail', 'extended-key-usage-missing'],
    ['whose certificate comes from a CA of the same name', 'foreign', 'foreign', 'signature-invalid'],
    ['whose certificate comes from an unknown CA', 'stranger', 'stranger', 'path-not-found'],
    ['who sends no certificate', undefined, 'ada', 'certificate-missing'],
    ['who names another account', 'ada', 'rolf', 'name-mismatch'],
    ['who names no account that exists', 'ada', 'missing', 'name-mismatch'],
    ['who tries to inject a filter', 'ada', '*)(uid=*', 'name-mismatch'],
  ])('%s', async (_rule, holder, user, code) => {
    const client = await secured(holder);
    const answer = await client.command(`USER ${user}`);
    expect(answer.code).toBe(530);
    expect(answer.text).toMatch(/^530 Login not permitted, reference [0-9A-Z]{4}-[0-9A-Z]{4}\.$/);
    await expect
      .poll(() => recordWith(referenceIn(answer.text)))
      .toMatchObject({
        event: 'login',
        outcome: 'denied',
        claimedName: user,
        denial: { code, remedy: expect.any(String) },
      });
    const list = await client.command('LIST');
    expect(list.code).toBe(530);
    client.destroy();
  });

  it('and the connection is closed after maxLoginFailures refusals', async () => {
    const client = await secured('uma');
    expect((await client.command('USER uma')).code).toBe(530);
    client.write('USER uma\r\n');
    const codes = [(await client.reply()).code];
    if (codes[0] === 530) codes.push((await client.reply()).code);
    expect(codes.at(-1)).toBe(421);
    await client.gone();
    await expect
      .poll(() => world.records())
      .toContainEqual(
        expect.objectContaining({ event: 'refusal', denial: expect.objectContaining({ code: 'too-many-failures' }) }),
      );
  });
});

describe('a kept TLS session never makes a login', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: the next connection makes a full handshake with a fresh signature',
    async (version) => {
      const versions = { minVersion: version, maxVersion: version };
      const first = await ControlClient.connect(world.port);
      await first.reply();
      await first.secure({ ...identityOf('ada'), ...versions });
      expect((await first.command('USER ada')).code).toBe(230);
      const { session } = first;
      expect(session).toBeDefined();
      await first.command('QUIT');

      // The thief has the ticket, and not the card.
      const second = await ControlClient.connect(world.port);
      await second.reply();
      await second.secure({ ...versions, ...(session && { session }) });
      expect(second.tls.isSessionReused()).toBe(false);
      const answer = await second.command('USER ada');
      expect(answer.code).toBe(530);
      await expect
        .poll(() => recordWith(referenceIn(answer.text)))
        .toMatchObject({ denial: { code: 'certificate-missing' } });
      second.destroy();
    },
  );
});

describe('the log and the audit trail', () => {
  it('hold no raw bytes of a peer', async () => {
    const client = await secured('ada');
    await client.command('USER a\u202eb\u0085c');
    client.destroy();
    await expect.poll(() => world.logins('a\\u{202e}b\\u{85}c')).toHaveLength(1);
    const text = JSON.stringify(world.records());
    expect(text).not.toMatch(/[\u202e\u0085]/);
  });
});
