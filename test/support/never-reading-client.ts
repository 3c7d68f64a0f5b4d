/** Runs the client that many FTP clients are while they upload: it writes, never reads, and closes. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { python } from './python.ts';

export interface NeverReadingUpload {
  readonly port: number;
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly content: Buffer;
}

/** Resolves when the client has closed its socket. */
export async function neverReadingUpload({ port, version, cert, key, content }: NeverReadingUpload): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cardgate-never-reading-'));
  const certificateFile = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  try {
    await writeFile(certificateFile, cert);
    await writeFile(keyFile, key, { mode: 0o600 });
    const script = join(import.meta.dirname, 'never-reading-client.py');
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null) => (error ? reject(error) : resolve());
      const client = execFile(python, [script, String(port), version, certificateFile, keyFile], done);
      client.stdin?.end(content);
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
