/**
 * Looks at every element and attribute of a part of the input against the schema, and finds what is not understood: names that are
 * unknown, misspelt or in the wrong place, values of another type, entries twice. Passwords are found and never repeated.
 */
import { printable } from '../../operations/printable.ts';
import type { ConfigAttribute, ConfigElement } from '../reading/config-element.ts';
import { InputFault, placeText } from '../reading/input-fault.ts';
import type { CollectionSchema, ElementSchema } from '../schema/element-schema.ts';
import { rightPlaces, rightPlacesOfAttributes } from '../schema/misplaced-elements.ts';
import { readValue } from '../values/read-value.ts';
import { entryKey } from './collection-entries.ts';
import { echo } from './echo.ts';
import type { ImportFindings } from './findings.ts';

/** How bad it is that something was not understood. */
export interface Problem {
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
  /** The site that it concerns cannot be written: what is not understood may have kept people out. */
  readonly isSecurity: boolean;
  /** An administrator who knows that it means nothing may say so. */
  readonly isUnknownName: boolean;
}

export interface Examination {
  readonly findings: ImportFindings;
  /** Tells a problem, which counts for some sites. */
  problem(attribute: ConfigAttribute | ConfigElement, problem: Problem): void;
}

/** They lock files that lie deeper, and change no value. */
const locks: ReadonlySet<string> = new Set([
  'lockAttributes',
  'lockElements',
  'lockAllAttributesExcept',
  'lockAllElementsExcept',
  'lockItem',
]);

/** An element of such a name, wherever it stands and however it is spelled, was meant to close something. */
const securityNames: ReadonlySet<string> = new Set(
  [
    'security',
    'ssl',
    'sslClientCertificates',
    'authentication',
    'authorization',
    'customAuthorization',
    'commandFiltering',
    'dataChannelSecurity',
    'userIsolation',
    'ipSecurity',
    'requestFiltering',
    'denyByFailure',
    'anonymousAuthentication',
    'basicAuthentication',
    'clientCertAuthentication',
    'ftpServer',
  ].map((name) => name.toLowerCase()),
);

/**
 * @param path of the element, as findings name it
 * @param isSecurity whether it lies in a part that keeps people out
 * @throws InputFault for what makes the file useless: values that lie elsewhere or are encrypted as a section, rules twice
 */
export function examine(
  element: ConfigElement,
  schema: ElementSchema,
  path: string,
  examination: Examination,
  isSecurity = schema.isSecurity ?? false,
): void {
  refuseElsewhere(element, path);
  if (schema.isUnread) return;
  for (const attribute of element.attributes.values()) {
    examineAttribute(attribute, schema, path, examination, isSecurity);
  }
  for (const [name, { isRequired }] of Object.entries(schema.attributes)) {
    if (!isRequired || element.attributes.has(name)) continue;
    examination.problem(element, {
      subject: `${path}@${name}`,
      message: `${name} is missing, and IIS refuses the element without it`,
      remedy: 'Write the attribute, or remove the element.',
      // A site without a name is one that no rule is found for.
      isSecurity: isSecurity || path === 'site',
      isUnknownName: false,
    });
  }
  const seen = new Set<string>();
  for (const child of element.elements) {
    const role = schema.collection ? roleIn(schema.collection, child.name) : undefined;
    if (role !== undefined && schema.collection) {
      examineEntry(child, role, schema.collection, `${path}/${child.name}`, examination, isSecurity);
      continue;
    }
    const below = schema.elements[child.name];
    if (!below) {
      unknownElement(child, schema, path, examination, isSecurity);
      continue;
    }
    if (seen.has(child.name)) {
      examination.problem(child, {
        subject: `${path}/${child.name}`,
        message: 'stands twice, and IIS takes only one',
        remedy: 'Join the two.',
        isSecurity: isSecurity || securityNames.has(child.name.toLowerCase()) || child.name === 'bindings',
        isUnknownName: false,
      });
    }
    seen.add(child.name);
    const belowPath = child.name === 'ftpServer' ? child.name : `${path}/${child.name}`;
    examine(child, below, belowPath, examination, isSecurity || (below.isSecurity ?? false));
  }
  if (schema.collection) refuseTwins(element, schema.collection, path);
}

function refuseElsewhere(element: ConfigElement, path: string): void {
  const source = element.attributes.get('configSource');
  if (source) {
    const remedy = 'Put its content here in place of configSource, and import the file again.';
    throw new InputFault(source.place, `${path} lies in another file, which is not opened`, remedy);
  }
  const protection = element.attributes.get('configProtectionProvider');
  if (protection || element.elements.some(({ name }) => name === 'EncryptedData')) {
    const remedy = 'Decrypt the section on the server (aspnet_regiis -pdf, or appcmd), and import that file.';
    throw new InputFault(protection?.place ?? element.place, `${path} is encrypted as a whole`, remedy);
  }
}

