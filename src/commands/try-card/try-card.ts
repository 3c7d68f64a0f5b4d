/** `cardgate try-card`: does this card log in there, and if not, why? Parses arguments; src/smartcard/trial does the work. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../../clock.ts';
import { defined } from '../../settings/defined.ts';
import { addressRule, parseServerAddress, type ServerAddress } from '../../smartcard/trial/server-address.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { positiveInteger } from '../positive-integer.ts';
import type { Terminal } from '../terminal.ts';

interface TryCardOptions {
  readonly module: readonly string[];
  readonly slot?: string;
  readonly certificate?: string;
  readonly cacert?: string;
  readonly intermediate: readonly string[];
  readonly user?: string;
  readonly pinFile?: string;
  readonly pinStdin?: boolean;
  readonly finalTry: boolean;
  readonly list: boolean;
  readonly explicit?: boolean;
  readonly implicit?: boolean;
  readonly uploadDirectory?: string;
  readonly write: boolean;
  readonly timeout: number;
  readonly json: boolean;
}

export function tryCardCommand(finish: (code: ExitCode) => void, terminal: Terminal): Command {
  return new Command('try-card')
    .description('try whether a card can log in to an FTPS server, and say what stands in the way if it cannot')
    .addArgument(new Argument('[server]', 'ftps://host or ftps://host:port; not needed with --list'))
    .addOption(
      new Option(
        '-m, --module <path>',
        'PKCS#11 module; may be given several times (default: OpenSC, YubiKey, SoftHSM)',
      )
        .argParser(collect)
        .default([], 'those installed'),
    )
    .option('--slot <name>', 'use this reader or card only: a part of its name')
    .option('--certificate <name>', 'use this certificate: its id, its label, or the beginning of its SHA-256')
    .option('--cacert <file>', 'PEM: who may vouch for the server; the authorities of the system when absent')
    .addOption(
      new Option('--intermediate <file>', 'PEM: certificates above the card’s; may be given several times')
        .argParser(collect)
        .default([], 'those on the card'),
    )
    .option('-u, --user <name>', 'name given to USER; the certificate’s user principal or common name when absent')
    .addOption(new Option('--pin-file <file>', 'take the PIN from the first line of a file').conflicts('pinStdin'))
    .option('--pin-stdin', 'take the PIN from standard input')
    .option('--final-try', 'log in to the card even if one more wrong PIN locks it', false)
    .option('--list', 'only show modules, readers, cards and certificates; no PIN, no network', false)
    .addOption(new Option('--explicit', 'AUTH TLS, whatever the address says').conflicts('implicit'))
    .option('--implicit', 'TLS from the first octet, whatever the address says')
    .option('--upload-directory <path>', 'directory for the trial file; where the login leads to when absent')
    .option('--no-write', 'upload nothing, only list')
    .option(
      '--timeout <seconds>',
      'for the connection, each reply, each handshake and each signature',
      positiveInteger,
      30,
    )
    .option('--json', 'print the result as JSON', false)
    .addHelpText('after', `\nThe address: ${addressRule}.\n${examples}`)
    .action(async (server: string | undefined, options: TryCardOptions) =>
      finish(await tryCard(server, options, terminal)),
    );
}

const examples = `
The PIN is asked for once, at the terminal, and only when a certificate can work. It is sent to the card once: a wrong one is
never tried again, and the last try before the card locks only with --final-try.

Examples:
  cardgate try-card --list
  cardgate try-card ftps://files.corp.example --cacert corp-root.pem
  cardgate try-card ftps://files.corp.example:2121 --user ada --no-write
  SOFTHSM2_CONF=cards/softhsm2.conf cardgate try-card ftp://localhost:2121 --slot ada --pin-file cards/cards/ada/pin`;

/** @returns done: it works; refused: it does not, the text says why */
async function tryCard(server: string | undefined, options: TryCardOptions, terminal: Terminal): Promise<ExitCode> {
  const { TrialRecorder } = await import('../../smartcard/trial/trial-steps.ts');
  const { diagnosisText, stepText } = await import('./try-card-text.ts');
  const { CardError } = await import('../../smartcard/card/card-error.ts');
  const recorder = new TrialRecorder((step) => {
    if (!options.json) terminal.write(stepText(step, terminal.colour));
  });
  try {
    const isSuccess = await run(server, options, recorder, terminal);
    if (options.json) {
      const { trialJson } = await import('./try-card-json.ts');
      terminal.write(`${JSON.stringify(trialJson(recorder.steps, isSuccess), null, 2)}\n`);
    } else terminal.write(diagnosisText(recorder.steps, { isList: options.list, isSuccess }, terminal.colour));
    return isSuccess ? exitCode.done : exitCode.refused;
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      terminal.writeError(`${error.message}\n(add --help for the usage)\n`);
      return exitCode.usage;
    }
    if (!(error instanceof CardError)) throw error;
    terminal.writeError(`${error.message}\n${error.remedy}\n`);
    return exitCode.usage;
  }
}

type Recorder = InstanceType<typeof import('../../smartcard/trial/trial-steps.ts').TrialRecorder>;

async function run(
  server: string | undefined,
  options: TryCardOptions,
  recorder: Recorder,
  terminal: Terminal,
): Promise<boolean> {
  const trial = await import('../../smartcard/trial/card-trial.ts');
  const { readAuthorities, serverTrust } = await import('../../smartcard/trial/server-trust.ts');
  const { installedModules } = await import('../../smartcard/reader/known-modules.ts');
  const cards = {
    ...defined({ slot: options.slot }),
    modules: options.module.length > 0 ? options.module : installedModules(process.env),
    intermediates: options.intermediate.flatMap(readAuthorities),
    clock: systemClock,
  };
  if (options.user !== undefined && /\p{Cc}/u.test(options.user))
    throw new InvalidArgumentError('The name for USER has control characters in it.');
  if (options.uploadDirectory !== undefined && /\p{Cc}/u.test(options.uploadDirectory))
    throw new InvalidArgumentError('The path of the directory has control characters in it.');
  if (options.list) return trial.showCards(cards, recorder);
  const address = addressOf(server, options);
  return trial.tryCard(
    {
      ...cards,
      ...defined({ certificate: options.certificate, user: options.user }),
      address,
      trust: serverTrust({ ...defined({ file: options.cacert }), host: address.host, clock: systemClock }),
      pin: pinChoice(options, terminal),
      allowFinalTry: options.finalTry,
      transfer: { write: options.write, ...defined({ directory: options.uploadDirectory }) },
      timeoutMilliseconds: options.timeout * 1000,
    },
    recorder,
  );
}

/** @throws InvalidArgumentError */
function addressOf(server: string | undefined, { explicit, implicit }: TryCardOptions): ServerAddress {
  if (server === undefined) throw new InvalidArgumentError('Name the server, or give --list.');
  try {
    return parseServerAddress(server, explicit ? 'explicit' : implicit ? 'implicit' : undefined);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError(`"${server}": ${error.message}.`);
  }
}

function pinChoice({ pinFile, pinStdin }: TryCardOptions, { input }: Terminal) {
  if (pinFile !== undefined) return { from: 'file', path: pinFile } as const;
  return pinStdin ? ({ from: 'input', stream: input } as const) : ({ from: 'terminal' } as const);
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
