/** `cardgate card …`: smart cards for trials and tests, made in SoftHSM. Parses arguments; src/smartcard does the work. */
import { Command, Option } from 'commander';
import { systemClock } from '../../clock.ts';
import { actUponSignals } from '../../gateway/process-signals.ts';
import { defined } from '../../settings/defined.ts';
import { type KeyType, keyTypes } from '../../smartcard/authority/key-type.ts';
import type { Person } from '../../smartcard/card/person.ts';
import type { ExitCode } from '../exit-code.ts';
import { positiveInteger } from '../positive-integer.ts';
import type { Terminal } from '../terminal.ts';
import { authorityCommand } from './card-authority.ts';
import {
  addCardCommand,
  type CommonOptions,
  cardCommandRunner,
  cardNameArgument,
  collect,
  type PinOptions,
  pinSource,
  type RunCardCommand,
} from './card-report.ts';
import { addScenarioCommands } from './card-scenario.ts';

const reasons = [
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
] as const;

const load = () => import('../../smartcard/card/card-commands.ts');

export function cardCommand(finish: (code: ExitCode) => void, terminal: Terminal): Command {
  const card = new Command('card').description(
    'make and manage smart cards for trials, in SoftHSM (never for production)',
  );
  const run = cardCommandRunner(finish, terminal);
  addMaking(card, run, terminal);
  addLooking(card, run);
  addRevoking(card, run);
  addPins(card, run, terminal);
  addInserting(card, run, terminal);
  card.addCommand(authorityCommand(run, terminal));
  addScenarioCommands(card, run);
  return card;
}

interface CreateOptions extends CommonOptions, PinOptions {
  readonly profile: string;
  readonly key?: KeyType;
  readonly commonName?: string;
  readonly organization?: string;
  readonly upn?: string;
  readonly sid?: string;
  readonly mail?: string;
  readonly edipi?: string;
  readonly policy: readonly string[];
  readonly days: number;
  readonly repositoryUrl?: string;
}

function personOf({ commonName, organization, upn, sid, mail, edipi }: CreateOptions): Person {
  return defined({ commonName, organization, userPrincipalName: upn, sid, mail, edipi });
}

function addMaking(card: Command, run: RunCardCommand, terminal: Terminal): void {
  addCardCommand(card, 'create', 'make a token with a PIN, keys that cannot leave it, and their certificates')
    .addArgument(cardNameArgument())
    .option('-p, --profile <name|path>', 'what is on the card: see "cardgate card profiles"', 'logon')
    .addOption(new Option('-k, --key <type>', 'kind of every key; that of the profile when absent').choices(keyTypes))
    .option('--common-name <text>', 'common name of the subject; the card’s name when absent')
    .option('--organization <text>', 'organization of the subject')
    .option('--upn <name@domain>', 'user principal name')
    .option('--sid <S-1-5-21-…>', 'security identifier of the account, for strong mapping')
    .option('--mail <address>', 'e-mail address')
    .option('--edipi <digits>', 'ten digits that name the person on a CAC')
    .option('--policy <oid>', 'certificate policy of the first certificate; may be given several times', collect, [])
    .option('--days <number>', 'validity', positiveInteger, 365)
    .option('--pin-file <path>', 'take the PIN from the first line of a file')
    .option('--pin-stdin', 'take the PIN from standard input')
    .option(
      '--repository-url <url>',
      'where "cardgate card ca serve" will listen; used only when the authorities are made',
    )
    .action(async (name: string, options: CreateOptions) => {
      const { createCardCommand } = await load();
      const { directory, profile, policy, days } = options;
      await run(options, () =>
        createCardCommand({
          directory,
          name,
          profile,
          policies: policy,
          validityDays: days,
          person: personOf(options),
          clock: systemClock,
          ...defined({ keyType: options.key, repositoryUrl: options.repositoryUrl, pin: pinSource(options, terminal) }),
        }),
      );
    });

  addCardCommand(card, 'renew', 'issue new certificates for the keys of a card')
    .addArgument(cardNameArgument())
    .option('--slot <slot>', 'only the certificate in this slot')
    .option('--revoke-old', 'revoke what is replaced, as superseded', false)
    .option('--pin-file <path>', 'PIN of the card; its own PIN file when absent')
    .option('--pin-stdin', 'take the PIN from standard input')
    .action(
      async (name: string, options: CommonOptions & PinOptions & { slot?: string; readonly revokeOld: boolean }) => {
        const { renewCardCommand } = await load();
        const { directory, slot, revokeOld } = options;
        const rest = defined({ slot, pin: pinSource(options, terminal) });
        await run(options, () => renewCardCommand({ directory, name, revokeOld, clock: systemClock, ...rest }));
      },
    );
}

