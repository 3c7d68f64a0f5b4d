/** `cardgate try-card` against real gateways, with cards of SoftHSM: what works, and every way in which it does not. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Card } from '../../../src/smartcard/card/card.ts';
import { cardTests } from '../../support/card-tests.ts';
import { freePort } from '../../support/free-ports.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { spyModule } from '../../support/pkcs11-spy.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { type TrialRequest, TrialsInProcess, tryCard } from './try-card-trial.ts';

const day = 86_400_000;
const now = new Date();
const keyTypes = ['RSA-2048', 'P-256', 'P-384'] as const;
const good = keyTypes.map((keyType) => `ada-${keyType}`);
const clientAuth = '1.3.6.1.5.5.7.3.2';
const emailProtection = '1.3.6.1.5.5.7.3.4';

let pki: TestPki;
let strangers: TestPki;
let world: LoginWorld;
/** What is about processes stands in try-card-secrecy.test.ts. */
const trials = new TrialsInProcess();
const cards = new Map<string, Card>();

/** TLS 1.3, TLS 1.2, TLS 1.2 for old cards, and what else a card may meet. */
const sites = {
  modern: {},
  'TLS1.2': { ssl: { maximumVersion: 'TLSv1.2' } },
  legacy: { ssl: { maximumVersion: 'TLSv1.2', signatureAlgorithms: 'RSA+SHA256:ECDSA+SHA256:ECDSA+SHA384' } },
  readOnly: { authorization: [{ users: '*', permissions: ['Read'] }] },
  // An address that the certificate of the server does not have.
  elsewhere: { bindings: [{ address: '127.0.0.2', port: 0 }] },
  withPassword: { authentication: { mode: 'certificateAndPassword' } },
} as const;

const portOf = (site: keyof typeof sites) => world.portOf(site);
const sha256 = (card: Card) => createHash('sha256').update(card.certificateDer).digest('hex');
const pinOf = (card: Card) => readFileSync(card.pinFile, 'utf8');

const overEngine = await cardTests('trials over TLS 1.2', { engine: true });
/** By the name of a site or a version of TLS. */
const isSkipped = (over: string) => over.endsWith('1.2') && overEngine.skip;

beforeAll(async () => {
  pki = await createTestPki();
  strangers = await createTestPki({ organization: 'strangers' });
  for (const keyType of keyTypes)
    cards.set(`ada-${keyType}`, await pki.issueCard({ name: `ada-${keyType}`, keyType, subject: 'ada' }));
  const make = async (name: string, content: object, from = pki) =>
    void cards.set(name, await from.issueCard({ name, subject: 'ada', ...content }));
  await make('expired', { notBefore: new Date(now.getTime() - 9 * day), notAfter: new Date(now.getTime() - day) });
  await make('early', { notBefore: new Date(now.getTime() + day), notAfter: new Date(now.getTime() + 9 * day) });
  await make('mail', { extendedKeyUsage: [emailProtection] });
  await make('encryption', { keyUsage: ['keyEncipherment'] });
  await make('unmapped', { extendedKeyUsage: [clientAuth] });
  await make('stranger', {}, strangers);
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: good.map((name) => sha256(cards.get(name)!)) },
  ]);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  world = await startLoginWorld({ pki, directories: [directory], files, rules, sites });
});

afterAll(async () => {
  trials.remove();
  await world?.stop();
  await pki?.remove();
  await strangers?.remove();
});

interface Request {
  readonly card?: string;
  readonly site?: keyof typeof sites;
  readonly pin?: string;
  readonly args?: readonly string[];
  readonly server?: string;
}

/** A trial of one of the cards at one of the sites; the last arguments win. */
function requestOf({ card = 'ada-P-256', site = 'modern', pin, args = [], server }: Request): TrialRequest {
  const found = cards.get(card)!;
  const address = server ?? `ftps://localhost:${portOf(site)}`;
  return {
    args: [address, '--cacert', pki.files.root, '--slot', card, '--timeout', '10', ...args],
    cards: found.softHsmConfiguration,
    pin: pin ?? pinOf(found),
  };
}

const attempt = (request: Request) => trials.run(requestOf(request));

async function leftBehind(): Promise<readonly string[]> {
  return (await readdir(world.files, { recursive: true })).filter((name) => name.includes('cardgate-trial'));
}

