/** What several CRLs say of one certificate together (RFC 5280 3.3, 5.2.4, 5.3.1). */
import { describe, expect, it } from 'vitest';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import type { CrlReason } from '../../../../src/pki/crl/crl-reason.ts';
import {
  type CrlStatement,
  type Listing,
  newerHold,
  outcomeOf,
  revocationIn,
} from '../../../../src/pki/crl/crl-statement.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { integer } from '../../../support/der-builder.ts';
import { days, extension, issueCrl, root } from '../../../support/handmade-certificates.ts';

const issuer = root();
const parsedCrl = (source: string, ...extensions: readonly Buffer[]) =>
  parseCrl(issueCrl(issuer, { extensions }), source);
const number = (value: number) => extension(oids.crlNumber, integer(value));
const complete = (source: string) => parsedCrl(source, number(5));
const delta = (source: string) => parsedCrl(source, number(6), extension(oids.deltaCrlIndicator, integer(5), true));

interface Saying {
  readonly day: number;
  readonly reason?: CrlReason;
  readonly authority?: string;
  readonly isDelta?: true;
  readonly isOld?: true;
}

/** A statement whose CRL is named after its place in the list. */
function statement({ day, reason, authority = 'CA', isDelta, isOld }: Saying, index: number): CrlStatement {
  const source = String(index);
  return {
    crl: isDelta ? delta(source) : complete(source),
    authority,
    asOf: days(day),
    ...(reason && { entry: { revocationDate: days(-9), reason } }),
    ...(isOld && { outOfDate: 'its next update was due' }),
  };
}

const sourceOf = (listing: CrlStatement | undefined) => listing?.crl.source;
const hold = 'certificateHold';
const lifted = 'removeFromCRL';

describe('a revocation (RFC 5280 3.3)', () => {
  it.each<[string, readonly Saying[], string | undefined]>([
    ['is told by a current CRL rather than by a newer one out of date', [{ day: -1, isOld: true }, { day: -2 }], '1'],
    ['is told by a CRL out of date when no current one lists it', [{ day: -2, isOld: true }], '0'],
    ['is told by the first current one', [{ day: -1 }, { day: -2, isOld: true }, { day: -3 }], '0'],
  ])('%s', (_rule, sayings, source) => {
    const statements = sayings.map((saying, index) => statement({ ...saying, reason: 'keyCompromise' }, index));
    expect(sourceOf(revocationIn(statements))).toBe(source);
  });

  it('is no hold, and nothing that was taken off the list', () => {
    expect(revocationIn([{ day: -1 }, { day: -1, reason: hold } as const].map(statement))).toBeUndefined();
    expect(revocationIn([statement({ day: -1, reason: lifted }, 0)])).toBeUndefined();
  });
});

describe('what the CRLs come to when none revokes for ever', () => {
  it.each<[rule: string, newestFirst: readonly Saying[], heldBy: string | undefined, goodBy: readonly string[]]>([
    [
      'a newer CRL of another authority lifts no hold',
      [
        { day: -1, authority: 'other' },
        { day: -2, reason: hold },
      ],
      '1',
      ['0'],
    ],
    ['a newer CRL of the same authority lifts a hold', [{ day: -1 }, { day: -2, reason: hold }], undefined, ['0']],
    [
      'of the holds of two authorities the newer is told, whichever stands first',
      [
        { day: -3, reason: hold },
        { day: -1, reason: hold, authority: 'other' },
      ],
      '1',
      [],
    ],
    [
      'an older hold of another authority does not take the place of a newer one',
      [
        { day: -1, reason: hold },
        { day: -3, reason: hold, authority: 'other' },
      ],
      '0',
      [],
    ],
    [
      'what is older than a hold does not become good because a newer CRL, out of date, lacks the entry',
      [{ day: -1, isOld: true }, { day: -2, reason: hold }, { day: -3 }],
      undefined,
      [],
    ],
    [
      'a CRL out of date is no proof that a certificate is good beside an older one that is current',
      [{ day: -1, isOld: true }, { day: -2 }],
      undefined,
      ['1'],
    ],
    [
      'a delta CRL of another authority lifts no hold of a base (RFC 5280 5.2.4)',
      [
        { day: -1, reason: lifted, isDelta: true, authority: 'other' },
        { day: -2, reason: hold },
      ],
      '1',
      [],
    ],
    [
      'a delta CRL out of date lifts no hold of its base',
      [
        { day: -1, reason: lifted, isDelta: true, isOld: true },
        { day: -2, reason: hold },
      ],
      '1',
      [],
    ],
    [
      'a delta CRL of another authority out of date lifts none either',
      [
        { day: -1, reason: lifted, isDelta: true, isOld: true, authority: 'other' },
        { day: -2, reason: hold },
      ],
      '1',
      [],
    ],
    [
      'a current delta CRL lifts the hold of its base',
      [
        { day: -1, reason: lifted, isDelta: true },
        { day: -2, reason: hold },
      ],
      undefined,
      ['0'],
    ],
    [
      'a current delta CRL makes a base current that is out of date',
      [
        { day: -1, isDelta: true },
        { day: -2, isOld: true },
      ],
      undefined,
      ['0'],
    ],
    [
      'a delta CRL without its base that takes the certificate off a list holds nothing (RFC 5280 5.3.1)',
      [{ day: -1, reason: lifted, isDelta: true, authority: 'other' }, { day: -2 }],
      undefined,
      ['1'],
    ],
    [
      'a delta CRL without its base holds',
      [{ day: -1, reason: hold, isDelta: true, isOld: true }, { day: -2 }],
      '0',
      [],
    ],
    [
      'a hold that a delta CRL adds is told of that delta CRL',
      [{ day: -1, reason: hold, isDelta: true }, { day: -2 }],
      '0',
      [],
    ],
    [
      'a hold that a delta CRL is silent about is told of its base',
      [
        { day: -1, isDelta: true },
        { day: -2, reason: hold },
      ],
      '1',
      [],
    ],
  ])('%s', (_rule, newestFirst, heldBy, goodBy) => {
    const { hold: found, good } = outcomeOf(newestFirst.map(statement));
    expect(sourceOf(found)).toBe(heldBy);
    expect(good.map(sourceOf)).toEqual(goodBy);
  });

  it('names good evidence of several authorities from the newest on', () => {
    const sayings = [{ day: -3 }, { day: -1, authority: 'other' }, { day: -2, authority: 'third' }];
    expect(outcomeOf(sayings.map(statement)).good.map(sourceOf)).toEqual(['1', '2', '0']);
  });
});

describe('the newer of two holds', () => {
  const at = (day: number, index: number) => statement({ day, reason: hold }, index) as Listing;
  const [older, newer, same] = [at(-2, 0), at(-1, 1), at(-2, 2)];
  it.each<[string, Listing | undefined, Listing | undefined, Listing | undefined]>([
    ['is the only one that is known', older, undefined, older],
    ['is the only one that is found', undefined, older, older],
    ['is the one that is found', older, newer, newer],
    ['is the one that is known', newer, older, newer],
    ['is the one that is known when both are of one moment', older, same, older],
  ])('%s', (_rule, known, found, expected) => expect(newerHold(known, found)).toBe(expected));
});
