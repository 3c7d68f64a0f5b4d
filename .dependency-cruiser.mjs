/** Who may import what, and that no imports run in a circle. docs/architecture.md prints these tables. */

/** What every room may import. */
export const leaves = ['denial', 'explanation/steps', 'clock', 'error-message', 'product-version', 'presentation-reader', 'operations', 'settings'];

/** Room of src -> rooms, folders or single files of src that it may import from, besides itself and the leaves. */
export const allowed = {
  main: ['commands', 'gateway'],
  commands: ['*'],
  gateway: ['schema-faults', 'config', 'ftp', 'storage', 'authorization', 'login', 'mapping', 'directory', 'service', 'pki', 'hooks'],
  explanation: ['login'],
  'schema-faults': [],
  settings: [],
  config: [
    'schema-faults',
    'authorization',
    'gateway/drain',
    'login/failure-throttle',
    'login/authentication-settings',
    'login/anonymous-login',
    'mapping/strength',
    'service/remote-service',
    'service/service-settings',
    'ftp/server-settings',
    'ftp/command-names',
    'ftp/messages',
    'hooks/hook-settings',
    'hooks/hook-event',
    'ftp/tls/tls-settings',
    'storage/file-operations',
    'mapping/rules/rule',
    'mapping/rules/rule-language',
    'directory/directory',
    'directory/active-directory/sid',
    'directory/active-directory/active-directory-settings',
    'directory/account-file',
    'directory/directory-settings',
    'directory/ldap-settings',
    'pki/certificate/algorithms',
    'pki/path/path-settings',
    'pki/retrieval/retrieval-settings',
    'pki/revocation/revocation-settings',
    'pki/certificate/authority-information-access',
    'pki/path/budget',
    'pki/certificate/certificate',
    'pki/crl/crl',
    'pki/names/distinguished-name',
    'pki/ocsp/own-certificate',
    'pki/encoding/malformed-error',
    'pki/encoding/oids',
    'pki/encoding/pem',
    'pki/certificate/signature',
  ],
  ftp: ['login/authenticator', 'login/authentication-settings', 'authorization', 'storage', 'hooks'],
  hooks: ['storage/storage', 'service/service-connection'],
  login: ['pki', 'mapping', 'directory', 'authorization'],
  service: [
    'login',
    'directory/directory',
    'authorization/access-rights',
    'authorization/rules/rule-conditions',
    'pki/certificate/certificate',
    'pki/names/distinguished-name',
    'pki/encoding/malformed-error',
    'pki/encoding/pem',
  ],
  mapping: [
    'schema-faults',
    'directory/certificate-exact-assertion',
    'directory/directory',
    'pki/certificate/certificate',
    'pki/encoding/der',
    'pki/encoding/der-strings',
    'pki/names/distinguished-name',
    'pki/names/general-name',
    'pki/certificate/key-usage',
    'pki/encoding/malformed-error',
    'pki/encoding/oids',
    'pki/names/serial-number-text',
    'pki/names/subject-identity',
    'pki/path/validated-certificate',
  ],
  smartcard: [
    'schema-faults',
    'pki',
    'config/yaml/fault',
    'config/yaml/yaml-source',
    'mapping/stored/alt-security-identities',
    'mapping/rules/rule',
    'directory/active-directory/sid',
  ],
  iis: ['schema-faults'],
  pki: [],
  directory: [],
  storage: [
    'authorization/access-rights',
    'authorization/folded-path',
    'authorization/request-filter',
    'authorization/virtual-directories',
  ],
  authorization: ['pki/path/path-settings'],
  operations: [],
  denial: [],
  clock: [],
  'error-message': [],
  'product-version': [],
  'presentation-reader': [],
};

/** Packages that only these rooms may know. */
const packageOwners = {
  ldapts: ['directory'],
  winston: ['operations'],
  pkcs11js: ['smartcard'],
  'basic-ftp': ['smartcard'],
  pkijs: ['smartcard'],
  asn1js: ['smartcard'],
  commander: ['commands'],
  saxes: ['iis'],
  yaml: ['config', 'smartcard', 'iis'],
  zod: ['settings', 'operations', 'config', 'pki', 'directory', 'authorization', 'login', 'ftp', 'storage', 'mapping', 'schema-faults', 'service', 'hooks', 'smartcard', 'commands'],
  'lru-cache': ['pki', 'mapping', 'directory', 'ftp', 'login', 'commands', 'config'],
};

/** A room is a folder of src, or a file beside the folders. */
const inRoom = (name) => `^src/${name}(/|\\.ts$)`;
const rooms = Object.keys(allowed);

const rooming = rooms
  .filter((room) => !allowed[room].includes('*'))
  .map((room) => ({
    name: `imports-of-${room}`,
    severity: 'error',
    from: { path: inRoom(room) },
    to: { path: '^src/', pathNot: [room, ...leaves, ...allowed[room]].map(inRoom) },
  }));

const owning = Object.entries(packageOwners).map(([name, owners]) => ({
  name: `package-${name}`,
  severity: 'error',
  from: { path: '^src/', pathNot: owners.map(inRoom) },
  to: { path: `^node_modules/${name}/` },
}));

export default {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'room-without-rule', severity: 'error', from: { path: '^src/', pathNot: rooms.map(inRoom) }, to: {} },
    {
      name: 'package-without-owner',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^node_modules/', pathNot: Object.keys(packageOwners).map((name) => `^node_modules/${name}/`) },
    },
    ...rooming,
    ...owning,
  ],
  options: {
    // TypeScript 7 has no compiler API that this tool could read the sources with.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: '^node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
