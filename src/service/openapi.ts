/** The OpenAPI 3.1 description of the service, made from the schemas that requests and answers are checked by. */
import { z } from 'zod';
import { refusedRequests } from './refused-request.ts';
import { wireSchemas } from './wire.ts';

type Json = Readonly<Record<string, unknown>>;

/** @param certificateHeader name of the header that /v1/authorize reads */
export function openApiDocument(certificateHeader: string): Json {
  const query = (name: string, description: string) => ({ name, in: 'query', description, schema: { type: 'string' } });
  const site = query('site', 'Site whose trust anchors, rules and rights decide; the first when absent');
  const user = query('user', 'The name the client gave; the certificate must lead to that account');
  const explain = query('explain', '1: with every step of the decision, for callers who may ask for it');
  return {
    openapi: '3.1.0',
    info: {
      title: 'cardgate mapping service',
      version: '1',
      description:
        'From a certificate to the account it belongs to. The caller vouches that the holder of the certificate proved its key; therefore the service is reachable only over a Unix socket or mutual TLS.',
    },
    components: { schemas: componentSchemas() },
    paths: {
      '/v1/resolve': {
        post: {
          summary: 'Validate a certificate, map it to an account and check the account',
          parameters: [user, site, explain],
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: named('ResolveRequest') },
              'application/pkix-cert': { schema: { description: 'One certificate in DER' } },
              'application/x-pem-file': { schema: { type: 'string', description: 'PEM, end entity first' } },
            },
          },
          responses: {
            200: answer('Granted or denied', named('Verdict')),
            503: answer('Unavailable: cannot be decided now', named('Verdict')),
            ...refusals(['request-invalid', 'explanation-not-allowed', 'body-too-large', 'media-type-unsupported']),
          },
        },
      },
      '/v1/authorize': {
        get: {
          summary: 'The same decision for proxies that ask before they let a request through',
          parameters: [
            user,
            site,
            {
              name: certificateHeader,
              in: 'header',
              description: 'Certificate of the client, which the proxy sets on every request',
              schema: { type: 'string' },
            },
          ],
          responses: {
            200: { description: 'Granted; the account is in the headers', headers: accountHeaders },
            401: { description: 'Denied: there is no certificate', headers: refusalHeaders },
            403: { description: 'Denied', headers: refusalHeaders },
            503: { description: 'Unavailable: cannot be decided now', headers: refusalHeaders },
            ...refusals(['header-invalid']),
          },
        },
      },
      '/v1/health': {
        get: {
          summary: 'Whether the service runs; it asks no directory',
          responses: { 200: answer('It runs', named('Health')) },
        },
      },
    },
  };
}

const header = (description: string) => ({ description, schema: { type: 'string' } });

const accountHeaders = {
  'X-Cardgate-Account': header('sAMAccountName or uid; in all headers, what is not printable ASCII is percent-encoded'),
  'X-Cardgate-Directory': header('Directory that holds the account'),
  'X-Cardgate-Distinguished-Name': header('RFC 4514'),
  'X-Cardgate-Sid': header('Security identifier'),
  'X-Cardgate-User-Principal-Name': header('User principal name'),
  'X-Cardgate-Groups': header('SIDs, distinguished names or names, separated by commas'),
  'X-Cardgate-Groups-Omitted': header('How many groups there are, when they are too many for a header'),
  'X-Cardgate-Rule': header('Mapping rule'),
  'X-Cardgate-Reason': header('Why the mapping is strong'),
  'X-Cardgate-Valid-Until': header('When the first certificate of the path expires'),
  'X-Cardgate-Certificate-Sha256': header('Of the end entity certificate'),
  'X-Cardgate-Reference': header('Names the audit record'),
};

const refusalHeaders = {
  'X-Cardgate-Reference': header('Names the audit record'),
  'X-Cardgate-Code': header('Code of the refusal'),
};

function refusals(codes: readonly (keyof typeof refusedRequests)[]): Json {
  const schema = named('RefusedRequest');
  const byStatus = Map.groupBy(codes, (code) => refusedRequests[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      answer(same.map((code) => refusedRequests[code].message).join(' '), schema),
    ]),
  );
}

function answer(description: string, schema: Json): Json {
  return { description, content: { 'application/json': { schema } } };
}

function named(id: string): Json {
  return { $ref: `#/components/schemas/${id}` };
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is. */
function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(wireSchemas, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]));
}
