/** The configuration of a gateway for the world of a scenario, with paths relative to the file. */
import type { AccountStore, Scenario } from './scenario.ts';

/** How the gateway reaches an LDAP directory. */
export interface DirectoryConnection {
  /** `ldaps://…`, or `ldap://…` for StartTLS. */
  readonly server: string;
  /** PEM file with the CA of its certificate. */
  readonly certificateAuthority: string;
  readonly bindDn: string;
  /** File with the password; mode 0600. */
  readonly bindPasswordFile: string;
}

export interface GatewayConfigurationOptions {
  readonly scenario: Scenario;
  readonly store: AccountStore;
  /** Only where the accounts are in LDAP. */
  readonly connection?: DirectoryConnection | undefined;
  readonly searchBase: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Names of the authorities whose CRLs and certificates are at hand, from the root downwards. */
  readonly authorities: readonly string[];
}

export function gatewayConfiguration(options: GatewayConfigurationOptions): object {
  const { scenario, authorities, port } = options;
  const certificate = (name: string) => `cards/ca/${name}/certificate.pem`;
  const revocation =
    scenario.revocation === 'repository'
      ? { revocationRetrievalHosts: ['127.0.0.1'] }
      : { crlFiles: authorities.map((name) => `cards/ca/${name}/crl.der`) };
  return {
    audit: { file: 'audit.jsonl' },
    log: { file: 'cardgate.log' },
    directories: [directory(options)],
    sites: [
      {
        name: 'files',
        bindings: [{ address: '127.0.0.1', port }],
        physicalPath: 'files',
        ssl: {
          serverCertificate: 'cards/server/certificate.pem',
          serverCertificateKey: 'cards/server/key.pem',
        },
        sslClientCertificates: {
          clientCertificatePolicy: 'CertRequire',
          trustAnchors: [certificate('root')],
          intermediates: authorities.filter((name) => name !== 'root').map(certificate),
          ...revocation,
        },
        directories: ['people'],
        mapping: { rules: 'rules.yaml' },
        userIsolation: { mode: 'IsolateAllDirectories', createHome: true },
        authorization: [{ users: '*', permissions: ['Read', 'Write'] }],
      },
    ],
  };
}

function directory({ store, connection, searchBase }: GatewayConfigurationOptions): object {
  if (store === 'file' || connection === undefined) {
    return { name: 'people', type: 'file', accounts: 'accounts.yaml' };
  }
  const { server, certificateAuthority, bindDn, bindPasswordFile } = connection;
  const ldap = {
    name: 'people',
    servers: [server],
    certificateAuthorities: [certificateAuthority],
    bindDn,
    bindPasswordFile,
    searchBase,
  };
  return store === 'activeDirectory'
    ? { type: 'activeDirectory', ...ldap }
    : {
        type: 'ldap',
        ...ldap,
        userPrincipalNameAttribute: 'userPrincipalName',
        altSecurityIdentitiesAttribute: 'altSecurityIdentities',
        sidAttribute: 'objectSid',
      };
}
