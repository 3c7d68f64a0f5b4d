/** What every measured server is to the benchmarks, cardgate and peers alike, and the person who logs in to it. */
import {
  type ClientSession,
  type ClientStep,
  fileIdentity,
  type TlsVersion,
} from '../../test/support/clients/client-session.ts';
import type { Person, TestPki } from '../../test/support/pki.ts';

export interface BenchServer {
  readonly name: string;
  readonly version: string;
  /** The process that all others of the server descend from. */
  readonly pid: number;
  /** On 127.0.0.1; AUTH TLS. */
  readonly port: number;
  readonly user: string;
  /** Empty: the certificate alone logs in. */
  readonly password: string;
  stop(): Promise<void>;
}

export interface BenchPeople {
  readonly pki: TestPki;
  readonly person: Person;
}

/** A session for the clients of test/support. Names in steps are within the person's home. */
export function clientSession(
  { pki, person }: BenchPeople,
  { port, user, password }: BenchServer,
  tls: TlsVersion,
  steps: readonly ClientStep[],
): ClientSession {
  const rootFile = pki.files.root;
  return { port, user, password, rootFile, identity: fileIdentity(person), tls, steps, timeoutMs: 1_800_000 };
}
