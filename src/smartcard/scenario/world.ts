/** Builds the world of a scenario below one directory: cards, directory entries, rules, gateway configuration, and what is expected. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Clock } from '../../clock.ts';
import { parseCertificate } from '../../pki/certificate/certificate.ts';
import { issueServerCertificateCommand } from '../authority/authority-commands.ts';
import { authorityNames, type CardAuthorities } from '../authority/card-authorities.ts';
import { type Card, listCards } from '../card/card.ts';
import { type CardDirectory, openCardDirectory, type SeedRequest } from '../card/card-directory.ts';
import { CardError } from '../card/card-error.ts';
import { authoritiesOf, issueCard, revokeCertificates } from '../card/card-issuing.ts';
import { readCardProfile } from '../card/card-profile-file.ts';
import { CertificateMaterial } from './certificate-material.ts';
import {
  accountFileEntries,
  activeDirectoryAccounts,
  activeDirectoryMappings,
  chosenSid,
  openLdapEntries,
} from './directory-entries.ts';
import { type DirectoryConnection, gatewayConfiguration } from './gateway-configuration.ts';
import type { AccountStore, Expectation, Scenario, ScenarioCard } from './scenario.ts';

export interface WorldOptions {
  /** Made when it does not exist; a world that is there already is completed, its cards stay. */
  readonly directory: string;
  readonly scenario: Scenario;
  readonly store: AccountStore;
  /** Wanted unless the store is a file. */
  readonly connection?: DirectoryConnection;
  /** Default: `DC=corp,DC=example`; accounts of OpenLDAP come below it directly, those of Active Directory below CN=Users. */
  readonly searchBase?: string;
  /** SIDs by account name: Active Directory chooses them when the accounts are added. */
  readonly sids?: ReadonlyMap<string, string>;
  /** Where the gateway listens on 127.0.0.1. Default: 2121; 0: any. */
  readonly port?: number;
  /** Default: `http://127.0.0.1:8880`; used where the scenario asks for revocation over HTTP. */
  readonly repositoryUrl?: string;
  readonly seed?: SeedRequest;
  readonly clock: Clock;
}

export interface World {
  readonly directory: string;
  readonly cards: string;
  readonly configuration: string;
  /** LDIF of new users, then of what ties them to their cards; for OpenLDAP one file of whole entries. */
  readonly ldif: { readonly activeDirectory: readonly [accounts: string, mappings: string]; readonly openLdap: string };
  /** Accounts whose SIDs have to be looked up before their cards can be made. */
  readonly awaitingSids: readonly string[];
  /** Of the cards that are there. */
  readonly expectations: readonly Expectation[];
  readonly repositoryUrl: string;
}

const defaultSearchBase = 'DC=corp,DC=example';
const defaultPort = 2121;
const defaultRepositoryUrl = 'http://127.0.0.1:8880';

/** @throws CardError for what is missing or wrong in the options, and as `issueCard` does */
export async function buildWorld(options: WorldOptions): Promise<World> {
  const { scenario, store, connection, clock, searchBase = defaultSearchBase } = options;
  const { repositoryUrl = defaultRepositoryUrl } = options;
  if (store !== 'file' && connection === undefined) {
    throw new CardError(
      'It is not known how the gateway reaches the directory.',
      'Give --server, --directory-ca, --bind-dn and --bind-password-file.',
    );
  }
  const directory = resolve(options.directory);
  const cards = join(directory, 'cards');
  await mkdir(join(directory, 'files'), { recursive: true });
  const place = await openCardDirectory(cards, clock, options.seed);
  const authorities = await authoritiesOf(place, scenario.revocation === 'repository' ? { repositoryUrl } : {});
  const sidOf = (name: string) =>
    options.sids?.get(name) ?? (store === 'activeDirectory' ? undefined : sidIn(scenario, name));
  const wanted = scenario.cards.filter(({ sidOf: account }) => account === undefined || sidOf(account) !== undefined);
  await makeCards(place, wanted, sidOf);
  if (!existsSync(join(cards, 'server', 'key.pem'))) {
    await issueServerCertificateCommand({ directory: cards, names: ['localhost', '127.0.0.1'], clock });
  }
  const made = (await listCards(cards)).filter(({ name }) => wanted.some((card) => card.name === name));
  const world: World = {
    directory,
    cards,
    configuration: join(directory, 'cardgate.yaml'),
    ldif: {
      activeDirectory: [
        join(directory, 'active-directory-accounts.ldif'),
        join(directory, 'active-directory-mappings.ldif'),
      ],
      openLdap: join(directory, 'openldap.ldif'),
    },
    awaitingSids: scenario.cards.flatMap((card) =>
      card.sidOf !== undefined && !wanted.includes(card) ? [card.sidOf] : [],
    ),
    expectations: scenario.expectations.filter(({ card }) => made.some(({ name }) => name === card)),
    repositoryUrl,
  };
  await writeWorld(world, options, made, authorities, searchBase);
  return world;
}

function sidIn({ accounts }: Scenario, name: string): string | undefined {
  const account = accounts.find((candidate) => candidate.name === name);
  return account && chosenSid(account);
}

async function makeCards(
  place: CardDirectory,
  wanted: readonly ScenarioCard[],
  sidOf: (account: string) => string | undefined,
): Promise<void> {
  const there = new Set((await listCards(place.path)).map(({ name }) => name));
  for (const { name, profile, keyType, person, sidOf: account, policies, revoked } of wanted) {
    if (there.has(name)) continue;
    const sid = account === undefined ? undefined : sidOf(account);
    const { card } = await issueCard(place, {
      name,
      profile: await readCardProfile(profile),
      person: { ...person, sid: sid ?? person?.sid },
      keyType,
      policies,
    });
    if (revoked !== undefined) await revokeCertificates(place, card.certificates, revoked);
  }
}

async function writeWorld(
  world: World,
  { scenario, store, connection, port = defaultPort }: WorldOptions,
  cards: readonly Card[],
  { issuing }: CardAuthorities,
  searchBase: string,
): Promise<void> {
  const material = new CertificateMaterial(cards);
  const authorities = (await authorityNames(world.cards)).filter((name) => name !== 'foreign');
  const { sha256: issuerSha256 } = parseCertificate(issuing.certificateDer);
  const [accounts, mappings] = world.ldif.activeDirectory;
  const write = (file: string, text: string) => writeFile(file, text);
  await write(join(world.directory, 'accounts.yaml'), stringify({ accounts: accountFileEntries(scenario, material) }));
  await write(accounts, activeDirectoryAccounts(scenario, searchBase));
  await write(mappings, activeDirectoryMappings(scenario, material, searchBase));
  await write(world.ldif.openLdap, openLdapEntries(scenario, material, searchBase));
  await write(join(world.directory, 'rules.yaml'), stringify({ rules: scenario.rules({ store, issuerSha256 }) }));
  await write(
    world.configuration,
    stringify(
      gatewayConfiguration({
        scenario,
        store,
        searchBase,
        port,
        authorities,
        connection: connection && absolute(connection),
      }),
    ),
  );
  await write(join(world.directory, 'expected.json'), `${JSON.stringify(world.expectations, undefined, 2)}\n`);
}

function absolute(connection: DirectoryConnection): DirectoryConnection {
  return {
    ...connection,
    certificateAuthority: resolve(connection.certificateAuthority),
    bindPasswordFile: resolve(connection.bindPasswordFile),
  };
}