describe('a card that can log in', () => {
  it.each(keyTypes)(
    'with a %s key does so over TLS 1.3, with one PIN and one signature for the whole session',
    async (key) => {
      const trial = await attempt({ card: `ada-${key}` });
      expect(trial.stdout).toMatch(/ok +login +as ada, TLS 1\.3/);
      expect(trial.stdout).toMatch(/ok +download +4096 octets, the same/);
      expect(trial).toMatchObject({ exitCode: 0, stderr: '', logins: 1, signatures: 1 });
      expect(await leftBehind()).toEqual([]);
    },
  );

  it.skipIf(overEngine.skip).each(keyTypes)(
    `with a %s key does so over TLS 1.2 through the OpenSSL engine, likewise${overEngine.note}`,
    async (key) => {
      const trial = await attempt({ card: `ada-${key}`, site: 'TLS1.2' });
      expect(trial.stdout).toMatch(/ok +login +as ada, TLS 1\.2/);
      expect(trial.stdout).toMatch(/ok +download +4096 octets, the same/);
      expect(trial).toMatchObject({ exitCode: 0, stderr: '', logins: 1, signatures: 1 });
      expect(await leftBehind()).toEqual([]);
    },
  );

  it('is told which authorities and signatures the server wants', async () => {
    for (const site of ['modern', 'TLS1.2'] as const) {
      const { stdout } = await attempt({ site, args: ['--intermediate', pki.files.issuing] });
      expect(stdout).toContain('CN=cardgate trial root CA,O=cardgate trial');
      expect(stdout).toContain('rsa_pss_rsae_sha256');
      expect(stdout).not.toContain('cannot be told');
    }
  });

  it('reads where it may not write', async () => {
    const trial = await attempt({ site: 'readOnly' });
    expect(trial.stdout).toMatch(/skipped +upload +read only here/);
    expect(trial.stdout).toMatch(/ok +list/);
    expect(trial.exitCode).toBe(0);
  });

  it('uploads nothing when told not to', async () => {
    const trial = await attempt({ args: ['--no-write'] });
    expect(trial.stdout).toMatch(/skipped +upload +not asked for/);
    expect(trial.exitCode).toBe(0);
  });

  it('is tried at a directory of its account, and one that is not there is told', async () => {
    const trial = await attempt({ args: ['--upload-directory', 'nowhere'] });
    expect(trial.stdout).toMatch(/NO +list +the directory nowhere cannot be entered/);
    expect(trial.exitCode).toBe(1);
  });

  it('gives its steps, findings and remedies to programs', async () => {
    const trial = await attempt({ args: ['--json', '--user', 'bob'] });
    const report = JSON.parse(trial.stdout) as { works: boolean; diagnosis: { code: string; remedy: string }[] };
    expect(report.works).toBe(false);
    expect(report.diagnosis[0]).toMatchObject({ code: 'login-refused', remedy: expect.stringContaining('reference') });
  });
});

describe('a PIN', () => {
  it.each((['modern', 'TLS1.2'] as const).filter((site) => !isSkipped(site)))(
    'that is wrong is sent to the card once, and no login follows (%s)',
    async (site) => {
      const before = world.logins('ada').length;
      // In a process of its own: one that has seen a PIN refused tries no other with this card.
      const trial = await tryCard(requestOf({ site, pin: '00000000' }));
      expect(trial).toMatchObject({ exitCode: 1, logins: 1, signatures: 0 });
      expect(trial.stdout).toContain('The PIN is wrong; it was tried once');
      expect(trial.stdout).toContain('Fewer tries are left than before.');
      expect(world.logins('ada')).toHaveLength(before);
      // The right one resets the count of the card for the tests after this one.
      expect((await attempt({ site })).exitCode).toBe(0);
    },
  );

  it('is not sent when it cannot be one', async () => {
    expect(await attempt({ pin: '1' })).toMatchObject({ exitCode: 1, logins: 0 });
    expect((await attempt({ pin: '' })).stdout).toContain('The PIN is empty');
  });
});

