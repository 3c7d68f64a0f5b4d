/** RFC 5280 4.2.1.10, form by form: which names of a certificate a subtree concerns, and what it says of them. */
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { nameConstraintsRefusal } from '../../../src/pki/names/name-constraints.ts';
import { Budget } from '../../../src/pki/path/budget.ts';
import { explicit, implicit, name, type Rdn, sequence, text, utf8 } from '../../support/der-builder.ts';
import {
  directoryName,
  dnsName,
  emailName,
  intermediate,
  issue,
  nameConstraints,
  now,
  otherName,
  root,
  subjectAltName,
  uriName,
} from '../../support/handmade-certificates.ts';

const anchor = root();
const ip = (hex: string) => implicit(7, Buffer.from(hex, 'hex'));
const registeredId = implicit(8, Buffer.of(0x2a, 3, 4));
const upn = (value: string) => otherName(oids.userPrincipalName, utf8(value));
const internationalMailbox = (value: string) => otherName(oids.smtpUtf8Mailbox, utf8(value));
const organization = (...names: readonly string[]): Buffer =>
  name(...names.map((value): Rdn => [[oids.organizationName, value]]));
const good = organization('Good');

interface Holder {
  readonly subject?: Buffer;
  readonly names?: readonly Buffer[];
}

/** Undefined when the names pass. */
function refusalOf(permitted: readonly Buffer[], excluded: readonly Buffer[], { subject = good, names = [] }: Holder) {
  const ca = parseCertificate(intermediate(anchor, 'CA', [nameConstraints(permitted, excluded)]).der);
  const extensions = names.length > 0 ? [subjectAltName(...names)] : [];
  const holder = parseCertificate(issue(subject, anchor, { extensions }).der);
  const budget = new Budget({ now: () => now });
  return nameConstraintsRefusal(holder, ca.nameConstraints ? [ca.nameConstraints] : [], budget);
}

describe('names of a constrained form (RFC 5280 4.2.1.10)', () => {
  it.each<[form: string, base: Buffer, inside: Buffer, outside: Buffer]>([
    ['dNSName', dnsName('a.example'), dnsName('x.a.example'), dnsName('b.example')],
    ['rfc822Name', emailName('a.example'), emailName('x@a.example'), emailName('x@b.example')],
    [
      'SmtpUTF8Mailbox under rfc822Name (RFC 9598 6)',
      emailName('a.example'),
      internationalMailbox('ü@a.example'),
      internationalMailbox('ü@b.example'),
    ],
    ['URI', uriName('a.example'), uriName('http://a.example/'), uriName('http://b.example/')],
    ['iPAddress', ip('0a000000ff000000'), ip('0a010203'), ip('0b010203')],
    [
      'directoryName',
      directoryName(organization('Good')),
      directoryName(organization('Good', 'x')),
      directoryName(organization('Bad')),
    ],
    ['user principal name', upn('@a.example'), upn('x@a.example'), upn('x@b.example')],
  ])(
    '%s: inside passes a permitted subtree and not an excluded one, outside the reverse',
    (_form, base, inside, out) => {
      const none = /none of the permitted subtrees/;
      const excluded = /is in the excluded subtree/;
      expect(refusalOf([base], [], { subject: name(), names: [inside] })).toBeUndefined();
      expect(refusalOf([base], [], { subject: name(), names: [out] })).toMatch(none);
      expect(refusalOf([], [base], { subject: name(), names: [inside] })).toMatch(excluded);
      expect(refusalOf([], [base], { subject: name(), names: [out] })).toBeUndefined();
    },
  );

  it.each<[string, Buffer, Buffer]>([
    ['a registeredID', registeredId, registeredId],
    ['an ediPartyName', explicit(5, implicit(1, Buffer.from('a'))), explicit(5, implicit(1, Buffer.from('a')))],
    ['an otherName of a type that is not processed', otherName('1.2.3', utf8('a')), otherName('1.2.3', utf8('b'))],
    ['a user principal name under one that is no text', otherName(oids.userPrincipalName, text(0x16, 'a')), upn('a@b')],
    ['an IP address under a mask with holes', ip('0a000000ff00ff00'), ip('0b010203')],
  ])('%s fails both as permitted and as excluded, since it cannot be compared', (_form, base, held) => {
    expect(refusalOf([base], [], { names: [held] })).toBeDefined();
    expect(refusalOf([], [base], { names: [held] })).toMatch(/cannot be compared with the excluded subtree/);
  });

  it.each<[string, Buffer, Buffer]>([
    ['dNSName, a URI with the same host', dnsName('a.example'), uriName('http://b.example/')],
    ['URI, a dNSName', uriName('a.example'), dnsName('b.example')],
    ['rfc822Name, a user principal name', emailName('a.example'), upn('x@b.example')],
    ['user principal name, another otherName', upn('@a.example'), otherName('1.2.3', utf8('x@b.example'))],
    ['user principal name, a mailbox', upn('@a.example'), emailName('x@b.example')],
    ['iPAddress, a dNSName', ip('0a000000ff000000'), dnsName('b.example')],
  ])('of %s is not constrained', (_forms, base, held) => {
    expect(refusalOf([base], [], { names: [held] })).toBeUndefined();
  });

  it.each<[string, Buffer]>([
    ['dNSName', dnsName('a b')],
    ['rfc822Name', emailName('no mailbox')],
  ])('a malformed %s fails under any constraints, even on other forms', (_form, held) => {
    expect(refusalOf([], [uriName('a.example')], { names: [held] })).toMatch(/is not well formed/);
  });

  it('a well-formed mailbox passes under constraints on other forms', () => {
    expect(refusalOf([uriName('a.example')], [], { names: [emailName('x@b.example')] })).toBeUndefined();
  });

  it('one of several permitted subtrees is enough, and one of several excluded ones too much', () => {
    const both = [dnsName('a.example'), dnsName('b.example')];
    expect(refusalOf(both, [], { names: [dnsName('x.b.example')] })).toBeUndefined();
    expect(refusalOf([], both, { names: [dnsName('x.b.example')] })).toMatch(/excluded subtree dNSName "b.example"/);
  });

  it('an excluded subtree prevails within a permitted one', () => {
    const permitted = [dnsName('a.example')];
    const excluded = [dnsName('x.a.example')];
    expect(refusalOf(permitted, excluded, { names: [dnsName('y.a.example')] })).toBeUndefined();
    expect(refusalOf(permitted, excluded, { names: [dnsName('x.a.example')] })).toMatch(/excluded/);
  });
});

