/** `cardgate card …`: smart cards for trials and tests, made in SoftHSM. Parses arguments; src/smartcard does the work. */
import { Argument, Command, Option } from 'commander';
import { systemClock } from '../clock.ts';
import type { CardCommandResult } from '../smartcard/card-commands.ts';
import type { PinSource } from '../smartcard/pin.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { positiveInteger } from './positive-integer.ts';
import type { Terminal } from './terminal.ts';

const defaultDirectory = './cards';
const keyTypes = ['RSA-2048', 'P-256', 'P-384'] as const;
const reasons = [
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
] as const;

interface CommonOptions {
  readonly directory: string;
  readonly json: boolean;
}

interface CreateOptions extends CommonOptions {
  readonly key: (typeof keyTypes)[number];
  readonly commonName?: string;
  readonly upn?: string;
  readonly sid?: string;
  readonly policy: readonly string[];
  readonly days: number;
  readonly pinFile?: string;
  readonly pinEnv?: string;
  readonly pinStdin?: boolean;
  readonly crlUrl?: string;
}

export function cardCommand(finish: (code: ExitCode) => void, terminal: Terminal): Command {
  const card = new Command('card')
    .exitOverride()
    .description('make and manage smart cards for trials, in SoftHSM (never for production)');
  const nameArgument = () => new Argument('<name>', 'name of the card: letters, digits, dot, hyphen, underscore');
  const add = (parent: Command, name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .option('-d, --directory <path>', 'directory that holds the cards and their authorities', defaultDirectory)
      .option('--json', 'print the result as JSON', false);
  /** Runs one card command and prints what it says. */
  const run = async ({ json }: CommonOptions, work: () => Promise<CardCommandResult>) =>
    finish(await report(work, json, terminal));

  add(card, 'create', 'make a token with a PIN, a key that cannot leave it, and a smart-card logon certificate')
    .addArgument(nameArgument())
    .addOption(new Option('-k, --key <type>', 'key').choices(keyTypes).default('P-256'))
    .option('--common-name <text>', 'common name of the subject; the card’s name when absent')
    .option('--upn <name@domain>', 'user principal name')
    .option('--sid <S-1-5-21-…>', 'security identifier of the account, for strong mapping')
    .option('--policy <oid>', 'certificate policy; may be given several times', collect, [])
    .option('--days <number>', 'validity', positiveInteger, 365)
    .option('--pin-file <path>', 'take the PIN from the first line of a file')
    .option('--pin-env <variable>', 'take the PIN from an environment variable')
    .option('--pin-stdin', 'take the PIN from standard input')
    .option('--crl-url <url>', 'where the CRLs will be served; used only when the authorities are made')
    .action(async (name: string, options: CreateOptions) => {
      const { createCardCommand } = await import('../smartcard/card-commands.ts');
      const { directory, key, commonName, upn, sid, policy, days, crlUrl } = options;
      const pin = pinSource(options);
      await run(options, () =>
        createCardCommand({
          directory,
          name,
          keyType: key,
          policies: policy,
          validityDays: days,
          clock: systemClock,
          ...(commonName !== undefined && { commonName }),
          ...(upn !== undefined && { userPrincipalName: upn }),
          ...(sid !== undefined && { sid }),
          ...(pin && { pin }),
          ...(crlUrl !== undefined && { crlBaseUrl: crlUrl }),
        }),
      );
    });

  add(card, 'list', 'list the cards of a directory').action(async (options: CommonOptions) => {
    const { listCardsCommand } = await import('../smartcard/card-commands.ts');
    await run(options, () => listCardsCommand(options));
  });

  add(card, 'remove', 'delete a card with its key; its certificate is not revoked by this')
    .addArgument(nameArgument())
    .action(async (name: string, options: CommonOptions) => {
      const { removeCardCommand } = await import('../smartcard/card-commands.ts');
      await run(options, () => removeCardCommand({ directory: options.directory, name }));
    });

  add(card, 'revoke', 'revoke the certificate of a card and issue the next CRL')
    .addArgument(nameArgument())
    .addOption(new Option('--reason <reason>', 'why').choices(reasons).default('keyCompromise'))
    .action(async (name: string, options: CommonOptions & { reason: (typeof reasons)[number] }) => {
      const { revokeCardCommand } = await import('../smartcard/card-commands.ts');
      const { directory, reason } = options;
      await run(options, () => revokeCardCommand({ directory, name, reason, clock: systemClock }));
    });

  const authority = card.command('ca').description('the root and the issuing authority of a card directory');
  add(authority, 'create', 'make the authorities, if there are none')
    .option('--crl-url <url>', 'where the CRLs will be served over http')
    .action(async (options: CommonOptions & { crlUrl?: string }) => {
      const { createAuthoritiesCommand } = await import('../smartcard/card-commands.ts');
      const { directory, crlUrl } = options;
      const base = crlUrl === undefined ? {} : { crlBaseUrl: crlUrl };
      await run(options, () => createAuthoritiesCommand({ directory, clock: systemClock, ...base }));
    });
  add(authority, 'crl', 'issue the next CRLs of both authorities').action(async (options: CommonOptions) => {
    const { issueCrlsCommand } = await import('../smartcard/card-commands.ts');
    await run(options, () => issueCrlsCommand({ directory: options.directory, clock: systemClock }));
  });
  add(authority, 'server-certificate', 'issue a TLS certificate and key for a gateway on trial')
    .argument('<names...>', 'host names and IPv4 addresses')
    .action(async (names: string[], options: CommonOptions) => {
      const { issueServerCertificateCommand } = await import('../smartcard/server-certificate-command.ts');
      await run(options, () =>
        issueServerCertificateCommand({ directory: options.directory, names, clock: systemClock }),
      );
    });
  return card;
}

/** A mistake of the person at the keyboard is exit code 1 with a remedy; a fault of ours goes on as an exception. */
async function report(work: () => Promise<CardCommandResult>, json: boolean, terminal: Terminal): Promise<ExitCode> {
  const { CardError } = await import('../smartcard/card-error.ts');
  try {
    const result = await work();
    terminal.write(json ? `${JSON.stringify(result.json, null, 2)}\n` : result.text);
    return exitCode.done;
  } catch (error) {
    if (!(error instanceof CardError)) throw error;
    terminal.writeError(`${error.message}\n${error.remedy}\n`);
    return exitCode.refused;
  }
}

function pinSource({ pinFile, pinEnv, pinStdin }: CreateOptions): PinSource | undefined {
  if (pinFile !== undefined) return { from: 'file', path: pinFile };
  if (pinEnv !== undefined) return { from: 'environment', variable: pinEnv };
  return pinStdin ? { from: 'input', stream: process.stdin } : undefined;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
