/**
 * How one name compares with the base of one subtree, form by form (RFC 5280 4.2.1.10). What is not well formed is
 * incomparable, which is neither inside a permitted subtree nor outside an excluded one.
 */
import { readSingle, tags } from '../encoding/der.ts';
import { decodeText } from '../encoding/der-strings.ts';
import { MalformedError } from '../encoding/malformed-error.ts';

export type Match = 'yes' | 'no' | 'incomparable';

/** Mailboxes and URIs that are longer are not read, and so are incomparable. */
export const longestReadName = 2048;
const longestHost = 253;
const host = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Lower case; undefined when it is not a host name in preferred name syntax (underscores, which exist, are let through). */
function hostName(text: string): string | undefined {
  if (text.length > longestHost) return undefined;
  const lower = text.toLowerCase();
  return host.test(lower) ? lower : undefined;
}

const verdict = (inside: boolean): Match => (inside ? 'yes' : 'no');

function isBelow(host: string, base: string): boolean {
  return host.endsWith(`.${base}`);
}

/**
 * A base is the domain itself and all below it. A wildcard may stand for any label, so it is inside an excluded subtree as
 * soon as one name it stands for is.
 */
export function matchesDnsName(name: string, base: string, side: 'permitted' | 'excluded'): Match {
  const wildcard = name.startsWith('*.');
  const host = hostName(wildcard ? name.slice(2) : name);
  if (base === '') return host === undefined ? 'incomparable' : 'yes';
  const below = base.startsWith('.');
  const domain = hostName(below ? base.slice(1) : base);
  if (host === undefined || domain === undefined) return 'incomparable';
  if (wildcard && side === 'excluded')
    return verdict(host === domain || isBelow(host, domain) || isBelow(domain, host));
  if (wildcard) return verdict(host === domain || isBelow(host, domain));
  return verdict((host === domain && !below) || isBelow(host, domain));
}

/** A host base with a leading period is the domains below, without one is that host only. */
function matchesHost(host: string, base: string): Match {
  const below = base.startsWith('.');
  const domain = hostName(below ? base.slice(1) : base);
  if (domain === undefined) return 'incomparable';
  return verdict(below ? isBelow(host, domain) : host === domain);
}

const atom = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~]";
const dotString = new RegExp(`^${atom}+(?:\\.${atom}+)*$`);
const quotedString = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"$/;
const utf8DotString = new RegExp(`^(?:${atom}|[\\u{80}-\\u{10ffff}])+(?:\\.(?:${atom}|[\\u{80}-\\u{10ffff}])+)*$`, 'u');
const notAscii = /[^\0-\x7f]/;

interface Mailbox {
  /** Without the quotes of a quoted string, which are no part of it (RFC 5321 4.1.2). */
  readonly local: string;
  readonly host: string;
}

/** A Mailbox of RFC 5321; address literals are not processed. */
function mailbox(text: string): Mailbox | undefined {
  if (text.length > longestReadName) return undefined;
  const at = text.lastIndexOf('@');
  const host = hostName(text.slice(at + 1));
  const local = text.slice(0, Math.max(at, 0));
  if (host === undefined) return undefined;
  if (dotString.test(local)) return { local, host };
  return quotedString.test(local) ? { local: local.slice(1, -1).replace(/\\(.)/g, '$1'), host } : undefined;
}

/** RFC 9598 3: the domain is in A-labels, and a local part in ASCII alone belongs into an rfc822Name. */
function smtpUtf8Mailbox(text: string): Mailbox | undefined {
  if (text.length > longestReadName) return undefined;
  const at = text.lastIndexOf('@');
  const host = hostName(text.slice(at + 1));
  const local = text.slice(0, Math.max(at, 0));
  return host !== undefined && notAscii.test(local) && utf8DotString.test(local) ? { local, host } : undefined;
}

/** A base is one mailbox, all mailboxes of a host, or with a leading period all of the hosts below a domain. */
export function matchesMailbox(name: string, base: string): Match {
  return matchesAddress(mailbox(name), base);
}

