/** What command scripts find: files in their folder, made once for all cases, and servers that run meanwhile. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { cardTests } from '../support/card-tests.ts';
import { freePort } from '../support/free-ports.ts';
import { janeDoe } from '../support/jane-doe.ts';
import { accountFileDirectory, slapdDirectory, startLoginWorld } from '../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../support/pki.ts';
import { startSlapd } from '../support/slapd.ts';

export interface World {
  /** Copied for each case. */
  readonly folder?: string;
  /** For ${NAME} in scripts. */
  readonly values: Readonly<Record<string, string>>;
  /** Why its scripts cannot run on this machine. */
  readonly obstacle?: string;
  stop(): Promise<void>;
}

type Files = Readonly<Record<string, string | Buffer>>;

const exactRule = 'rules:\n  - { name: one-to-one, map: certificate }\n';
const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');

export const worlds: Readonly<Record<string, () => Promise<World>>> = {
  empty: () => Promise.resolve({ values: {}, stop: () => Promise.resolve() }),

  /** Needs SoftHSM. */
  cards: async () => {
    const { skip, title } = await cardTests('card', {});
    return { values: {}, ...(skip && { obstacle: title }), stop: () => Promise.resolve() };
  },

  certificates: () => withPki(() => Promise.resolve({ files: {} })),

  /** A configuration with an account file; nothing runs. */
  site: () => withPki((_pki, { ada }) => Promise.resolve({ files: siteFiles(ada) })),

  /** The same site, and a gateway of it that runs: ${PORT}, and ${IMPLICIT_PORT} where TLS comes first. */
  gateway: () =>
    withPki(async (pki, { ada }) => {
      const { directory, files } = accountFileDirectory([{ name: 'ada', certificates: [sha256(ada.der)] }]);
      const bindings = [
        { address: '127.0.0.1', port: 0 },
        { address: '127.0.0.1', port: 0, tls: 'implicit' },
      ];
      const world = await startLoginWorld({
        pki,
        directories: [directory],
        files,
        rules: exactRule,
        site: { bindings },
      });
      const [port, implicit] = world.gateway.ports.map(String);
      return {
        files: siteFiles(ada),
        values: {
          PORT: port ?? '',
          IMPLICIT_PORT: implicit ?? '',
          FREE_PORT: String(await freePort()),
        },
        stop: () => world.stop(),
      };
    }),

  /** A site whose accounts are in a directory server, and ${TAKEN_PORT} and ${TAKEN_SOCKET}, at which another program listens. */
  directory: () =>
    withPki(async (_pki, { ada }) => {
      const slapd = await startSlapd({ accounts: [{ uid: 'ada' }] });
      const sockets = await mkdtemp(join(tmpdir(), 'cardgate-taken-'));
      const takenSocket = join(sockets, 'taken.sock');
      const [port, socket] = [await listening({ port: 0, host: '127.0.0.1' }), await listening({ path: takenSocket })];
      const address = port.address();
      const { directory, files } = slapdDirectory(slapd);
      return {
        files: { ...siteFiles(ada, directory), ...files, 'wrong-password': 'not it' },
        values: {
          SEARCH_BASE: slapd.searchBase,
          DIRECTORY: slapd.url,
          // The command tells root that it may do more than the service.
          ROOT_WARNING: process.getuid?.() === 0 ? ', with a warning' : '',
          TAKEN_PORT: String(typeof address === 'object' ? address?.port : ''),
          TAKEN_SOCKET: takenSocket,
        },
        stop: async () => {
          port.close();
          socket.close();
          await slapd.stop();
          await rm(sockets, { recursive: true, force: true });
        },
      };
    }),
};

/** ada may log in, uma's certificate is revoked, eve's belongs to no account; jane.der is from the documentation of Windows. */
type People = Readonly<Record<'ada' | 'uma' | 'eve', Person>>;