describe('the subject under name constraints (RFC 5280 4.2.1.10)', () => {
  const mail = (value: string | Buffer) => name([[oids.emailAddress, value]]);

  it('counts as a directory name, unless it is empty', () => {
    const bases = [directoryName(organization('Good'))];
    expect(refusalOf(bases, [], { subject: organization('Bad') })).toMatch(/none of the permitted/);
    expect(refusalOf(bases, [], { subject: name(), names: [dnsName('a.example')] })).toBeUndefined();
  });

  it('counts with its e-mail addresses as mailboxes', () => {
    const bases = [emailName('a.example')];
    expect(refusalOf(bases, [], { subject: mail(text(0x16, 'x@a.example')) })).toBeUndefined();
    expect(refusalOf(bases, [], { subject: mail(text(0x16, 'x@b.example')) })).toMatch(/none of the permitted/);
  });

  it('with an e-mail address that is no text fails', () => {
    expect(refusalOf([dnsName('a.example')], [], { subject: mail(sequence()) })).toMatch(/is not well formed/);
  });
});

describe('the sentence of a refusal', () => {
  it('names at most four permitted subtrees, and counts the others', () => {
    const bases = (count: number) => Array.from({ length: count }, (_, index) => dnsName(`h${index}.example`));
    const held = { names: [dnsName('b.example')] };
    expect(refusalOf(bases(4), [], held)).toMatch(/"h3.example"$/);
    expect(refusalOf(bases(6), [], held)).toMatch(/"h3.example" and 2 more$/);
  });

  it.each<[Buffer, Buffer, string]>([
    [ip('0b010203'), ip('0a000000ff000000'), 'iPAddress 0b010203'],
    [upn('x@b.example'), upn('@a.example'), 'x@b.example'],
    [directoryName(organization('Bad')), directoryName(organization('Good')), 'directoryName O=Bad'],
  ])('names the name, case %#', (held, base, shown) => {
    expect(refusalOf([base], [], { names: [held] })).toContain(shown);
  });
});
