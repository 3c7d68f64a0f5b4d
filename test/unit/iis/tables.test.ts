/** The tables of the schema and of the import agree, and every attribute behaves by its type: written as its default, and with hostile values. */
import { describe, expect, it } from 'vitest';
import { importRows, schemaAttributes } from '../../../scripts/reference/iis-page.ts';
import { iisNames } from '../../../scripts/reference/settings-tables.ts';
import { importIis } from '../../../src/iis/import-iis.ts';
import { InputFault } from '../../../src/iis/reading/input-fault.ts';
import type { ValueType } from '../../../src/iis/schema/element-schema.ts';
import { readValue } from '../../../src/iis/values/read-value.ts';
import { iisFile, imported, noOptions, thumbprint } from '../../support/iis-files.ts';

const attributes = schemaAttributes();

describe('the table of the import', () => {
  it('has a row for every attribute of the schema, and no other', () => {
    expect(
      importRows()
        .map(({ iis }) => iis)
        .sort(),
    ).toEqual(attributes.map(({ iis }) => iis).sort());
  });

  it('says why for every row that is not the same', () => {
    expect(importRows().filter(({ fate, why }) => fate !== 'same' && why === undefined)).toEqual([]);
  });

  it('names settings that are there', () => {
    const settings = [...iisNames().keys()];
    const isThere = (name: string) =>
      settings.some((one) => one === name || one.startsWith(`${name}[`) || one.startsWith(`${name}.`));
    const unknown = importRows().filter(
      ({ setting }) => setting !== undefined && !isThere(setting) && !isThere(`sites[].${setting}`),
    );
    expect(unknown.map(({ iis }) => iis)).toEqual([]);
  });

  it('knows every name of IIS that a setting tells, and leads to that setting', () => {
    const rows = new Map(importRows().map(({ iis, setting }) => [iis, setting]));
    const told = [...iisNames()].filter(([, iis]) => iis !== undefined && iis !== 'location@path');
    const astray = told.filter(([setting, iis]) => {
      const row = rows.get(iis ?? '');
      return row === undefined || !(setting === row || setting.startsWith(`sites[].${row.replace(/\..*$/, '')}`));
    });
    // One attribute of IIS is the folder of the site, or that of a virtual directory.
    expect(astray.map(([setting]) => setting)).toEqual(['sites[].virtualDirectories[].physicalPath']);
  });

  it.each(attributes.filter((one) => one.default !== undefined))(
    '$iis has a default of its type',
    ({ type, default: byDefault }) => {
      expect(readValue(type, byDefault ?? '')).toMatchObject({ outcome: 'read' });
      expect(readValue(type, byDefault ?? '')).not.toHaveProperty('oddity');
    },
  );
});

/** Below ftpServer, without entries of collections. */
const single = attributes.filter(({ iis }) => iis.startsWith('ftpServer') && !iis.includes('/add@'));
const secure = `<security><ssl serverCertHash="${thumbprint}" /><authentication><basicAuthentication enabled="true" /></authentication></security>`;

/** The file with this attribute, on its element, in siteDefaults or in the site; the site itself has what lets accounts in. */
function fileWith(iis: string, value: string, where: 'site' | 'siteDefaults'): string {
  const [path = '', name = ''] = iis.split('@');
  const names = path.split('/').slice(1);
  const attribute = `${name}="${value}"`;
  if (names.length === 0)
    return where === 'site'
      ? iisFile({ attributes: attribute })
      : iisFile({ siteDefaults: `<ftpServer ${attribute} />` });
  const inner = names
    .toReversed()
    .reduce((inside, one, index) => `<${one}${index === 0 ? ` ${attribute}` : ''}>${inside}</${one}>`, '');
  if (where === 'siteDefaults') return iisFile({ siteDefaults: `<ftpServer>${inner}</ftpServer>` });
  return names[0] === 'security'
    ? iisFile({ ftpServer: inner, siteDefaults: `<ftpServer>${secure}</ftpServer>` })
    : iisFile({ more: inner });
}

