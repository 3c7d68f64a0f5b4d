/**
 * The tuples of Windows' policy "Allow name-based strong mappings for certificates":
 * `<SHA-1 of the issuer's certificate>; <certificate policy>[, …]; UpnSuffix=<suffix> or IssuerSubject[, …]`. The sections stand in this
 * order, the entries of a section in any. A thumbprint stands in one tuple only; domain controllers drop the whole policy otherwise.
 */
import { printable } from '../../operations/printable.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { asciiLowerCase } from '../ascii-case.ts';
import { objectIdentifier, upnSuffix } from '../rules/rule-schema.ts';
import type { PolicyLine } from './strong-name-policy-file.ts';

export interface StrongNameTuple extends PolicyLine {
  /** SHA-1 of the certificate of the issuer, lower-case hexadecimal. */
  readonly thumbprint: string;
  /** Dotted OIDs; the certificate holds one of them. At least one. */
  readonly policies: readonly string[];
  /** What may stand behind the @ of a user principal name. None: that name does not count. */
  readonly upnSuffixes: readonly string[];
  /** Whether issuer and subject in altSecurityIdentities count. */
  readonly issuerSubject: boolean;
}

export interface TupleFault {
  /** Where in the file. */
  readonly place: string;
  readonly message: string;
  readonly remedy: string;
}

export interface ReadTuples {
  /** Those without a fault of their own. */
  readonly tuples: readonly StrongNameTuple[];
  readonly faults: readonly TupleFault[];
}

type TupleReport = (message: string, remedy: string) => void;

const form = 'Write THUMBPRINT; POLICY[, POLICY…]; UpnSuffix=SUFFIX and IssuerSubject, one or several.';

/** Reads every line, so that all faults are told at once. */
export function readTuples(lines: readonly PolicyLine[]): ReadTuples {
  const faults: TupleFault[] = [];
  const tuples: StrongNameTuple[] = [];
  const placeOf = new Map<string, string>();
  for (const line of lines) {
    const before = faults.length;
    const report: TupleReport = (message, remedy) => faults.push({ place: line.place, message, remedy });
    const tuple = readTuple(line, report);
    const earlier = tuple && placeOf.get(tuple.thumbprint);
    if (earlier !== undefined) {
      const message = `the thumbprint ${tuple?.thumbprint} stands at ${earlier} too; domain controllers then drop the whole policy`;
      report(message, 'Join the tuples of this issuer in one, if all its policies may have all its names.');
    }
    if (tuple && earlier === undefined) placeOf.set(tuple.thumbprint, line.place);
    if (tuple && faults.length === before) tuples.push(tuple);
  }
  return { tuples, faults };
}

/** @returns what could be read of it; undefined when not even the thumbprint could */
function readTuple(line: PolicyLine, report: TupleReport): StrongNameTuple | undefined {
  const hidden = /[\p{Cf}\p{Cc}]/u.exec(line.text.replaceAll('\t', ' '))?.[0];
  if (hidden !== undefined) {
    const message = `holds a character that does not show: ${printable(hidden)}`;
    report(
      message,
      'Remove it; the certificate window of Windows puts one before a thumbprint that is copied from it.',
    );
    return undefined;
  }
  const sections = line.text.split(';').map((section) => section.trim());
  const [first = '', second = '', third = ''] = sections;
  if (sections.length !== 3) {
    const found = sections.length === 1 ? 'holds no semicolon' : `holds ${sections.length} sections`;
    report(`${found}; a tuple has three sections, parted by semicolons`, form);
    return undefined;
  }
  const thumbprint = readThumbprint(first, report);
  const policies = readPolicies(second, report);
  const methods = readMethods(third, report);
  return thumbprint === undefined ? undefined : { ...line, thumbprint, policies, ...methods };
}

function readThumbprint(text: string, report: TupleReport): string | undefined {
  const digits = asciiLowerCase(text.replace(/[\s:]/g, ''));
  if (/^[0-9a-f]{40}$/.test(digits)) return digits;
  const remedy = 'Give the SHA-1 thumbprint of the certificate of the issuing CA, 40 hexadecimal digits.';
  if (text === '') report('the first section is empty; a tuple has exactly one thumbprint', remedy);
  else if (text.includes(','))
    report('holds several thumbprints; a tuple has exactly one', 'Write one tuple for each.');
  else if (/^[0-9a-f]+$/.test(digits))
    report(`the thumbprint has ${digits.length} hexadecimal digits; a SHA-1 has 40`, remedy);
  else report(`the thumbprint ${printable(text)} is not hexadecimal`, remedy);
  return undefined;
}

function readPolicies(section: string, report: TupleReport): readonly string[] {
  const remedy = 'Give the OIDs of the certificate policies in dotted decimal, with commas between.';
  const policies = entriesOf(section, 'policy', remedy, report);
  for (const policy of policies) {
    const { error } = objectIdentifier.safeParse(policy);
    if (error) report(`the policy ${printable(policy)} is not an object identifier in dotted decimal`, remedy);
    if (policy === oids.anyPolicy)
      report(
        `the policy ${policy} is anyPolicy, which pins nothing`,
        'Name the policies that the CA checks names under.',
      );
  }
  return [...new Set(policies)];
}

function readMethods(section: string, report: TupleReport): Pick<StrongNameTuple, 'upnSuffixes' | 'issuerSubject'> {
  const remedy = 'Give UpnSuffix=corp.example, IssuerSubject, or both.';
  const suffixes = new Set<string>();
  let issuerSubject = false;
  for (const method of entriesOf(section, 'method', remedy, report)) {
    const [name = '', ...values] = method.split('=').map((part) => part.trim());
    const value = values.join('=');
    const isKnown = ['upnsuffix', 'issuersubject'].includes(asciiLowerCase(name));
    if (!isKnown) report(`the method ${printable(name)} is unknown; there are UpnSuffix and IssuerSubject`, remedy);
    else if (asciiLowerCase(name) === 'issuersubject') {
      issuerSubject = true;
      if (values.length > 0) report(`IssuerSubject takes no value; it has ${printable(value)}`, 'Write IssuerSubject.');
    } else if (!upnSuffix.safeParse(value).success)
      report(
        value === '' ? 'UpnSuffix has no value' : `the suffix ${printable(value)} is not what stands after an @`,
        'Write UpnSuffix=corp.example, without the @; it stands for this suffix alone, not for those below it.',
      );
    else suffixes.add(value);
  }
  return { upnSuffixes: [...suffixes], issuerSubject };
}

function entriesOf(section: string, what: string, remedy: string, report: TupleReport): readonly string[] {
  const entries = section.split(',').map((entry) => entry.trim());
  const given = entries.filter((entry) => entry !== '');
  if (given.length === 0) report(`the section of the ${what === 'policy' ? 'policies' : 'methods'} is empty`, remedy);
  else if (given.length < entries.length) report(`a ${what} is missing beside a comma`, remedy);
  return given;
}
