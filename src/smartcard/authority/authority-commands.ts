/** What `cardgate card ca …` does: the authorities of a card directory, their CRLs, their repository, certificates for servers. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type CardCommandContext, type CardCommandResult, lines } from '../card/card-commands.ts';
import { openCardDirectory, type SeedRequest } from '../card/card-directory.ts';
import { CardError } from '../card/card-error.ts';
import { authoritiesOf } from '../card/card-issuing.ts';
import { issueStoredCrl } from './authority-directory.ts';
import { authorityNames, authorityPath, backdatingMs, defaultCrlLifetimeMs } from './card-authorities.ts';
import { serialNumberOf } from './certificate-authority.ts';
import { generateSoftwareKey } from './software-key.ts';

const day = 86_400_000;
const serverValidityMs = 365 * day;

/** Makes the authorities of a card directory that has no authorities yet. @throws CardError */
export async function createAuthoritiesCommand(
  options: CardCommandContext & {
    /** Between the root and the issuing authority. Default: none. */
    readonly intermediates?: number;
    /** Goes into the certificates: where `cardgate card ca serve` will listen. */
    readonly repositoryUrl?: string;
    readonly seed?: SeedRequest;
  },
): Promise<CardCommandResult> {
  const { directory: path, clock, seed, ...rest } = options;
  const directory = await openCardDirectory(path, clock, seed);
  const { created, paths } = await authoritiesOf(directory, rest);
  const names = await authorityNames(path);
  const text = created ? 'Made the authorities:\n' : 'The authorities are there already:\n';
  return {
    text: text + lines(...names.map((name) => [name, authorityPath(path, name)] as const)),
    json: { created, ...paths, authorities: names },
  };
}

/** Issues the next CRLs of all authorities, with nothing new revoked. */
export async function issueCrlsCommand(
  options: CardCommandContext & {
    /** Default: 30. */
    readonly validityDays?: number;
  },
): Promise<CardCommandResult> {
  const { directory, clock, validityDays } = options;
  const lifetimeMs = validityDays === undefined ? defaultCrlLifetimeMs : validityDays * day;
  const json: { path: string; number: number; revoked: number }[] = [];
  for (const name of await authorityNames(directory)) {
    const { path, number, revoked } = await issueStoredCrl(authorityPath(directory, name), {
      now: clock.now(),
      lifetimeMs,
    });
    json.push({ path, number: Number(number), revoked: revoked.length });
  }
  if (json.length === 0) {
    throw new CardError(`There are no authorities in ${directory}.`, 'Make them with "cardgate card ca create".');
  }
  const text = json.map(({ path, number, revoked }) => `CRL ${number}, ${revoked} revoked: ${path}\n`).join('');
  return { text, json };
}

const hostName = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*$/;
const ipv4Address = /^\d{1,3}(\.\d{1,3}){3}$/;

/**
 * Writes server/certificate.pem (the chain) and server/key.pem (mode 0600) into the card directory, over what is there.
 * @param options.names host names and IPv4 addresses the certificate is for
 * @throws CardError for a name that is neither
 */
export async function issueServerCertificateCommand(
  options: CardCommandContext & { readonly names: readonly string[] },
): Promise<CardCommandResult> {
  const { directory: path, names, clock } = options;
  const wrong = names.find((name) => !hostName.test(name));
  if (wrong !== undefined) {
    throw new CardError(
      `"${wrong}" is not a host name.`,
      'Give host names or IPv4 addresses, such as localhost 127.0.0.1.',
    );
  }
  const directory = await openCardDirectory(path, clock);
  const { randomness, validFrom } = directory;
  const { issuing } = await authoritiesOf(directory);
  const { chainPem, privateKeyPem } = await issuing.issueServerCertificate({
    dnsNames: names.filter((name) => !ipv4Address.test(name)),
    ipAddresses: names.filter((name) => ipv4Address.test(name)),
    notBefore: new Date(validFrom.getTime() - backdatingMs),
    notAfter: new Date(validFrom.getTime() + serverValidityMs),
    privateKey: await generateSoftwareKey('P-256', randomness, 'server/key'),
    serialNumber: serialNumberOf(randomness.octets(`server/serial/${names.join()}`, 16)),
  });
  const folder = join(resolve(path), 'server');
  const json = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  await mkdir(folder, { recursive: true });
  await writeFile(json.certificate, chainPem);
  await writeFile(json.key, privateKeyPem, { mode: 0o600 });
  const text = `Issued a server certificate for ${names.join(', ')}:\n  certificate  ${json.certificate}\n  key          ${json.key}\n`;
  return { text, json };
}