/** Values that no attribute of the type has. */
function faultyValues({ kind }: ValueType): readonly string[] {
  if (kind === 'string' || kind === 'encrypted') return [];
  return ['', 'x', '-1', '99999999999999999999', 'true;', '../../etc/passwd', '&lt;a&gt;', '%SystemDrive%'].filter(
    (text) => kind !== 'flags' || text !== '',
  );
}

describe('every attribute below ftpServer', () => {
  it.each(single)(
    '$iis is spoken of, in the site and in siteDefaults, and its default changes nothing',
    ({ iis, type, default: byDefault }) => {
      const value = byDefault ?? (type.kind === 'uint' ? '0' : '');
      const before = imported(iisFile());
      for (const where of ['site', 'siteDefaults'] as const) {
        const file = fileWith(iis, value.replaceAll('"', '&quot;'), where);
        const { told, sites } = imported(file);
        const isOverridden = where === 'siteDefaults' && iis.startsWith('ftpServer/security');
        if (value !== '' && !isOverridden)
          expect(told.some((line) => line.includes(iis.split('@')[0] ?? ''))).toBe(true);
        if (
          iis.endsWith('basicAuthentication@enabled') ||
          iis.endsWith('ssl@serverCertHash') ||
          iis.includes('customAuthorization')
        )
          continue;
        expect(sites, `${iis} in ${where}`).toEqual(before.sites);
      }
    },
  );

  it.each(single.flatMap(({ iis, type }) => faultyValues(type).map((value) => ({ iis, value, type }))))(
    '$iis="$value" is not understood, and stops the site where it may have closed something',
    ({ iis, value, type }) => {
      const plain = value.replaceAll('&lt;', '<').replaceAll('&gt;', '>');
      if (readValue(type, plain).outcome !== 'faulty') return;
      const { told, sites } = imported(fileWith(iis, value, 'site'));
      expect(told).toContain(`notUnderstood ${iis}`);
      const isSecurity = /^ftpServer\/(?:security|userIsolation)/.test(iis);
      expect(sites[0]?.written === 'written as a comment').toBe(isSecurity);
    },
  );

  it.each(single.filter(({ type }) => type.kind === 'string'))(
    '$iis with hostile text neither breaks the configuration nor the terminal',
    ({ iis }) => {
      const hostile =
        'a&#10;sites: []&#10;# \u009b31m \u202e &quot; &apos; {a: b} $(x) `id` \u2028 - !!js/x &amp;a *a %TAG 😀';
      const { yaml, findings, settings } = imported(fileWith(iis, hostile, 'site'));
      if (!iis.endsWith('@serverCertHash')) expect(settings).toMatchObject({ name: 'files' });
      expect(`${yaml}${JSON.stringify(findings)}`).not.toMatch(/[\u0080-\u009f\u202e\u2028]/);
    },
  );
});

describe('what is never repeated', () => {
  it.each([
    ['a password in clear', 'password="Winter2019!"'],
    ['an encrypted one', 'password="[enc:AesProvider:Winter2019!:enc]"'],
    ['an encrypted one with a break in it', 'password="[enc:AesProvider:a&#10;Winter2019!:enc]"'],
  ])('%s', (_name, attribute) => {
    const folders = `<application path="/"><virtualDirectory path="/" physicalPath="D:\\f" ${attribute} /></application>`;
    const { yaml, findings, told } = imported(iisFile({ folders }));
    expect(told).toContain('needsDecision site/application/virtualDirectory@password');
    expect(`${yaml}${JSON.stringify(findings)}`).not.toContain('Winter2019!');
  });
});

it('the same file gives the same result, octet for octet', () => {
  const octets = Buffer.from(iisFile());
  expect(importIis('a', octets, noOptions)).toEqual(importIis('a', octets, noOptions));
});

it('a fault of the file is an InputFault, and nothing else is thrown', () => {
  expect(() => importIis('a', Buffer.from('<configuration'), noOptions)).toThrow(InputFault);
});
