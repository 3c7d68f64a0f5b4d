/**
 * The target of a request, taken as it was received: origin-form only (RFC 9112 3.2.1), nothing resolved or decoded in its path. A proxy
 * that lets through one path must not be talked into another by dots, doubled slashes, percent signs or an absolute form.
 */
import { RefusedRequest } from './refused-request.ts';
import { parameterDescriptions } from './routes.ts';
import { maximumUserLength } from './wire.ts';

export interface Query {
  readonly user?: string | undefined;
  readonly site?: string | undefined;
  readonly explain: boolean;
}

export interface RequestTarget {
  /** To be compared octet by octet. */
  readonly path: string;
  /** What stands after the first question mark; not looked at yet. */
  readonly query: string;
}

const originForm = /^(\/[^?#\\]*)(?:\?([^#\\]*))?$/;

/** @throws RefusedRequest when the target is in absolute, authority or asterisk form */
export function parseRequestTarget(target: string): RequestTarget {
  const [, path, query = ''] = originForm.exec(target) ?? [];
  if (path === undefined) throw new RefusedRequest('path-unknown');
  return { path, query };
}

/** @throws RefusedRequest for a parameter that is not known or there twice, and for octets that are not UTF-8 */
export function parseQuery(text: string): Query {
  if (!isDecodable(text)) throw new RefusedRequest('request-invalid');
  const pairs = [...new URLSearchParams(text)];
  const names = pairs.map(([name]) => name);
  const given = new Map(pairs);
  const explain = given.get('explain') ?? '0';
  const user = given.get('user');
  const site = given.get('site');
  const isKnown = names.every((name) => Object.hasOwn(parameterDescriptions, name));
  const isTooLong = (user ?? '').length > maximumUserLength;
  if (!isKnown || isTooLong || given.size !== names.length || !['0', '1'].includes(explain)) {
    throw new RefusedRequest('request-invalid');
  }
  return { user, site, explain: explain === '1' };
}

/** URLSearchParams puts U+FFFD where octets are not UTF-8, and leaves a percent sign as it is. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
