/**
 * One world of people for end-to-end tests: the PKI, its CRLs over HTTP, and the named people and cards that the directories
 * are seeded with. Each name says what is special about the person.
 */
import { readFile } from 'node:fs/promises';
import type { Card } from '../../src/smartcard/card.ts';
import { extendedKeyUsages } from '../../src/smartcard/certificate-extensions.ts';
import { type CrlServer, startCrlServer } from './crl-server.ts';
import { createTestPki, type Person, type PersonRequest, type TestPki } from './pki.ts';

const domainSid = 'S-1-5-21-1111111111-2222222222-3333333333';
const hour = 3_600_000;

/** Names and security identifiers as the directories should have them. `mallory` has a good certificate and no account. */
export const people = {
  alice: { userPrincipalName: 'alice@corp.example', sid: `${domainSid}-1105` },
  bob: { userPrincipalName: 'bob@corp.example', sid: `${domainSid}-1106` },
  mallory: { userPrincipalName: 'mallory@elsewhere.example', sid: `${domainSid}-9999` },
} as const;

export type PersonName = keyof typeof people;

export interface TestWorld {
  readonly pki: TestPki;
  readonly crlServer: CrlServer;
  /** A certificate with its key in a file, with the identity of one of `people`, changed as asked. */
  issueFor(name: PersonName, changes?: Omit<PersonRequest, 'name'> & { readonly fileName?: string }): Promise<Person>;
  /** Like `issueFor`, but revoked. */
  issueRevokedFor(name: PersonName): Promise<Person>;
  /** Expired an hour ago. */
  issueExpiredFor(name: PersonName): Promise<Person>;
  /** For server authentication only. */
  issueWrongPurposeFor(name: PersonName): Promise<Person>;
  cardFor(name: PersonName, keyType: 'P-256' | 'P-384' | 'RSA-2048'): Promise<Card & { readonly serialNumber: bigint }>;
  stop(): Promise<void>;
}

export async function createTestWorld(): Promise<TestWorld> {
  const crlServer = await startCrlServer();
  const pki = await createTestPki({ crlBaseUrl: crlServer.baseUrl });
  crlServer.publish('root.crl', () => readFile(pki.files.rootCrl));
  crlServer.publish('issuing.crl', () => readFile(pki.files.issuingCrl));
  const issueFor: TestWorld['issueFor'] = (name, { fileName = name, ...changes } = {}) => {
    const { userPrincipalName, sid } = people[name];
    return pki.issuePerson({
      subject: [
        { type: 'O', value: 'Corp' },
        { type: 'CN', value: name },
      ],
      userPrincipalNames: [userPrincipalName],
      sid,
      ...changes,
      name: fileName,
    });
  };
  return {
    pki,
    crlServer,
    issueFor,
    issueRevokedFor: async (name) => {
      const person = await issueFor(name, { fileName: `${name}-revoked` });
      await pki.revoke([person.serialNumber]);
      return person;
    },
    issueExpiredFor: (name) =>
      issueFor(name, {
        fileName: `${name}-expired`,
        notBefore: new Date(pki.now.getTime() - 48 * hour),
        notAfter: new Date(pki.now.getTime() - hour),
      }),
    issueWrongPurposeFor: (name) =>
      issueFor(name, { fileName: `${name}-wrong-purpose`, extendedKeyUsage: [extendedKeyUsages.serverAuth] }),
    cardFor: (name, keyType) => pki.issueCard({ name: `${name}-${keyType}`, keyType, ...people[name] }),
    stop: async () => {
      await crlServer.stop();
      await pki.remove();
    },
  };
}
