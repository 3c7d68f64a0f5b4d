import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../../src/explanation/steps.ts';
import { silentLogger } from '../../../../src/operations/log.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { parseCertificatesOnly } from '../../../../src/pki/certificate/certificates-only.ts';
import { MalformedError } from '../../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { Budget } from '../../../../src/pki/path/budget.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { IssuerRetrievalOptions } from '../../../../src/pki/retrieval/issuer-source.ts';
import { UrlRetriever } from '../../../../src/pki/retrieval/url-retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';
import { type CrlServer, startCrlServer } from '../../../support/crl-server.ts';
import { explicit, integer, objectIdentifier, octetString, sequence, set } from '../../../support/der-builder.ts';
import {
  days,
  extension,
  type Issued,
  intermediate,
  now,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';
import { codeOf, validatorFor } from '../validator.ts';

let server: CrlServer;
let folder: string;
const stores: EvidenceStore[] = [];
beforeEach(async () => {
  server = await startCrlServer();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-issuers-'));
});
afterEach(async () => {
  await server.stop();
  // What is still being written comes into being again after the removal.
  await Promise.all(stores.splice(0).map((store) => store.settled()));
  rmSync(folder, { recursive: true, force: true });
});

const access = (...urls: readonly string[]): Buffer =>
  extension(
    oids.authorityInformationAccess,
    sequence(...urls.map((url) => sequence(objectIdentifier(oids.caIssuers), uriName(url)))),
  );
const at = (name: string): Buffer => access(`${server.baseUrl}/${name}`);

/** A CMS message with certificates only (RFC 8551 3.8). */
const certificatesOnly = (...certificates: readonly Buffer[]): Buffer =>
  sequence(
    objectIdentifier(oids.signedData),
    explicit(
      0,
      sequence(
        integer(1),
        set(),
        sequence(objectIdentifier('1.2.840.113549.1.7.1')),
        explicit(0, ...certificates),
        set(),
      ),
    ),
  );

const anchor = root();

function validatorWith(options: Partial<IssuerRetrievalOptions> = {}, clock = { now: () => now }) {
  const store = new EvidenceStore({
    memory: octets(1_000_000),
    directory: { path: folder, maximumFiles: 10, maximumSize: octets(1_000_000) },
    clock,
    logger: silentLogger,
  });
  stores.push(store);
  const issuerRetrieval: IssuerRetrievalOptions = {
    mode: 'retrieve',
    retriever: new UrlRetriever({ retryAfter: seconds(60), clock, logger: silentLogger }),
    store,
    policy: {
      allowedHosts: ['127.0.0.1'],
      schemes: ['http'],
      maximumSize: octets(200_000),
      timeout: milliseconds(10_000),
    },
    totalTimeout: milliseconds(20_000),
    retryAfter: seconds(60),
    ...options,
  };
  const validator = validatorFor({ anchors: [anchor], issuerRetrieval, clock });
  return {
    verdict: async (...chain: readonly Issued[]) =>
      codeOf(
        await validator.validate(
          chain.map(({ der }) => der),
          unrecorded,
        ),
      ),
    validator,
    store: issuerRetrieval.store,
  };
}

describe('an issuer that the client did not send', () => {
  it('is retrieved from the caIssuers URL, once for many logins, and every step is told', async () => {
    const middle = intermediate(anchor);
    server.publish('ca.cer', middle.der);
    const holder = person(middle, [at('ca.cer')]);
    const { validator, verdict } = validatorWith();
    const steps = recordingSteps();
    const result = await validator.validate([holder.der], steps);
    expect(codeOf(result)).toBe('valid');
    expect(steps.steps).toContainEqual({
      stage: 'certificate',
      check: 'issuer by caIssuers',
      verdict: 'noted',
      citation: 'RFC 5280 4.2.2.1',
      facts: { url: `${server.baseUrl}/ca.cer`, certificates: 1 },
    });
    expect(await verdict(holder)).toBe('valid');
    expect(server.requests()).toBe(1);
  });

  it('is retrieved although the peer sent another one of the same name', async () => {
    const [middle, namesake] = [intermediate(anchor), intermediate(root('Stranger'))];
    server.publish('ca.cer', middle.der);
    expect(await validatorWith().verdict(person(middle, [at('ca.cer')]), namesake)).toBe('valid');
  });

  it('is retrieved for a CA that the peer sent without its issuer', async () => {
    const upper = intermediate(anchor, 'Upper');
    server.publish('upper.cer', upper.der);
    const middle = intermediate(upper, 'Middle', [at('upper.cer')]);
    expect(await validatorWith().verdict(person(middle), middle)).toBe('valid');
  });

  it('is followed upwards, and out of certs-only messages', async () => {
    const top = intermediate(anchor, 'Top');
    const upper = intermediate(top, 'Upper', [at('top.p7c')]);
    const middle = intermediate(upper, 'Middle', [at('upper.cer')]);
    server.publish('top.p7c', certificatesOnly(root('Unrelated').der, top.der));
    server.publish('upper.cer', upper.der);
    server.publish('middle.cer', middle.der);
    expect(await validatorWith().verdict(person(middle, [at('middle.cer')]))).toBe('valid');
  });

  it('is never a trust anchor, whatever it says of itself', async () => {
    const stranger = root('Stranger');
    server.publish('ca.cer', stranger.der);
    expect(await validatorWith().verdict(person(stranger, [at('ca.cer')]))).toBe('path-not-found');
  });

  it('is not asked for when there is a path, valid or not', async () => {
    const middle = intermediate(anchor);
    const expired = person(middle, [at('ca.cer')], { notAfter: days(-1) });
    const { verdict } = validatorWith();
    expect(await verdict(person(middle, [at('ca.cer')]), middle)).toBe('valid');
    expect(await verdict(expired, middle)).toBe('certificate-expired');
    expect(server.requests()).toBe(0);
  });

  it('costs at most four retrievals a login', async () => {
    const stranger = intermediate(root('Stranger'), 'Unknown');
    const urls = Array.from({ length: 8 }, (_, index) => `${server.baseUrl}/${index}.cer`);
    const chain = Array.from({ length: 3 }, (_, index) =>
      intermediate(root(`Root ${index}`), index === 0 ? 'Unknown' : `Other ${index}`, [
        access(...urls.slice(index * 2)),
      ]),
    );
    const { verdict } = validatorWith();
    expect(await verdict(person(stranger, [access(...urls)]), ...chain)).toBe('signature-invalid');
    expect(server.requests()).toBe(4);
  });

  it('is not asked for again at once when it was of no help', async () => {
    let time = now;
    const { verdict } = validatorWith({}, { now: () => time });
    const middle = intermediate(anchor);
    server.publish('ca.cer', Buffer.from('<html>'));
    const holder = person(middle, [at('ca.cer')]);
    expect(await verdict(holder)).toBe('path-not-found');
    server.publish('ca.cer', middle.der);
    expect(await verdict(holder)).toBe('path-not-found');
    expect(server.requests()).toBe(1);
    time = new Date(now.getTime() + 61_000);
    expect(await verdict(holder)).toBe('valid');
  });

  it('may take longer to arrive than the path may take to be looked for', async () => {
    let time = now;
    const middle = intermediate(anchor);
    server.publish('ca.cer', () => {
      time = new Date(now.getTime() + 10_000);
      return middle.der;
    });
    expect(await validatorWith({}, { now: () => time }).verdict(person(middle, [at('ca.cer')]))).toBe('valid');
  });

  it('is not waited for longer than a login waits for everything together', async () => {
    const middle = intermediate(anchor);
    for (const name of ['slow.cer', 'slower.cer']) {
      server.publish(name, middle.der);
      server.behave(name, 'hang');
    }
    const holder = person(middle, [access(`${server.baseUrl}/slow.cer`, `${server.baseUrl}/slower.cer`)]);
    const began = performance.now();
    expect(await validatorWith({ totalTimeout: milliseconds(100) }).verdict(holder)).toBe('path-not-found');
    expect(performance.now() - began).toBeLessThan(5_000);
    const budget = new Budget({ now: () => now });
    expect(budget.waitingFor(milliseconds(60_000))).toBe(budget.waitingFor(milliseconds(1)));
  });

  it.each([
    ['not be asked for over ldap:', 'ldap://127.0.0.1/cn=ca?cACertificate'],
    ['not be asked for over https:, which could need itself', 'https://127.0.0.1/ca.cer'],
    ['not be asked of a host that is not listed', 'http://pki.example/ca.cer'],
  ])('may %s', async (_rule, url) => {
    const middle = intermediate(anchor);
    const policy = {
      allowedHosts: ['127.0.0.1'],
      schemes: ['http', 'https', 'ldap'] as const,
      maximumSize: octets(200_000),
      timeout: milliseconds(500),
    };
    expect(await validatorWith({ policy }).verdict(person(middle, [access(url)]))).toBe('path-not-found');
  });
});

describe('an issuer that was retrieved before', () => {
  it('outlives the process when a path through it was accepted, and answers without the server', async () => {
    const middle = intermediate(anchor);
    server.publish('ca.cer', middle.der);
    const holder = person(middle, [at('ca.cer')]);
    const first = validatorWith();
    expect(await first.verdict(holder)).toBe('valid');
    await Promise.all(stores.map((store) => store.settled()));
    await server.stop();
    expect(await validatorWith().verdict(holder)).toBe('valid');
    expect(await validatorWith({ mode: 'cache-only' }).verdict(holder)).toBe('valid');
  });

  it('is not kept when it led nowhere', async () => {
    const stranger = root('Stranger');
    server.publish('ca.cer', stranger.der);
    const first = validatorWith();
    const url = `${server.baseUrl}/ca.cer`;
    await first.verdict(person(stranger, [access(url)]));
    await Promise.all(stores.map((store) => store.settled()));
    expect(await first.store.held({ kind: 'certificates', url })).toEqual({});
  });

  it('is all that counts when only the cache may be asked', async () => {
    const middle = intermediate(anchor);
    server.publish('ca.cer', middle.der);
    const holder = person(middle, [at('ca.cer')]);
    expect(await validatorWith({ mode: 'cache-only' }).verdict(holder)).toBe('path-not-found');
    expect(server.requests()).toBe(0);
  });
});

describe('the content of a caIssuers URL', () => {
  const one = intermediate(anchor).der;

  it('is one certificate, or a message with certificates of which eight are taken', () => {
    expect(parseCertificatesOnly(one)).toEqual([parseCertificate(one)]);
    const many = Array.from({ length: 12 }, () => one);
    expect(parseCertificatesOnly(certificatesOnly(...many))).toHaveLength(8);
    expect(parseCertificatesOnly(certificatesOnly(sequence(integer(1)), one))).toHaveLength(1);
  });

  it.each([
    ['a message of another type', sequence(objectIdentifier('1.2.840.113549.1.7.1'), explicit(0, octetString()))],
    ['a message without certificates', certificatesOnly()],
    ['a message with something after it', Buffer.concat([certificatesOnly(one), Buffer.alloc(1)])],
    ['a message cut short', certificatesOnly(one).subarray(0, -3)],
    ['a CRL', sequence(sequence(integer(1)))],
    ['text', Buffer.from('-----BEGIN CERTIFICATE-----')],
    ['nothing', Buffer.alloc(0)],
  ])('is refused when it is %s', (_rule, content) => {
    expect(() => parseCertificatesOnly(content)).toThrow(MalformedError);
  });
});

describe('what servers have at caIssuers URLs is read', () => {
  const issuing = intermediate(anchor);
  const pem = (label: string, der: Buffer) =>
    Buffer.from(`-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`);
  it.each<[string, Buffer]>([
    ['a certificate in DER', issuing.der],
    ['with one newline behind it', Buffer.concat([issuing.der, Buffer.from('\n')])],
    ['with a newline of Windows behind it', Buffer.concat([issuing.der, Buffer.from('\r\n')])],
    ['a certificate in PEM', pem('CERTIFICATE', issuing.der)],
    ['several certificates in PEM', Buffer.concat([pem('CERTIFICATE', anchor.der), pem('CERTIFICATE', issuing.der)])],
    [
      'one that cannot be read among them',
      Buffer.concat([pem('CERTIFICATE', Buffer.of(0x30, 0)), pem('CERTIFICATE', issuing.der)]),
    ],
    ['a p7b in DER', certificatesOnly(issuing.der)],
    ['a p7b with a newline behind it', Buffer.concat([certificatesOnly(issuing.der), Buffer.from('\n')])],
    ['a p7b in PEM', pem('PKCS7', certificatesOnly(issuing.der))],
    ['a p7b in PEM under its older label', pem('PKCS #7 SIGNED DATA', certificatesOnly(issuing.der))],
    ['a CMS message in PEM', pem('CMS', certificatesOnly(issuing.der))],
  ])('%s', async (_form, served) => {
    server.publish('issuing', served);
    const holder = person(issuing, [at('issuing')]);
    expect(await validatorWith().verdict(holder)).toBe('valid');
  });

  it('though another description of the extension cannot be read', async () => {
    server.publish('issuing', issuing.der);
    const description = (url: Buffer) => sequence(objectIdentifier(oids.caIssuers), url);
    const urls = [uriName('http://\u0080.example'), uriName(`${server.baseUrl}/issuing`)];
    const extra = extension(oids.authorityInformationAccess, sequence(...urls.map(description)));
    expect(await validatorWith().verdict(person(issuing, [extra]))).toBe('valid');
  });

  it.each<[string, Buffer]>([
    ['two newlines behind DER', Buffer.concat([issuing.der, Buffer.from('\n\n')])],
    ['a space behind DER', Buffer.concat([issuing.der, Buffer.from(' ')])],
    ['a private key in PEM', pem('PRIVATE KEY', issuing.der)],
  ])('but not %s', async (_form, served) => {
    server.publish('issuing', served);
    const holder = person(issuing, [at('issuing')]);
    expect(await validatorWith().verdict(holder)).toBe('path-not-found');
  });
});
