/** `cardgate card ca …`: the authorities of a card directory. Parses arguments; src/smartcard does the work. */
import { Command } from 'commander';
import { systemClock } from '../../clock.ts';
import { actUponSignals } from '../../gateway/process-signals.ts';
import { defined } from '../../settings/defined.ts';
import { positiveInteger } from '../positive-integer.ts';
import type { Terminal } from '../terminal.ts';
import { addCardCommand, type CommonOptions, type RunCardCommand } from './card-report.ts';

const load = () => import('../../smartcard/authority/authority-commands.ts');

interface CreateOptions extends CommonOptions {
  readonly intermediates?: number;
  readonly repositoryUrl?: string;
  readonly seed?: string;
  readonly day?: string;
}

export function authorityCommand(run: RunCardCommand, terminal: Terminal): Command {
  const authority = new Command('ca').description('the authorities of a card directory');

  addCardCommand(authority, 'create', 'make the authorities, if there are none')
    .option('--intermediates <number>', 'authorities between the root and the one that issues cards', positiveInteger)
    .option('--repository-url <url>', 'where "cardgate card ca serve" will listen; goes into the certificates')
    .option('--seed <text>', 'make everything in this directory from a seed, so that it can be made again')
    .option('--day <YYYY-MM-DD>', 'with --seed: first day of every validity; today when absent')
    .action(async (options: CreateOptions) => {
      const { createAuthoritiesCommand } = await load();
      const { directory, intermediates, repositoryUrl, seed, day } = options;
      const rest = defined({
        intermediates,
        repositoryUrl,
        seed: seed === undefined ? undefined : { seed, ...defined({ day }) },
      });
      await run(options, () => createAuthoritiesCommand({ directory, clock: systemClock, ...rest }));
    });

  addCardCommand(authority, 'crl', 'issue the next CRLs of all authorities')
    .option('--days <number>', 'time until their next update; 30 when absent', positiveInteger)
    .action(async (options: CommonOptions & { readonly days?: number }) => {
      const { issueCrlsCommand } = await load();
      const { directory, days } = options;
      const rest = defined({ validityDays: days });
      await run(options, () => issueCrlsCommand({ directory, clock: systemClock, ...rest }));
    });

  addCardCommand(authority, 'server-certificate', 'issue a TLS certificate and key for a gateway on trial')
    .argument('<names...>', 'host names and IPv4 addresses')
    .action(async (names: string[], options: CommonOptions) => {
      const { issueServerCertificateCommand } = await load();
      await run(options, () =>
        issueServerCertificateCommand({ directory: options.directory, names, clock: systemClock }),
      );
    });

  addCardCommand(authority, 'serve', 'serve CRLs, OCSP and CA certificates over http until stopped')
    .argument('<url>', 'the repository URL of the authorities, such as http://127.0.0.1:8080')
    .action(async (url: string, options: CommonOptions) => {
      const { startRepositoryServer } = await import('../../smartcard/authority/repository-server.ts');
      await run(options, async () => {
        const server = await startRepositoryServer({ directory: options.directory, url, clock: systemClock });
        terminal.writeError(`the repository is served at ${server.url}\n`);
        await new Promise<void>((resolve) => actUponSignals({ reload: resolve, stop: () => resolve() }));
        await server.stop();
        const answered = server.requests().length;
        return { text: `Answered ${answered} requests.\n`, json: { url: server.url, requests: answered } };
      });
    });
  return authority;
}
