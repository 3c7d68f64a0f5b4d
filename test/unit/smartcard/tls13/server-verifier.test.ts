/** Which certificates a server is believed with, and that a help desk can tell from the error why another was not. */
import { describe, expect, it } from 'vitest';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { CardError } from '../../../../src/smartcard/card/card-error.ts';
import {
  createServerVerifier,
  ServerCertificateRefused,
} from '../../../../src/smartcard/tls13/handshake/server-verifier.ts';
import { implicit } from '../../../support/der-builder.ts';
import {
  commonName,
  days,
  digitalSignature,
  dnsName,
  type Issued,
  type Issuing,
  intermediate,
  issue,
  now,
  purposes,
  root,
  subjectAltName,
} from '../../../support/handmade-certificates.ts';

const anchor = root();
const middle = intermediate(anchor);
const names = [dnsName('files.example'), dnsName('*.wild.example'), implicit(7, Buffer.from([192, 0, 2, 1]))];

function server(issuer: Issued, changes: Issuing = {}): Issued {
  const extensions = [digitalSignature, purposes(oids.serverAuth), subjectAltName(...names)];
  return issue(commonName('cn.example'), issuer, { extensions, ...changes });
}

const verify = (host: string, chain: readonly Issued[], trusted: Issued = anchor) =>
  Promise.resolve(
    createServerVerifier({ trustAnchors: trusted.der, host, clock: { now: () => now } })(chain.map(({ der }) => der)),
  );

describe('a server is believed', () => {
  it.each(['files.example', 'FILES.example', 'host.wild.example', '192.0.2.1'])('as %s', async (host) => {
    await expect(verify(host, [server(anchor)])).resolves.toBeUndefined();
  });

  it('with an intermediate that it sends', async () => {
    await expect(verify('files.example', [server(middle), middle])).resolves.toBeUndefined();
  });
});

const refusals: [string, string, string, () => readonly Issued[]][] = [
  ['another name', 'other.example', 'host-mismatch', () => [server(anchor)]],
  ['a name below its own', 'a.files.example', 'host-mismatch', () => [server(anchor)]],
  ['two labels where the wildcard stands for one', 'a.b.wild.example', 'host-mismatch', () => [server(anchor)]],
  ['the common name', 'cn.example', 'host-mismatch', () => [server(anchor)]],
  ['another address', '192.0.2.2', 'host-mismatch', () => [server(anchor)]],
  [
    'the common name where there is no other',
    'cn.example',
    'host-mismatch',
    () => [server(anchor, { extensions: [digitalSignature, purposes(oids.serverAuth)] })],
  ],
  ['no path', 'files.example', 'path-not-found', () => [server(middle)]],
  ['another authority', 'files.example', 'path-not-found', () => [server(root('Elsewhere'))]],
  ['another authority of the same name', 'files.example', 'signature-invalid', () => [server(root())]],
  ['its end behind it', 'files.example', 'certificate-expired', () => [server(anchor, { notAfter: days(-1) })]],
  ['its begin before it', 'files.example', 'certificate-not-yet-valid', () => [server(anchor, { notBefore: days(1) })]],
  [
    'the purpose of a client',
    'files.example',
    'extended-key-usage-missing',
    () => [server(anchor, { extensions: [digitalSignature, purposes(oids.clientAuth), subjectAltName(...names)] })],
  ],
];

describe('a server is refused', () => {
  it.each(refusals)('with %s (%s: %s)', async (_name, host, reason, chain) => {
    const error: unknown = await verify(host, chain()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ServerCertificateRefused);
    expect(error).toBeInstanceOf(CardError);
    expect(error).toMatchObject({ code: 'ERR_TLS_SERVER_CERTIFICATE', reason });
    expect(String(error)).toContain(host);
    expect(String(error)).toContain(reason);
  });

  it.each([
    ['certificate-expired', 'certificate_expired', () => [server(anchor, { notAfter: days(-1) })]],
    ['path-not-found', 'unknown_ca', () => [server(middle)]],
    ['signature-invalid', 'bad_certificate', () => [server(root())]],
  ] as [string, string, () => readonly Issued[]][])('and told %s as %s', async (_reason, alert, chain) => {
    await expect(verify('files.example', chain())).rejects.toMatchObject({ alert });
  });

  it('by the names that it has', async () => {
    await expect(verify('other.example', [server(anchor)])).rejects.toThrow('DNS:files.example');
  });
});
