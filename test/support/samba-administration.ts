/** What an administrator of the Samba domain does during a test: add people and groups, and change them. */
import { randomBytes } from 'node:crypto';
import { Attribute, Change, Client } from 'ldapts';

interface SambaUser {
  /** sAMAccountName; also the common name. */
  readonly sam: string;
  readonly userPrincipalName?: string;
  readonly altSecurityIdentities?: readonly string[];
  /** DER. */
  readonly userCertificate?: readonly Buffer[];
  readonly password?: string;
  readonly disabled?: boolean;
  readonly accountExpires?: Date;
  readonly locked?: boolean;
  /** 21 octets; other lengths are refused by the server. */
  readonly logonHours?: Buffer;
  readonly unixHomeDirectory?: string;
  /** The password must be changed at the next login. */
  readonly mustChangePassword?: boolean;
  readonly smartcardRequired?: boolean;
  /** More attributes by name. */
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}

export interface AddedUser {
  readonly distinguishedName: string;
  /** S-1-…, chosen by the domain controller. */
  readonly sid: string;
}

export interface SambaAdministration {
  addUser(user: SambaUser): Promise<AddedUser>;
  /** A global security group; members by distinguished name. */
  addGroup(name: string, members: readonly string[]): Promise<AddedUser>;
  /** Fine-grained password settings (msDS-PasswordSettings) for these users and groups. */
  addPasswordSettings(
    name: string,
    appliesTo: readonly string[],
    settings: {
      /** Intervals of 100 nanoseconds, negative. */
      readonly lockoutDuration: bigint;
    },
  ): Promise<void>;
  /** Replaces one attribute; no values removes it. */
  setAttribute(distinguishedName: string, attribute: string, values: readonly (string | Buffer)[]): Promise<void>;
  remove(distinguishedName: string): Promise<void>;
}

export interface SambaAdministrationOptions {
  readonly url: string;
  readonly ca: string;
  readonly domain: string;
  readonly administratorPassword: string;
}

const filetimeOfUnixEpoch = 116_444_736_000_000_000n;
const filetime = (date: Date) => String(filetimeOfUnixEpoch + BigInt(date.getTime()) * 10_000n);
const normalAccount = 0x200;
const disabledFlag = 0x2;
const smartcardRequiredFlag = 0x40000;
const globalSecurityGroup = 0x8000_0002 | 0;

export function createSambaAdministration(options: SambaAdministrationOptions): SambaAdministration {
  const { domain } = options;

  async function asAdministrator<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ url: options.url, tlsOptions: { ca: options.ca }, timeout: 20_000 });
    try {
      await client.bind(`CN=Administrator,CN=Users,${domain}`, options.administratorPassword);
      return await work(client);
    } finally {
      await client.unbind();
    }
  }

  async function add(
    client: Client,
    dn: string,
    values: Record<string, readonly (string | Buffer)[]>,
  ): Promise<AddedUser> {
    const present = Object.entries(values).filter(([, list]) => list.length > 0);
    await client.add(
      dn,
      present.map(([type, list]) => attributeOf(type, list)),
    );
    const found = await client.search(dn, {
      scope: 'base',
      attributes: ['objectSid'],
      explicitBufferAttributes: ['objectSid'],
    });
    const sid = found.searchEntries[0]?.['objectSid'];
    if (!Buffer.isBuffer(sid)) throw new Error(`${dn} was added without objectSid`);
    return { distinguishedName: dn, sid: sidText(sid) };
  }

  return {
    addUser: (user) =>
      asAdministrator(async (client) => {
        const password = user.password ?? `Aa1-${randomBytes(16).toString('hex')}`;
        const list = (value: string | undefined) => (value === undefined ? [] : [value]);
        const added = await add(client, `CN=${user.sam},CN=Users,${domain}`, {
          objectClass: ['top', 'person', 'organizationalPerson', 'user'],
          sAMAccountName: [user.sam],
          unicodePwd: [Buffer.from(`"${password}"`, 'utf16le')],
          userAccountControl: [
            String(
              normalAccount | (user.disabled ? disabledFlag : 0) | (user.smartcardRequired ? smartcardRequiredFlag : 0),
            ),
          ],
          userPrincipalName: list(user.userPrincipalName),
          altSecurityIdentities: user.altSecurityIdentities ?? [],
          userCertificate: user.userCertificate ?? [],
          accountExpires: user.accountExpires ? [filetime(user.accountExpires)] : [],
          logonHours: user.logonHours ? [user.logonHours] : [],
          unixHomeDirectory: list(user.unixHomeDirectory),
          ...user.attributes,
        });
        if (user.mustChangePassword) await client.modify(added.distinguishedName, replacement('pwdLastSet', ['0']));
        if (user.locked) {
          await client.modify(added.distinguishedName, replacement('lockoutTime', [filetime(new Date())]));
        }
        return added;
      }),
    addGroup: (name, members) =>
      asAdministrator((client) =>
        add(client, `CN=${name},CN=Users,${domain}`, {
          objectClass: ['top', 'group'],
          sAMAccountName: [name],
          groupType: [String(globalSecurityGroup)],
          member: members,
        }),
      ),
    addPasswordSettings: (name, appliesTo, { lockoutDuration }) =>
      asAdministrator(async (client) => {
        const values: Record<string, readonly string[]> = {
          objectClass: ['top', 'msDS-PasswordSettings'],
          'msDS-PasswordSettingsPrecedence': ['1'],
          'msDS-PasswordReversibleEncryptionEnabled': ['FALSE'],
          'msDS-PasswordHistoryLength': ['0'],
          'msDS-PasswordComplexityEnabled': ['FALSE'],
          'msDS-MinimumPasswordLength': ['0'],
          'msDS-MinimumPasswordAge': ['0'],
          'msDS-MaximumPasswordAge': ['-9223372036854775808'],
          'msDS-LockoutThreshold': ['3'],
          'msDS-LockoutObservationWindow': [String(lockoutDuration)],
          'msDS-LockoutDuration': [String(lockoutDuration)],
          'msDS-PSOAppliesTo': appliesTo,
        };
        await client.add(
          `CN=${name},CN=Password Settings Container,CN=System,${domain}`,
          Object.entries(values).map(([type, list]) => attributeOf(type, list)),
        );
      }),
    setAttribute: (dn, attribute, values) =>
      asAdministrator((client) => client.modify(dn, replacement(attribute, values))),
    remove: (dn) => asAdministrator((client) => client.del(dn)),
  };
}

function attributeOf(type: string, values: readonly (string | Buffer)[]): Attribute {
  return new Attribute({ type, values: values.map((value) => Buffer.from(value)) });
}

function replacement(type: string, values: readonly (string | Buffer)[]): Change {
  return new Change({ operation: 'replace', modification: attributeOf(type, values) });
}

function sidText(sid: Buffer): string {
  const parts = Array.from({ length: sid.readUInt8(1) }, (_, index) => sid.readUInt32LE(8 + 4 * index));
  return ['S-1', sid.readUIntBE(2, 6), ...parts].join('-');
}