/** Likewise for an SmtpUTF8Mailbox (RFC 9598 6). @param name DER of its UTF8String */
export function matchesSmtpUtf8Mailbox(name: Buffer, base: string): Match {
  const text = otherNameText(name);
  return matchesAddress(text === undefined ? undefined : smtpUtf8Mailbox(text), base);
}

function matchesAddress(address: Mailbox | undefined, base: string): Match {
  if (!address) return 'incomparable';
  if (base === '') return 'yes';
  if (!base.includes('@')) return matchesHost(address.host, base);
  const only = mailbox(base);
  if (!only) return 'incomparable';
  return verdict(only.local === address.local && only.host === address.host);
}

/** RFC 3986 3.2. What else stands there, such as a backslash, some readers take for its end. */
const authority = /^[A-Za-z][A-Za-z0-9+\-.]*:\/\/([\w\-.~%!$&'()*+,;=:@[\]]*)(?:[/?#]|$)/;

/** The constraint is on the host; RFC 5280: a URI without an authority whose host is a domain name is refused. */
export function matchesHostOfUri(uri: string, base: string): Match {
  const [, text = ''] = (uri.length <= longestReadName && authority.exec(uri)) || [];
  const host = hostName(text.slice(text.lastIndexOf('@') + 1).replace(/:\d*$/, ''));
  if (host === undefined || /^[\d.]+$/.test(host)) return 'incomparable';
  return base === '' ? 'yes' : matchesHost(host, base);
}

/** The base is an address and a contiguous mask (RFC 4632). */
export function matchesIpAddress(address: Buffer, base: Buffer): Match {
  if (base.length !== 8 && base.length !== 32) return 'incomparable';
  const half = base.length / 2;
  let isInside = address.length === half;
  let maskEnded = false;
  for (let index = 0; index < half; index++) {
    const mask = base[half + index] ?? 0;
    if ((maskEnded && mask !== 0) || !contiguous.has(mask)) return 'incomparable';
    maskEnded ||= mask !== 0xff;
    if (((address[index] ?? 0) & mask) !== ((base[index] ?? 0) & mask)) isInside = false;
  }
  return verdict(isInside);
}

/** Octets of ones followed by zeros. */
const contiguous: ReadonlySet<number> = new Set([0, 0x80, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc, 0xfe, 0xff]);

/**
 * User principal names have no standard for constraints. A base may be a whole name, `@domain` or `domain` for that domain,
 * `.domain` for the domains below; an excluded domain takes those below with it.
 */
export function matchesUserPrincipalName(name: Buffer, base: Buffer, side: 'permitted' | 'excluded'): Match {
  const user = principal(otherNameText(name));
  const baseText = otherNameText(base)?.toLowerCase();
  if (!user || baseText === undefined) return 'incomparable';
  if (baseText === '') return 'yes';
  if (baseText.indexOf('@') > 0) return verdict(`${user.local}@${user.host}` === baseText);
  const domain = baseText.startsWith('@') ? baseText.slice(1) : baseText;
  const below = hostName(domain.replace(/^\./, ''));
  if (below === undefined) return 'incomparable';
  if (side === 'excluded') return verdict(user.host === below || isBelow(user.host, below));
  return matchesHost(user.host, domain);
}

function principal(text: string | undefined): { readonly local: string; readonly host: string } | undefined {
  const at = text?.indexOf('@') ?? -1;
  // A second @ leaves doubt about the domain, and no host name holds one.
  const host = text === undefined ? undefined : hostName(text.slice(at + 1));
  return text !== undefined && host !== undefined && at > 0
    ? { local: text.slice(0, at).toLowerCase(), host }
    : undefined;
}

/** The text of an otherName that is a UTF8String (DER); undefined when it is anything else. */
export function otherNameText(der: Buffer): string | undefined {
  try {
    if (der.length > longestReadName) return undefined;
    return decodeText(readSingle(der, tags.utf8String, 'otherName'), 'otherName');
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