function addLooking(card: Command, run: RunCardCommand): void {
  addCardCommand(card, 'list', 'list the cards of a directory').action(async (options: CommonOptions) => {
    const { listCardsCommand } = await load();
    await run(options, () => listCardsCommand({ directory: options.directory, clock: systemClock }));
  });

  addCardCommand(card, 'show', 'show a card: every key, certificate and its status')
    .addArgument(cardNameArgument())
    .action(async (name: string, options: CommonOptions) => {
      const { showCardCommand } = await load();
      await run(options, () => showCardCommand({ directory: options.directory, name, clock: systemClock }));
    });

  addCardCommand(card, 'profiles', 'list the card profiles that come with cardgate').action(
    async (options: CommonOptions) => {
      const { listProfilesCommand } = await import('../../smartcard/card/profile-commands.ts');
      await run(options, listProfilesCommand);
    },
  );
}

interface InsertOptions extends CommonOptions, PinOptions {
  readonly pukFile?: string;
  readonly pinTries?: number;
  readonly touchDelay?: number;
}

function addInserting(card: Command, run: RunCardCommand, terminal: Terminal): void {
  addCardCommand(card, 'insert', 'put a card into a virtual PC/SC reader, as a PIV card, until stopped')
    .addArgument(cardNameArgument())
    .option('--pin-file <path>', 'PIN of the card; its own PIN file when absent')
    .option('--puk-file <path>', 'PUK of the card; its own PUK file when absent')
    .option('--pin-tries <number>', 'wrong PINs until the card is blocked; 3 when absent', positiveInteger)
    .option('--touch-delay <ms>', 'how long a key waits before it works', positiveInteger)
    .action(async (name: string, options: InsertOptions) => {
      const { insertCardCommand } = await import('../../smartcard/reader/insert-command.ts');
      const { createInterface } = await import('node:readline');
      const { directory, pukFile, pinTries, touchDelay } = options;
      const input = createInterface({ input: terminal.input });
      const end = () => input.close();
      actUponSignals({ reload: end, stop: end });
      const pins = { pin: pinSource(options, terminal), puk: pinSource(defined({ pinFile: pukFile }), terminal) };
      await run(options, () =>
        insertCardCommand({
          directory,
          name,
          input,
          say: (text) => terminal.writeError(text),
          ...defined({ ...pins, pinTries, touchDelayMs: touchDelay }),
        }),
      );
      input.close();
    });
}

function addRevoking(card: Command, run: RunCardCommand): void {
  addCardCommand(card, 'remove', 'delete a card with its keys; its certificates are not revoked by this')
    .addArgument(cardNameArgument())
    .action(async (name: string, options: CommonOptions) => {
      const { removeCardCommand } = await load();
      await run(options, () => removeCardCommand({ directory: options.directory, name }));
    });

  addCardCommand(card, 'revoke', 'revoke the certificates of a card and issue the next CRL')
    .addArgument(cardNameArgument())
    .option('--slot <slot>', 'only the certificate in this slot')
    .addOption(new Option('--reason <reason>', 'why').choices(reasons).default('keyCompromise'))
    .action(async (name: string, options: CommonOptions & { reason: (typeof reasons)[number]; slot?: string }) => {
      const { revokeCardCommand } = await load();
      const { directory, reason, slot } = options;
      await run(options, () =>
        revokeCardCommand({ directory, name, reason, clock: systemClock, ...defined({ slot }) }),
      );
    });
}

interface NewPinOptions extends CommonOptions, PinOptions {
  readonly newPinFile?: string;
}

function addPins(card: Command, run: RunCardCommand, terminal: Terminal): void {
  const newPin = ({ newPinFile }: NewPinOptions) => pinSource(defined({ pinFile: newPinFile }), terminal);
  addCardCommand(card, 'change-pin', 'change the PIN of a card')
    .addArgument(cardNameArgument())
    .option('--pin-file <path>', 'the old PIN; the card’s own PIN file when absent')
    .option('--pin-stdin', 'take the old PIN from standard input')
    .option('--new-pin-file <path>', 'the new PIN; generated, and kept in the card’s PIN file, when absent')
    .action(async (name: string, options: NewPinOptions) => {
      const { changePinCommand } = await load();
      const rest = defined({ pin: pinSource(options, terminal), newPin: newPin(options) });
      await run(options, () => changePinCommand({ directory: options.directory, name, clock: systemClock, ...rest }));
    });

  addCardCommand(card, 'unblock', 'set a new PIN with the PUK')
    .addArgument(cardNameArgument())
    .option('--puk-file <path>', 'the PUK; the card’s own PUK file when absent')
    .option('--new-pin-file <path>', 'the new PIN; generated, and kept in the card’s PIN file, when absent')
    .action(async (name: string, options: NewPinOptions & { readonly pukFile?: string }) => {
      const { unblockCardCommand } = await load();
      const rest = defined({
        puk: pinSource(defined({ pinFile: options.pukFile }), terminal),
        newPin: newPin(options),
      });
      await run(options, () => unblockCardCommand({ directory: options.directory, name, clock: systemClock, ...rest }));
    });
}
