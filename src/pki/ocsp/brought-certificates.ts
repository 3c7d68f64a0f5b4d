/** The certificates that an OCSP response brings along, read when a responder is looked for the first time, and once. */
import { type Certificate, parseCertificate } from '../certificate/certificate.ts';
import { MalformedError } from '../encoding/malformed-error.ts';

interface ReadCertificates {
  /** What cannot be read is left out, for they are only help. */
  readonly certificates: readonly Certificate[];
  /** Why the first that cannot be read cannot. */
  readonly unreadable?: string | undefined;
}

export class BroughtCertificates {
  readonly #ders: readonly Buffer[];
  #read: ReadCertificates | undefined;

  constructor(ders: readonly Buffer[]) {
    this.#ders = ders;
  }

  read(): ReadCertificates {
    this.#read ??= readAll(this.#ders);
    return this.#read;
  }
}

function readAll(ders: readonly Buffer[]): ReadCertificates {
  const problems: string[] = [];
  const certificates = ders.flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  const [unreadable] = problems;
  return { certificates, unreadable };
}
