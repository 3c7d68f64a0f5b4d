/**
 * What the mapping service answers to, once: the handler dispatches by this table, and the OpenAPI description is made from it. Every
 * caller that comes in over the Unix socket or mutual TLS may use every route; `explain` is for those the administrator names.
 */
import type { RefusedRequestCode } from './refused-request.ts';

export type Operation = 'resolve' | 'authorize' | 'health' | 'describe';

/** Parameters of the query; request-target.ts reads them. */
const parameters = {
  user: 'The name the client gave; the certificate must lead to that account',
  site: 'Site whose trust anchors, rules and rights decide; the first when absent',
  explain: '1: with every step of the decision, for callers who may ask for it',
} as const;

export type ParameterName = keyof typeof parameters;
export const parameterDescriptions: Readonly<Record<ParameterName, string>> = parameters;

/** A schema of wire.ts by its name, or what the octets are where no schema says it. */
export type BodyContent = { readonly named: string } | { readonly type?: 'string'; readonly description: string };

export interface Answer {
  readonly status: number;
  readonly description: string;
  /** Name of the schema of its body; absent: it has none. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly operation: Operation;
  /** Absent: the description leaves it out. */
  readonly description?: {
    readonly summary: string;
    readonly parameters: readonly ParameterName[];
    /** The header of the certificate, whose name the listener knows. */
    readonly certificateHeader?: string;
    /** By media type. */
    readonly bodies?: Readonly<Record<string, BodyContent>>;
    readonly answers: readonly Answer[];
    /** Why the service may not decide at all. */
    readonly refusals: readonly RefusedRequestCode[];
  };
}

const accountHeaders = {
  'X-Cardgate-Account': 'sAMAccountName or uid; in all headers, what is not printable ASCII is percent-encoded',
  'X-Cardgate-Directory': 'Directory that holds the account',
  'X-Cardgate-Distinguished-Name': 'RFC 4514',
  'X-Cardgate-Sid': 'Security identifier',
  'X-Cardgate-User-Principal-Name': 'User principal name',
  'X-Cardgate-Groups': 'SIDs, distinguished names or names, separated by commas',
  'X-Cardgate-Groups-Omitted': 'How many groups there are, when they are too many for a header',
  'X-Cardgate-Rule': 'Mapping rule',
  'X-Cardgate-Reason': 'Why the mapping is strong',
  'X-Cardgate-Valid-Until': 'When the first certificate of the path expires',
  'X-Cardgate-Certificate-Sha256': 'Of the end entity certificate',
  'X-Cardgate-Reference': 'Names the audit record',
};
const refusalHeaders = {
  'X-Cardgate-Reference': 'Names the audit record',
  'X-Cardgate-Code': 'Code of the refusal',
};

export const routes: readonly Route[] = [
  {
    path: '/v1/resolve',
    method: 'POST',
    operation: 'resolve',
    description: {
      summary: 'Validate a certificate, map it to an account and check the account',
      parameters: ['user', 'site', 'explain'],
      bodies: {
        'application/json': { named: 'ResolveRequest' },
        'application/pkix-cert': { description: 'One certificate in DER' },
        'application/x-pem-file': { type: 'string', description: 'PEM, end entity first' },
      },
      answers: [
        { status: 200, description: 'Granted or denied', body: 'Verdict' },
        { status: 503, description: 'Unavailable: cannot be decided now', body: 'Verdict' },
      ],
      refusals: ['request-invalid', 'explanation-not-allowed', 'body-too-large', 'media-type-unsupported'],
    },
  },
  {
    path: '/v1/authorize',
    method: 'GET',
    operation: 'authorize',
    description: {
      summary: 'The same decision for proxies that ask before they let a request through',
      parameters: ['user', 'site'],
      certificateHeader: 'Certificate of the client, which the proxy sets on every request',
      answers: [
        { status: 200, description: 'Granted; the account is in the headers', headers: accountHeaders },
        { status: 401, description: 'Denied: there is no certificate', headers: refusalHeaders },
        { status: 403, description: 'Denied', headers: refusalHeaders },
        { status: 503, description: 'Unavailable: cannot be decided now', headers: refusalHeaders },
      ],
      refusals: ['header-invalid'],
    },
  },
  {
    path: '/v1/health',
    method: 'GET',
    operation: 'health',
    description: {
      summary: 'Whether the service runs; it asks no directory',
      parameters: [],
      answers: [{ status: 200, description: 'It runs', body: 'Health' }],
      refusals: [],
    },
  },
  { path: '/openapi.json', method: 'GET', operation: 'describe' },
];

/** @returns the routes of a path, by method; undefined where the service has no such path */
export function routesAt(path: string): readonly Route[] | undefined {
  const found = routes.filter((route) => route.path === path);
  return found.length > 0 ? found : undefined;
}
