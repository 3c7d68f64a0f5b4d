/** `cardgate verify`: certificate validation alone, without configuration, directory or network. Parses arguments only. */
import { Command, Option } from 'commander';
import { systemClock } from '../../clock.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import type { VerifyOptions } from './verify-request.ts';

interface CommandOptions extends VerifyOptions {
  readonly json: boolean;
  readonly jsonLines: boolean;
}

export function verifyCommand(finish: (code: ExitCode) => void, terminal: Terminal): Command {
  const files = (flags: string, description: string) =>
    new Option(`${flags} <file...>`, description).default([], 'none');
  return new Command('verify')
    .description('validate a certificate by RFC 5280 and say which rule it met or broke; nothing is retrieved')
    .argument('[certificate]', 'PEM or DER file: the end entity first, then what else may help to find a path')
    .addOption(files('--trust-anchor', 'certificates that are trusted'))
    .addOption(files('--untrusted', 'certificates of CAs, CRL issuers and OCSP responders to find paths with'))
    .addOption(files('--crl', 'certificate revocation lists'))
    .addOption(files('--ocsp', 'OCSP responses'))
    .option('--at <time>', 'time of validation, such as 2026-06-01T12:00:00Z; the present when absent')
    .addOption(new Option('--policy <oid...>', 'user-initial-policy-set').default([], 'any policy'))
    .option('--require-explicit-policy', 'refuse when none of these policies holds for the whole path', false)
    .option('--inhibit-policy-mapping', 'policies of other domains do not count', false)
    .option('--inhibit-any-policy', 'anyPolicy in a certificate stands for nothing', false)
    .addOption(
      new Option(
        '--eku <name...>',
        'purposes of which one must hold, names or OIDs; none: a certificate without any',
      ).default([], 'any purpose'),
    )
    .addOption(
      new Option('--revocation <method>', 'how status is told; both when there is a CRL or OCSP response').choices([
        'crl',
        'ocsp',
        'both',
        'off',
      ]),
    )
    .option('--json', 'print the result as JSON', false)
    .option('--json-lines', 'read a request of JSON from each line of standard input, print a result for each', false)
    .addHelpText('after', examples)
    .action(async (certificate: string | undefined, options: CommandOptions) =>
      finish(await verify(certificate, options, terminal)),
    );
}

const examples = `
Examples:
  cardgate verify ada.pem --trust-anchor root.pem --untrusted issuing.pem --crl issuing.crl root.crl --eku smartCardLogon
  cardgate verify --json-lines --trust-anchor root.pem < cards.jsonl
A line: {"id": 1, "certificate": "MII…", "untrusted": ["MII…"], "crls": ["MII…"], "at": "2026-06-01T12:00:00Z"}`;

async function verify(file: string | undefined, options: CommandOptions, terminal: Terminal): Promise<ExitCode> {
  const request = await import('./verify-request.ts');
  const { VerifyUsageError } = await import('./verify-usage-error.ts');
  const { createVerifier, verificationJson } = await import('./verify-validation.ts');
  const now = () => systemClock.now();
  try {
    const settings = request.settingsOfOptions(options);
    if (options.jsonLines) {
      if (file !== undefined) throw new VerifyUsageError('with --json-lines the certificates come from standard input');
      const { verifyLines } = await import('./verify-lines.ts');
      const allValid = await verifyLines(terminal.input, {
        defaults: settings,
        now,
        write: (text) => writeOut(text, terminal),
      });
      return allValid ? exitCode.done : exitCode.refused;
    }
    if (file === undefined) throw new VerifyUsageError('name the file of the certificate, or give --json-lines');
    if (settings.trustAnchors.length === 0) throw new VerifyUsageError('give at least one --trust-anchor');
    const verification = await createVerifier(settings, now).verify(request.peerCertificatesOf(file));
    if (options.json) {
      terminal.write(`${JSON.stringify(verificationJson(verification, true), null, 2)}\n`);
    } else {
      const { verificationText } = await import('./verify-text.ts');
      terminal.write(verificationText(verification, terminal.colour));
    }
    return verification.outcome === 'valid' ? exitCode.done : exitCode.refused;
  } catch (error) {
    if (!(error instanceof VerifyUsageError)) throw error;
    terminal.writeError(`${error.message}\n(add --help for the usage)\n`);
    return exitCode.usage;
  }
}

/** Waits for a slow reader, so that results do not pile up in memory. */
async function writeOut(text: string, terminal: Terminal): Promise<void> {
  terminal.write(text);
  await terminal.drained();
}
