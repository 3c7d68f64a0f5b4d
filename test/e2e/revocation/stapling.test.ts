/** A gateway that tells the status of its own certificate in the handshake, and what curl and OpenSSL make of it. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fileIdentity } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { type OcspResponder, startOcspResponder } from '../../support/ocsp-responder.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const day = 86_400_000;
let pki: TestPki;
let responder: OcspResponder;
let folder: string;
let world: LoginWorld;
let ada: Person;
let serial: bigint;

beforeAll(async () => {
  pki = await createTestPki();
  responder = await startOcspResponder({ authority: pki.issuing });
  ada = await pki.issuePerson({ name: 'ada' });
  folder = await mkdtemp(join(tmpdir(), 'cardgate-stapling-'));
  const server = await pki.issuing.issueServerCertificate({
    dnsNames: ['localhost'],
    notBefore: new Date(pki.now.getTime() - day),
    notAfter: new Date(pki.now.getTime() + day),
    ocspResponder: responder.url,
  });
  serial = server.serialNumber;
  await responder.know(serial);
  await writeFile(join(folder, 'server.pem'), server.chainPem);
  await writeFile(join(folder, 'server.key'), server.privateKeyPem, { mode: 0o600 });
  world = await startLoginWorld({
    pki,
    ...accountsHolding({ ada }),
    site: {
      ssl: {
        serverCertificate: join(folder, 'server.pem'),
        serverCertificateKey: join(folder, 'server.key'),
        ocspStapling: true,
      },
    },
  });
});

afterAll(async () => {
  await world?.stop();
  await responder?.stop();
  await pki?.remove();
  if (folder) await rm(folder, { recursive: true });
});

const events = () =>
  readFileSync(join(world.folder, 'cardgate.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('server-certificate-'))
    .map((line) => /server-certificate-[a-z-]+/.exec(line)?.[0]);

/**
 * What curl ends with when it demands a status of every handshake, of that of the data connection too. It resumes none: a resumed handshake
 * has no status (RFC 8446 4.4.2.1), which curl 7.88 does not take into account.
 */
async function curlDemanding(tls: '1.2' | '1.3'): Promise<number | null> {
  const session = world.session('ada', fileIdentity(ada), tls, [{ do: 'list', path: '/' }]);
  return (await curl(session, ['cert-status', 'no-sessionid'])).exitCode;
}

/** CURLE_SSL_INVALIDCERTSTATUS. */
const revoked = 91;

it('the status is retrieved at the start, and clients that demand it log in', async () => {
  await expect.poll(events).toEqual(['server-certificate-good']);
  expect([await curlDemanding('1.2'), await curlDemanding('1.3')]).toEqual([0, 0]);
});

it('OpenSSL shows the answer of the responder', async () => {
  const starttls = ['-starttls', 'ftp', '-connect', `127.0.0.1:${world.port}`];
  const { stdout } = await runClient('openssl', ['s_client', ...starttls, '-status'], { input: '' });
  expect(stdout).toMatch(/OCSP Response Status: successful[\s\S]+Cert Status: good/);
});

it('a reload asks anew, and clients hear of the revocation', async () => {
  await responder.know(serial, true);
  world.gateway.signal('SIGHUP');
  await expect.poll(events).toEqual(['server-certificate-good', 'server-certificate-revoked']);
  expect([await curlDemanding('1.2'), await curlDemanding('1.3')]).toEqual([revoked, revoked]);
});

it('a responder that does not answer delays no handshake; the last answer stays', async () => {
  responder.behave('hang');
  const asked = responder.requests().length;
  world.gateway.signal('SIGHUP');
  await expect.poll(() => responder.requests().length).toBe(asked + 1);
  expect(await curlDemanding('1.3')).toBe(revoked);
});