describe('before the card holder is asked for a PIN it is told', () => {
  const intermediate = () => ['--intermediate', pki.files.issuing];

  it.each<[string, Request, RegExp]>([
    [
      'that the certificate has expired',
      { card: 'expired' },
      /The certificate is past its end\. 20.* to 20.*; it is 20/,
    ],
    ['that it is not valid yet', { card: 'early' }, /The certificate is not valid yet\./],
    ['that it is not for logging in', { card: 'mail' }, /neither client authentication nor smart-card logon/],
    ['that the key is not for signatures', { card: 'encryption' }, /does not include digitalSignature/],
    ['that no such certificate is there', { args: ['--certificate', 'ffff'] }, /No certificate on the cards matches/],
    ['that no such card is there', { args: ['--slot', 'missing'] }, /No reader or card is called what --slot says/],
    [
      'that the name of the server is not known',
      { server: 'ftps://nohost.invalid' },
      /The name of the server is not known/,
    ],
  ])('%s', async (_, request, message) => {
    const trial = await attempt(request);
    expect(trial.stdout).toMatch(message);
    expect(trial).toMatchObject({ exitCode: 1, stderr: '', logins: 0 });
  });

  it('that another authority issued the certificate', async () => {
    const known = ['--intermediate', strangers.files.issuing, '--intermediate', strangers.files.root];
    const trial = await attempt({ card: 'stranger', args: known });
    expect(trial.stdout).toMatch(/the certificate comes from none of them\. issued under CN=strangers root CA/);
    expect(trial).toMatchObject({ exitCode: 1, logins: 0 });
  });

  it('that several certificates are equally good', async () => {
    const card = cards.get('ada-P-256')!;
    const trial = await attempt({ args: ['--slot', 'ada-', ...intermediate()] });
    expect(trial.stdout).toContain('Several certificates are equally good');
    expect(trial.stdout).toContain(sha256(card).slice(0, 16));
    expect(trial).toMatchObject({ exitCode: 1, logins: 0 });
    const chosen = await attempt({ args: ['--slot', 'ada-', '--certificate', sha256(card).slice(0, 12)] });
    expect(chosen).toMatchObject({ exitCode: 0, logins: 1 });
  });

  it('that the server is not the one that was named', async () => {
    const unknown = await attempt({ args: ['--cacert', strangers.files.root] });
    expect(unknown.stdout).toContain('does not trust the authority that issued');
    expect(unknown).toMatchObject({ exitCode: 1, logins: 0 });
    const other = await attempt({ server: `ftps://127.0.0.2:${portOf('elsewhere')}` });
    expect(other.stdout).toMatch(/is for another name.*It is for DNS:localhost/);
    expect(other).toMatchObject({ exitCode: 1, logins: 0 });
  });

  it('what cards there are, and what each is good for, without a network', async () => {
    const trial = await attempt({ args: ['--list', '--slot', 'expired'] });
    expect(trial.stdout).toContain('NO CERTIFICATE HERE CAN LOG IN');
    expect(trial).toMatchObject({ exitCode: 1, logins: 0 });
    expect((await attempt({ args: ['--list'] })).stdout).toContain('a certificate can log in');
  });
});

describe('a login that the gateway refuses', () => {
  it('comes with the reference under which its audit log has the cause', async () => {
    const trial = await attempt({ card: 'unmapped', args: ['--user', 'eve'] });
    const [, reference] = /530 Login not permitted, reference ([0-9A-Z]{4}-[0-9A-Z]{4})/.exec(trial.stdout) ?? [];
    expect(trial.stdout).toContain('Give the reference in the reply to the administrator');
    expect(trial).toMatchObject({ exitCode: 1, logins: 1, signatures: 1 });
    await expect.poll(() => world.logins('eve')).toMatchObject([{ reference, denial: { code: 'mapping-none' } }]);
  });

  it('for want of a password is told, and no password is guessed', async () => {
    const before = world.logins('ada').length;
    const trial = await attempt({ site: 'withPassword' });
    expect(trial.stdout).toContain('The server wants a password beside the certificate');
    expect(trial.exitCode).toBe(1);
    expect(world.logins('ada')).toHaveLength(before);
  });
});

describe('a module that can do less', () => {
  const base = () => cards.get('ada-RSA-2048')!.softHsmConfiguration;

  function reduced(mechanisms: string): string {
    const file = join(
      pki.directory,
      `softhsm-${createHash('sha256').update(mechanisms).digest('hex').slice(0, 8)}.conf`,
    );
    writeFileSync(file, `${readFileSync(base(), 'utf8')}slots.mechanisms = ${mechanisms}\n`);
    return file;
  }

  const attemptWith = (mechanisms: string, site: keyof typeof sites) =>
    trials.run({
      args: [`ftps://localhost:${portOf(site)}`, '--cacert', pki.files.root, '--slot', 'ada-RSA'],
      cards: reduced(mechanisms),
      pin: pinOf(cards.get('ada-RSA-2048')!),
    });
  const pkcs1 = 'CKM_RSA_PKCS,CKM_RSA_PKCS_KEY_PAIR_GEN,CKM_SHA256_RSA_PKCS';

  it('signs TLS 1.3 with the bare RSA operation', async () => {
    const trial = await attemptWith('CKM_RSA_X_509,CKM_RSA_PKCS,CKM_RSA_PKCS_KEY_PAIR_GEN', 'modern');
    expect(trial.stdout).toContain('rsa_pss_rsae_sha256');
    expect(trial).toMatchObject({ exitCode: 0, logins: 1, signatures: 1 });
  });

  it.each(['modern', 'TLS1.2'] as const)('than PSS is told what the site has to set (%s)', async (site) => {
    const trial = await attemptWith(pkcs1, site);
    expect(trial.stdout).toContain('ssl.signatureAlgorithms: RSA+SHA256');
    expect(trial).toMatchObject({ exitCode: 1, logins: 0 });
  });

  it.skipIf(overEngine.skip)(`than PSS logs in where the site has set it${overEngine.note}`, async () => {
    const trial = await attemptWith(pkcs1, 'legacy');
    expect(trial).toMatchObject({ exitCode: 0, logins: 1, signatures: 1 });
  });
});

