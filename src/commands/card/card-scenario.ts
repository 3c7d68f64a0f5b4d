/** `cardgate card scenario …`: whole worlds for trials. Parses arguments; src/smartcard/scenario does the work. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../../clock.ts';
import { defined } from '../../settings/defined.ts';
import { type AccountStore, accountStores } from '../../smartcard/scenario/scenario.ts';
import { addCardCommand, type CommonOptions, type RunCardCommand } from './card-report.ts';

interface ScenarioOptions extends CommonOptions {
  readonly accounts: AccountStore;
  readonly server?: string;
  readonly directoryCa?: string;
  readonly bindDn?: string;
  readonly bindPasswordFile?: string;
  readonly searchBase?: string;
  readonly sid: ReadonlyMap<string, string>;
  readonly port?: number;
  readonly repositoryUrl?: string;
  readonly seed?: string;
  readonly day?: string;
}

export function addScenarioCommands(card: Command, run: RunCardCommand): void {
  addCardCommand(card, 'scenarios', 'list the scenarios').action(async (options: CommonOptions) => {
    const { listScenariosCommand } = await import('../../smartcard/scenario/scenario-command.ts');
    await run(options, listScenariosCommand);
  });

  addCardCommand(card, 'scenario', 'build a world: authorities, cards, directory entries, rules, gateway configuration')
    .argument('<scenario>', 'see "cardgate card scenarios"')
    .addOption(
      new Option('-a, --accounts <store>', 'where the gateway finds the accounts')
        .choices(accountStores)
        .default('file'),
    )
    .option('--server <url>', 'LDAP server: ldaps://…, or ldap://… for StartTLS')
    .option('--directory-ca <path>', 'PEM file with the CA of its certificate')
    .option('--bind-dn <dn>', 'account that searches')
    .option('--bind-password-file <path>', 'file with its password')
    .option('--search-base <dn>', 'accounts are below this entry; DC=corp,DC=example when absent')
    .option('--sid <account=SID>', 'SID that Active Directory chose; may be given several times', collectSid, new Map())
    .option('--port <number>', 'port of the gateway on 127.0.0.1; 2121 when absent', portNumber)
    .option('--repository-url <url>', 'where CRLs and OCSP will be served; http://127.0.0.1:8880 when absent')
    .option('--seed <text>', 'make everything from a seed, so that it can be made again')
    .option('--day <YYYY-MM-DD>', 'with --seed: first day of every validity; today when absent')
    .action(async (name: string, options: ScenarioOptions) => {
      const { buildScenarioCommand } = await import('../../smartcard/scenario/scenario-command.ts');
      const { findScenario } = await import('../../smartcard/scenario/scenarios.ts');
      const { directory, accounts, searchBase, sid, port, repositoryUrl, seed, day } = options;
      await run(options, () =>
        buildScenarioCommand({
          directory,
          scenario: findScenario(name),
          store: accounts,
          sids: sid,
          clock: systemClock,
          ...defined({ searchBase, port, repositoryUrl, connection: connectionOf(options) }),
          ...defined({ seed: seed === undefined ? undefined : { seed, ...defined({ day }) } }),
        }),
      );
    });
}

function connectionOf({ server, directoryCa, bindDn, bindPasswordFile }: ScenarioOptions) {
  return server === undefined || directoryCa === undefined || bindDn === undefined || bindPasswordFile === undefined
    ? undefined
    : { server, certificateAuthority: directoryCa, bindDn, bindPasswordFile };
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a port, 0 to 65535.');
}

function collectSid(text: string, previous: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, account = '', sid = ''] = /^([^=]{1,64})=(S-1-.+)$/.exec(text) ?? [];
  if (account === '') throw new InvalidArgumentError('It must be account=S-1-…');
  return new Map([...previous, [account, sid]]);
}