async function withPki(
  more: (
    pki: TestPki,
    people: People,
  ) => Promise<{ files: Files; values?: Readonly<Record<string, string>>; stop?: () => Promise<void> }>,
): Promise<World> {
  const pki = await createTestPki();
  const [ada, uma, eve] = await Promise.all(['ada', 'uma', 'eve'].map((name) => pki.issuePerson({ name })));
  const people = { ada: ada!, uma: uma!, eve: eve! };
  await pki.revoke([people.uma.serialNumber]);
  const { files, values = {}, stop } = await more(pki, people);
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-script-world-'));
  await writeFiles(folder, { ...(await certificateFiles(pki, people)), ...files });
  await mkdir(join(folder, 'files'));
  return {
    folder,
    values: {
      ...values,
      ADA_SHA256: sha256(people.ada.der),
      ADA_SERIAL: serialNumberText(people.ada),
      ADA: people.ada.der.toString('base64'),
      ISSUING: pki.issuing.certificateDer.toString('base64'),
      ROOT: pki.root.certificateDer.toString('base64'),
      ROOT_CRL: (await readFile(pki.files.rootCrl)).toString('base64'),
      ISSUING_CRL: (await readFile(pki.files.issuingCrl)).toString('base64'),
      ISSUING_SHA1: createHash('sha1').update(pki.issuing.certificateDer).digest('hex'),
      ISSUING_SHA256: sha256(pki.issuing.certificateDer),
    },
    stop: async () => {
      await stop?.();
      await pki.remove();
      await rm(folder, { recursive: true });
    },
  };
}

async function listening(where: ListenOptions): Promise<Server> {
  const server = createServer().listen(where);
  await once(server, 'listening');
  return server;
}

/** Hexadecimal, whole octets. */
function serialNumberText({ serialNumber }: Person): string {
  const digits = serialNumber.toString(16).toUpperCase();
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

async function certificateFiles(pki: TestPki, { ada, uma, eve }: People): Promise<Files> {
  return {
    'root.pem': await readFile(pki.files.root),
    'issuing.pem': await readFile(pki.files.issuing),
    'issuing-key.pem': pki.issuing.privateKeyPem,
    'root.crl': await readFile(pki.files.rootCrl),
    'issuing.crl': await readFile(pki.files.issuingCrl),
    'server.pem': pki.server.chainPem,
    'server-key.pem': pki.server.privateKeyPem,
    'ada.pem': ada.chainPem,
    'ada-alone.der': ada.der,
    'ada-alone.pem': ada.pem,
    'ada-key.pem': ada.privateKeyPem,
    'uma.pem': uma.chainPem,
    'eve.pem': eve.chainPem,
    'jane.der': janeDoe,
  };
}

function siteFiles(ada: Person, directory?: Readonly<Record<string, unknown>> & { readonly name: string }): Files {
  const local = accountFileDirectory([{ name: 'ada', certificates: [sha256(ada.der)] }]);
  const accounts = directory ?? local.directory;
  return {
    ...local.files,
    'rules.yaml': exactRule,
    'cardgate.yaml': stringify({
      audit: { file: 'audit.jsonl' },
      log: { file: 'cardgate.log' },
      directories: [accounts],
      sites: [
        {
          name: 'files',
          bindings: [{ address: '127.0.0.1', port: 0 }],
          physicalPath: 'files',
          ssl: { serverCertificate: 'server.pem', serverCertificateKey: 'server-key.pem' },
          sslClientCertificates: {
            trustAnchors: ['root.pem'],
            intermediates: ['issuing.pem'],
            crlFiles: ['root.crl', 'issuing.crl'],
          },
          directories: [accounts.name],
          mapping: { rules: 'rules.yaml' },
          userIsolation: { mode: 'IsolateAllDirectories', createHome: true },
          authorization: [{ users: '*', permissions: ['Read', 'Write'] }],
        },
      ],
    }),
  };
}

async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
}
