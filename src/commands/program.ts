/** The command line: it parses arguments, loads the part that does the work, and turns outcomes into exit codes. */
import { Argument, Command, CommanderError, Option } from 'commander';
import { runsUntilStopped } from '../gateway/process-signals.ts';
import { productVersion } from '../product-version.ts';
import { cardCommand } from './card/card.ts';
import type { CheckConfigOptions } from './check/check-config.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { ExplainOptions } from './explain.ts';
import { importIisCommand } from './import-iis/import-iis.ts';
import { mappingCommand } from './mapping/mapping.ts';
import { missingPackageText } from './missing-package.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { tryCardCommand } from './try-card/try-card.ts';
import { verifyCommand } from './verify/verify.ts';

const leastNodeVersion = [22, 12] as const;

const configurationArgument = () => new Argument('<configuration>', 'YAML configuration file');
const jsonOption = () => new Option('--json', 'print the result as JSON').default(false);

/**
 * @param finish hears how the command that was run ended
 * @param terminal what the command reads and writes; that of the process when absent
 */
export function program(finish: (code: ExitCode) => void, terminal: Terminal = processTerminal): Command {
  const cardgate = new Command('cardgate')
    .description('FTPS server that logs people in with their smart card.')
    .version(`cardgate ${productVersion}`, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: terminal.write, writeErr: terminal.writeError })
    .showHelpAfterError('(add --help for the usage)')
    .addHelpText('after', `${examples}\n${exitCodes}`);

  cardgate
    .command('serve')
    .description('run the FTPS server until SIGTERM; SIGHUP reads certificates, CRLs, rules and accounts anew')
    .addArgument(configurationArgument())
    .action(async (file: string) => {
      const { serve } = await import('./serve.ts');
      finish(await serve(file, terminal));
    });

  cardgate
    .command('serve-mapping')
    .description('answer other services, over HTTP, whose certificate it is: mappingService of the configuration')
    .addArgument(configurationArgument())
    .action(async (file: string) => {
      const { serveMapping } = await import('./serve.ts');
      finish(await serveMapping(file, terminal));
    });

  cardgate
    .command('check-config')
    .description('check a configuration and everything it names; report every fault at once')
    .addArgument(configurationArgument())
    .addOption(jsonOption())
    .option('--online', 'also ask the directories, hosts, ports and folders it names; nothing is left behind')
    .option('--user <name>', 'check as the user the service runs as; for root')
    .action(async (file: string, options: CheckConfigOptions) => {
      const { checkConfig } = await import('./check/check-config.ts');
      finish(await checkConfig(file, options, terminal));
    });

  cardgate
    .command('config-schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(async () => {
      const { configurationJsonSchema } = await import('../config/schema.ts');
      terminal.write(`${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
      finish(exitCode.done);
    });

  cardgate
    .command('explain')
    .description(
      'run the login path on a certificate against the real configuration and directory, and show every step; or what an account may do at a path, and which rule says so',
    )
    .argument('[certificate]', 'PEM or DER file: the certificate, and if you like those above it; not with --as')
    .requiredOption('-c, --config <configuration>', 'YAML configuration file')
    .option('-u, --user <name>', 'the name given to USER; without it any name of the mapped account will do')
    .option('-s, --site <name>', 'site of the configuration; the first one when absent')
    .option('--as <name>', 'name of an account: what it may do, instead of what a certificate leads to')
    .option('--path <path>', 'virtual path of the site: what the account may do there, and which rule decides')
    .option('--from <address>', 'address of the client, for rules that name networks; not known when absent')
    .addOption(jsonOption())
    .option('--html <file>', 'also write a self-contained page for people; - writes it to standard output instead')
    .action(async (certificate: string | undefined, options: ExplainOptions) => {
      const { explain } = await import('./explain.ts');
      finish(await explain(certificate, options, terminal));
    });

  cardgate
    .command('health')
    .description(
      'ask a running gateway for its greeting, and its directories for a connection; for container health checks',
    )
    .addArgument(configurationArgument())
    .action(async (file: string) => {
      const { health } = await import('./health.ts');
      finish(await health(file, terminal));
    });

  for (const command of [importIisCommand, verifyCommand, mappingCommand, cardCommand, tryCardCommand]) {
    cardgate.addCommand(command(finish, terminal));
  }
  inheritSettings(cardgate);
  return cardgate;
}

/** Commander hands its settings (where to write, how to end) only to commands that a parent makes itself. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}

const examples = `
Examples:
  cardgate check-config /etc/cardgate/cardgate.yaml
  cardgate serve /etc/cardgate/cardgate.yaml
  cardgate verify ada.pem --trust-anchor root.pem --untrusted issuing.pem --crl issuing.crl root.crl
  cardgate mapping value ada.pem
  cardgate explain ada.pem --config /etc/cardgate/cardgate.yaml --user ada
  cardgate import-iis applicationHost.config --output cardgate.yaml
  cardgate card create ada --upn ada@corp.example`;

const exitCodes = `
Exit codes: 0 done, 1 refused, 2 bad usage or configuration.`;

/**
 * Runs one command to its end.
 * @param words the arguments of the command line, without those of Node
 */
export async function runCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let result: ExitCode = exitCode.done;
  try {
    await program((code) => {
      result = code;
    }, terminal).parseAsync(words, { from: 'user' });
    return result;
  } catch (error) {
    // Commander ends --help and --version this way too, with exit code 0; its own message is printed already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    const missing = missingPackageText(error);
    if (missing === undefined) throw error;
    terminal.writeError(missing);
    return exitCode.usage;
  }
}

/** Runs the command that the arguments of the process name. */
export async function main(words: readonly string[]): Promise<ExitCode> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = leastNodeVersion;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    processTerminal.writeError(
      `cardgate needs Node ${leastNodeVersion.join('.')} or newer; this is ${process.version}.\n`,
    );
    return exitCode.usage;
  }
  // `cardgate … | head` ends when head has enough; that is no fault. A service ends in order, by what its log and audit trail do.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!runsUntilStopped(words)) process.exit();
  });
  // Without a reader of standard error the fault of writing to it cannot be reported.
  process.stderr.on('error', () => undefined);
  return runCommand(words, processTerminal);
}