function examineAttribute(
  attribute: ConfigAttribute,
  { attributes }: ElementSchema,
  path: string,
  { findings, problem }: Examination,
  isSecurity: boolean,
): void {
  const { name, value } = attribute;
  const subject = `${path}@${printable(name)}`;
  if (locks.has(name)) {
    const message = 'locks files that lie deeper, and changes no value';
    findings.addOf(attribute, { outcome: 'withoutEffect', sites: [], subject, message });
    return;
  }
  const known = attributes[name];
  if (!known) {
    const place = rightPlacesOfAttributes[`${path}@${name}`];
    const spelled = Object.keys(attributes).find((one) => one.toLowerCase() === name.toLowerCase());
    problem(attribute, {
      subject,
      message: place ? 'stands in the wrong place' : 'is no attribute that this program knows',
      remedy: place ? `It belongs to ${place}.` : spelledRemedy(spelled),
      isSecurity,
      isUnknownName: place === undefined && spelled === undefined,
    });
    return;
  }
  const read = readValue(known.type, value);
  if (read.outcome === 'secret') {
    if (value === '') return;
    findings.addOf(attribute, {
      outcome: 'needsDecision',
      sites: [],
      subject,
      message: `${secretKind(value)}; it is neither read, nor printed, nor written`,
      remedy: 'Give the account its password on the new host, in a file of its own, or do without the account.',
    });
  } else if (read.outcome === 'faulty') {
    problem(attribute, {
      subject,
      message: `${echo(value)} is not ${read.wanted}`,
      remedy: 'Correct the value. IIS refuses such a section, so that it was not in force.',
      isSecurity,
      isUnknownName: false,
    });
  } else if (read.oddity !== undefined) {
    const message = `${echo(value)} ${read.oddity}`;
    findings.addOf(attribute, { outcome: 'different', sites: [], subject, message });
  }
}

function secretKind(value: string): string {
  const [, provider, cipher] = /^\[enc:([^:\]]*):(.*):enc\]$/s.exec(value) ?? [];
  if (provider === undefined) return 'holds a password in clear';
  if (cipher === '') return `is an encrypted value of ${printable(provider)} without content`;
  return `is encrypted by ${printable(provider)}, which only that machine can undo`;
}

function spelledRemedy(spelled: string | undefined): string {
  return spelled === undefined
    ? 'Find out what it did, or remove it.'
    : `Names are case-sensitive in IIS: write ${spelled}.`;
}

function unknownElement(
  element: ConfigElement,
  { elements }: ElementSchema,
  path: string,
  { problem }: Examination,
  isSecurity: boolean,
): void {
  const { name } = element;
  const subject = `${path}/${printable(name)}`;
  refuseElsewhere(element, subject);
  const place = rightPlaces[subject];
  const spelled = Object.keys(elements).find((one) => one.toLowerCase() === name.toLowerCase());
  const closes = holdsSecurity(element);
  const mustBeKnown = place !== undefined || spelled !== undefined || closes;
  problem(element, {
    subject,
    message: place ? 'stands in the wrong place' : 'is no element that this program knows',
    remedy: place ? `It belongs to ${place}.` : spelledRemedy(spelled),
    isSecurity: isSecurity || closes,
    isUnknownName: !mustBeKnown,
  });
}

/** Whether it, or an element below it, has a name of what closes. */
function holdsSecurity({ name, elements }: ConfigElement): boolean {
  return securityNames.has(name.toLowerCase()) || elements.some(holdsSecurity);
}

type EntryRole = 'add' | 'remove' | 'clear';

/** @returns what an element of a collection does, undefined for an element that belongs to no collection */
function roleIn({ add, remove, clear }: CollectionSchema, name: string): EntryRole | undefined {
  if (name === add) return 'add';
  if (name === remove) return 'remove';
  return name === clear ? 'clear' : undefined;
}

function examineEntry(
  element: ConfigElement,
  role: EntryRole,
  { entry, keys }: CollectionSchema,
  path: string,
  examination: Examination,
  isSecurity: boolean,
): void {
  if (role === 'add') {
    examine(element, entry, path, examination, isSecurity || (entry.isSecurity ?? false));
    return;
  }
  const attributes = Object.entries(entry.attributes)
    .filter(([name]) => role === 'remove' && keys.includes(name))
    .map(([name, { type }]) => [name, { type }]);
  examine(element, { attributes: Object.fromEntries(attributes), elements: {} }, path, examination, isSecurity);
}

/** Between two entries of one key IIS cannot choose, and neither may this program. */
function refuseTwins(element: ConfigElement, schema: CollectionSchema, path: string): void {
  const first = new Map<string, ConfigElement>();
  for (const child of element.elements) {
    const role = roleIn(schema, child.name);
    if (role === 'clear') first.clear();
    if (role === 'remove') first.delete(entryKey(child, schema));
    if (role !== 'add') continue;
    const key = entryKey(child, schema);
    const before = first.get(key);
    if (before) {
      const named = schema.keys.join(', ');
      const message = `${path} has two entries of the same ${named}; the first stands at ${placeText(before.place)}`;
      throw new InputFault(child.place, message, 'IIS refuses such a file. Remove one of the two.', before.place);
    }
    first.set(key, child);
  }
}
