/**
 * A public key infrastructure for tests, made new in a temporary directory: root, issuing authority, server certificate for
 * localhost, CRLs, people with keys in files and cards with keys in SoftHSM.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueStoredCrl } from '../../src/smartcard/authority/authority-directory.ts';
import { openCardAuthorities } from '../../src/smartcard/authority/card-authorities.ts';
import type {
  CertificateAuthority,
  IssuanceRequest,
  IssuedCertificate,
} from '../../src/smartcard/authority/certificate-authority.ts';
import { extendedKeyUsages } from '../../src/smartcard/authority/certificate-extensions.ts';
import type { RevocationReason } from '../../src/smartcard/authority/certificate-revocation-list.ts';
import type { KeyType } from '../../src/smartcard/authority/key-type.ts';
import { generateSoftwareKey } from '../../src/smartcard/authority/software-key.ts';
import type { Card } from '../../src/smartcard/card/card.ts';
import { createCard } from '../../src/smartcard/card/card-making.ts';

const day = 86_400_000;

export interface TestPkiOptions {
  /** Default: the present, which real clients judge certificates by. */
  readonly now?: Date;
  readonly keyType?: KeyType;
  /** `<base>/root.crl` and `<base>/issuing.crl` become the distribution points. Default: none. */
  readonly crlBaseUrl?: string;
  readonly organization?: string;
}

/** A person with a key in a file. */
export interface Person extends IssuedCertificate {
  readonly privateKeyPem: string;
  /** PEM of the certificate and the issuing authority's. */
  readonly chainPem: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export type PersonRequest = Partial<IssuanceRequest> & { readonly name: string; readonly keyType?: KeyType };

type CardRequest = Partial<IssuanceRequest> & {
  readonly name: string;
  readonly keyType?: KeyType;
  readonly pin?: string;
};

export interface TestPki {
  readonly directory: string;
  readonly now: Date;
  readonly root: CertificateAuthority;
  readonly issuing: CertificateAuthority;
  /** For localhost, 127.0.0.1 and ::1; the chain is end entity and issuing authority. */
  readonly server: { readonly chainPem: string; readonly privateKeyPem: string };
  readonly files: {
    readonly root: string;
    readonly issuing: string;
    readonly serverChain: string;
    readonly serverKey: string;
    /** DER; rewritten by `revoke`. */
    readonly rootCrl: string;
    readonly issuingCrl: string;
  };
  /** Default: P-256, client authentication and smart-card logon, valid from an hour ago for a year. */
  issuePerson(request: PersonRequest): Promise<Person>;
  /** Makes a SoftHSM card; its PIN is in `pinFile`. */
  issueCard(request: CardRequest): Promise<Card>;
  /** Issues the next CRL of the issuing authority with these added, over the old file. */
  revoke(serialNumbers: readonly bigint[], reason?: RevocationReason): Promise<void>;
  remove(): Promise<void>;
}

export async function createTestPki(options: TestPkiOptions = {}): Promise<TestPki> {
  const { now = new Date(), keyType = 'P-256', ...rest } = options;
  const directory = await mkdtemp(join(tmpdir(), 'cardgate-pki-'));
  const { root, issuing, paths } = await openCardAuthorities(directory, { now, keyType, ...rest });
  const validity = { notBefore: new Date(now.getTime() - 240_000), notAfter: new Date(now.getTime() + 365 * day) };
  const server = await issuing.issueServerCertificate({
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1', '::1'],
    ...validity,
  });
  const files = {
    root: join(paths.root, 'certificate.pem'),
    issuing: join(paths.issuing, 'certificate.pem'),
    serverChain: join(directory, 'server-chain.pem'),
    serverKey: join(directory, 'server-key.pem'),
    rootCrl: join(paths.root, 'crl.der'),
    issuingCrl: join(paths.issuing, 'crl.der'),
  };
  await writeFile(files.serverChain, server.chainPem);
  await writeFile(files.serverKey, server.privateKeyPem, { mode: 0o600 });
  return {
    directory,
    now,
    root,
    issuing,
    server,
    files,
    issuePerson: async ({ name, keyType: personKeyType = 'P-256', ...request }) => {
      const key = await generateSoftwareKey(personKeyType);
      const issued = await issuing.issue({
        subject: name,
        publicKey: key,
        ...validity,
        extendedKeyUsage: [extendedKeyUsages.clientAuth, extendedKeyUsages.smartCardLogon],
        ...request,
      });
      const person = {
        ...issued,
        privateKeyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
        chainPem: issued.pem + issuing.chainPem,
        certificateFile: join(directory, `${name}.pem`),
        keyFile: join(directory, `${name}-key.pem`),
      };
      await writeFile(person.certificateFile, person.chainPem);
      await writeFile(person.keyFile, person.privateKeyPem, { mode: 0o600 });
      return person;
    },
    issueCard: ({ name, keyType: cardKeyType = 'P-256', pin, ...content }) =>
      createCard({
        directory,
        name,
        certificates: [
          {
            slot: 'logon',
            keyType: cardKeyType,
            authority: issuing,
            content: {
              subject: name,
              extendedKeyUsage: [extendedKeyUsages.clientAuth, extendedKeyUsages.smartCardLogon],
              ...validity,
              ...content,
            },
          },
        ],
        ...(pin === undefined ? {} : { pin }),
      }),
    revoke: async (serialNumbers, reason = 'keyCompromise') => {
      // Unless the time is fixed, the next CRL is newer than the first.
      const revokedAt = options.now ?? new Date();
      const revoke = serialNumbers.map((serialNumber) => ({ serialNumber, revokedAt, reason }));
      await issueStoredCrl(paths.issuing, { now: revokedAt, lifetimeMs: 30 * day, revoke });
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
