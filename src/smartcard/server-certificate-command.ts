/** `cardgate card ca server-certificate`: a TLS identity for a gateway on trial, from the authority that issues its cards. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '../clock.ts';
import { backdatingMs, openCardAuthorities } from './card-authorities.ts';
import type { CardCommandResult } from './card-commands.ts';
import { CardError } from './card-error.ts';

const validityMs = 365 * 86_400_000;
const hostName = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*$/;
const ipv4Address = /^\d{1,3}(\.\d{1,3}){3}$/;

/**
 * Writes server/certificate.pem (the chain) and server/key.pem (mode 0600) into the card directory, over what is there.
 * @param options.names host names and IPv4 addresses the certificate is for
 * @throws CardError for a name that is neither
 */
export async function issueServerCertificateCommand(options: {
  readonly directory: string;
  readonly names: readonly string[];
  readonly clock: Clock;
}): Promise<CardCommandResult> {
  const { directory, names, clock } = options;
  const wrong = names.find((name) => !hostName.test(name));
  if (wrong !== undefined) {
    throw new CardError(
      `"${wrong}" is no host name.`,
      'Give host names or IPv4 addresses, such as localhost 127.0.0.1.',
    );
  }
  const now = clock.now();
  const { issuing } = await openCardAuthorities(directory, { now });
  const { chainPem, privateKeyPem } = await issuing.issueServerCertificate({
    dnsNames: names.filter((name) => !ipv4Address.test(name)),
    ipAddresses: names.filter((name) => ipv4Address.test(name)),
    notBefore: new Date(now.getTime() - backdatingMs),
    notAfter: new Date(now.getTime() + validityMs),
  });
  const folder = join(resolve(directory), 'server');
  const json = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  await mkdir(folder, { recursive: true });
  await writeFile(json.certificate, chainPem);
  await writeFile(json.key, privateKeyPem, { mode: 0o600 });
  const text = `Issued a server certificate for ${names.join(', ')}:\n  certificate  ${json.certificate}\n  key          ${json.key}\n`;
  return { text, json };
}
