/** The OpenAPI 3.1 description of the service, made from its routes and from the schemas that requests and answers are checked by. */
import { z } from 'zod';
import { type RefusedRequestCode, refusedRequests } from './refused-request.ts';
import { type Answer, type BodyContent, parameterDescriptions, type Route, routes } from './routes.ts';
import { wireSchemas } from './wire.ts';

type Json = Readonly<Record<string, unknown>>;

/** @param certificateHeader name of the header that /v1/authorize reads */
export function openApiDocument(certificateHeader: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'cardgate mapping service',
      version: '1',
      description:
        'From a certificate to the account it belongs to. The caller vouches that the holder of the certificate proved its key; therefore the service is reachable only over a Unix socket or mutual TLS.',
    },
    components: { schemas: componentSchemas() },
    paths: pathsOf(routes, certificateHeader),
  };
}

function pathsOf(described: readonly Route[], certificateHeader: string): Json {
  const paths = new Map<string, Record<string, Json>>();
  for (const { path, method, description } of described) {
    if (!description) continue;
    const operations = paths.get(path) ?? {};
    operations[method.toLowerCase()] = operationOf(description, certificateHeader);
    paths.set(path, operations);
  }
  return Object.fromEntries(paths);
}

function operationOf(description: NonNullable<Route['description']>, certificateHeader: string): Json {
  const { summary, bodies, answers } = description;
  const parameters: readonly Json[] = [
    ...description.parameters.map((name) => parameter(name, 'query', parameterDescriptions[name])),
    ...(description.certificateHeader === undefined
      ? []
      : [parameter(certificateHeader, 'header', description.certificateHeader)]),
  ];
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(bodies && { requestBody: { required: true, content: mapValues(bodies, contentOf) } }),
    responses: {
      ...Object.fromEntries(answers.map(({ status, ...words }) => [status, responseOf(words)])),
      ...refusals(description.refusals),
    },
  };
}

function parameter(name: string, place: 'query' | 'header', description: string): Json {
  return { name, in: place, description, schema: { type: 'string' } };
}

function contentOf(content: BodyContent): Json {
  return { schema: 'named' in content ? named(content.named) : content };
}

function responseOf({ description, body, headers }: Omit<Answer, 'status'>): Json {
  if (body !== undefined) return answer(description, named(body));
  const header = (text: string): Json => ({ description: text, schema: { type: 'string' } });
  return { description, ...(headers && { headers: mapValues(headers, header) }) };
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => Json): Json {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function refusals(codes: readonly RefusedRequestCode[]): Json {
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
