/**
 * The certificates, CRLs and OCSP responses that `cardgate verify` is given. One among many that cannot be read is left out, and the
 * result says so; when none of a kind can be read the request is wrong.
 */
import { type Certificate, parseCertificate } from '../../pki/certificate/certificate.ts';
import { parseCrl } from '../../pki/crl/crl.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { parseOcspResponse } from '../../pki/ocsp/ocsp-response.ts';
import { VerifyUsageError } from './verify-usage-error.ts';

/** A certificate, CRL or OCSP response that is not parsed yet, with the name it goes by in records. */
export interface NamedDer {
  readonly file: string;
  readonly der: Buffer;
}

/** What could not be read, and was done without. */
export interface LeftOut {
  readonly file: string;
  readonly reason: string;
}

export interface Read<T> {
  readonly found: readonly T[];
  readonly leftOut: readonly LeftOut[];
}

/** @throws VerifyUsageError when some are given and none can be read */
export function certificatesIn(given: readonly NamedDer[]): Read<Certificate> {
  return readEach(given, ({ der }) => parseCertificate(der));
}

/** CRLs stay DER, since the validator reads them; here it is only seen that it can. @throws VerifyUsageError likewise */
export function crlsIn(given: readonly NamedDer[]): Read<NamedDer> {
  return readEach(given, (named) => {
    parseCrl(named.der, named.file);
    return named;
  });
}

/** Likewise. @throws VerifyUsageError likewise */
export function ocspResponsesIn(given: readonly NamedDer[]): Read<NamedDer> {
  return readEach(given, (named) => {
    parseOcspResponse(named.der, named.file);
    return named;
  });
}

function readEach<T>(given: readonly NamedDer[], read: (named: NamedDer) => T): Read<T> {
  const found: T[] = [];
  const leftOut: LeftOut[] = [];
  for (const named of given) {
    try {
      found.push(read(named));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      leftOut.push({ file: named.file, reason: error.message });
    }
  }
  const [first] = leftOut;
  if (first && found.length === 0) throw new VerifyUsageError(`${first.file}: ${first.reason}`);
  return { found, leftOut };
}