describe('without a card', () => {
  it('it is told which module is missing', async () => {
    const trial = await attempt({ args: ['--module', '/nonexistent.so'] });
    expect(trial.stdout).toContain('There is no PKCS#11 module at this path. (/nonexistent.so)');
  });

  it('it is told that no card is in the reader', async () => {
    const empty = join(pki.directory, 'empty.conf');
    mkdirSync(join(pki.directory, 'empty'));
    writeFileSync(empty, `directories.tokendir = ${join(pki.directory, 'empty')}\nlog.level = ERROR\n`);
    const trial = await trials.run({ args: ['--list'], cards: empty });
    expect(trial.stdout).toContain('There is no card that can be used in any reader');
    expect(trial.exitCode).toBe(1);
  });
});

describe('a server that breaks off a handshake without a certificate', () => {
  const servers: TlsServer[] = [];
  afterAll(() => servers.forEach((server) => void server.close()));

  it.each((['TLSv1.2', 'TLSv1.3'] as const).filter((version) => !isSkipped(version)))(
    'is heard all the same, and logs the card in (%s)',
    async (maxVersion) => {
      const { chainPem: cert, privateKeyPem: key } = pki.server;
      const ca = [pki.root.certificatePem, pki.issuing.certificatePem];
      const server = createTlsServer({ cert, key, ca, requestCert: true, maxVersion }, (socket) => {
        socket.on('error', () => undefined).write('220 ready\r\n');
        socket.on('data', () => socket.write('530 Not today.\r\n'));
      });
      servers.push(server);
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      const { port } = server.address() as AddressInfo;
      const trial = await attempt({ server: `ftps://localhost:${port}`, args: ['--implicit'] });
      expect(trial.stdout).toContain('a certificate from 2 authorities');
      expect(trial.stdout).toMatch(/the server refused the login\. 530 Not today\./);
      expect(trial).toMatchObject({ exitCode: 1, logins: 1, signatures: 1 });
    },
  );
});

describe('a peer that speaks no FTPS', () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => void server.close()));

  async function stub(serve: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      serve(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    return `ftp://localhost:${typeof address === 'object' ? address?.port : 0}`;
  }

  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['says nothing', () => undefined, /said nothing: it may expect TLS from the first octet/],
    ['hangs up', (socket) => socket.end(), /ended the connection/],
    ['speaks HTTP', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak FTP/],
    ['talks without end', (socket) => socket.write('220-hello\r\n'.repeat(5000)), /does not speak FTP/],
    ['is full', (socket) => socket.write('421 Too many users.\r\n'), /does not accept clients.*421 Too many users\./],
    ['knows no TLS', (socket) => refuseAuth(socket, '502 No.'), /refuses AUTH TLS.*502 No\./],
    ['hides a terminal sequence', (socket) => socket.write('421 \u001b[2Jgone\r\n'), /421 \\u\{1b\}\[2Jgone/],
    [
      'speaks no TLS after it said so',
      (socket) => refuseAuth(socket, '234 Go on.\r\n220 ha'),
      /No TLS connection|greeted in the clear/,
    ],
  ])('and %s is told for what it is', async (_, serve, message) => {
    const trial = await attempt({ server: await stub(serve), args: ['--timeout', '1'] });
    expect(trial.stdout).toMatch(message);
    expect(trial).toMatchObject({ exitCode: 1, stderr: '', logins: 0 });
  });

  function refuseAuth(socket: Socket, answer: string): void {
    socket.write('220 ready\r\n');
    socket.on('data', () => socket.write(`${answer}\r\n`));
  }

  it('and does not listen is told', async () => {
    const trial = await attempt({ server: `ftp://localhost:${await freePort()}` });
    expect(trial.stdout).toContain('Nothing listens at this address and port.');
    expect(trial).toMatchObject({ exitCode: 1, logins: 0 });
  });
});

it('a spy is at hand, or the counts above say nothing', () => {
  expect(() => readFileSync(spyModule)).not.toThrow();
});
