/** Values and lines of the site log: IIS’s spelling, and nothing that a client sends can end a value or a line. */
import { describe, expect, it } from 'vitest';
import {
  type LogEntry,
  type LogFlag,
  logFields,
  logFlags,
  usualFlags,
} from '../../../../src/operations/site-log/log-fields.ts';
import { logHeader, logLine, logValue } from '../../../../src/operations/site-log/log-line.ts';
import { decodeOctets } from '../../../../src/storage/octet-text.ts';

const names = { site: 'files', computer: 'gw 1' };

const entry: LogEntry = {
  at: new Date('2026-11-28T23:59:59.999Z'),
  clientAddress: '2001:db8::1',
  clientPort: 50_000,
  userName: 'CORP\\ada b',
  host: 'ftp.example.com',
  serverAddress: '192.0.2.1',
  serverPort: 21,
  method: 'STOR',
  argument: 'my file.txt',
  status: 550,
  win32Status: 5,
  subStatus: 1,
  bytesSent: 10,
  bytesReceived: 20,
  durationMilliseconds: 30,
  session: 'S1',
  fullPath: '/in box/my file.txt',
  denial: 'access-denied',
  certificate: {
    subject: 'CN=Ada B,O=Example',
    issuer: 'CN=CA',
    serialNumber: '0a',
    sha256: 'ff',
    account: 'CN=ada,DC=corp',
    revocation: 'good',
  },
};

describe('the fields of a site log', () => {
  it('are by default those of IIS, in its order and spelling', () => {
    expect(logHeader(usualFlags, 'cardgate 1', entry.at).toString()).toBe(
      '#Software: cardgate 1\n#Version: 1.0\n#Date: 2026-11-28 23:59:59\n' +
        '#Fields: date time c-ip cs-username s-ip s-port cs-method cs-uri-stem sc-status sc-win32-status sc-substatus x-session x-fullpath\n',
    );
  });

  it('are at most the 21 of IIS, then those of the certificate', () => {
    expect(logFlags.map((flag) => logFields[flag].name).join(' ')).toBe(
      'date time c-ip c-port cs-username s-sitename s-computername cs-host s-ip s-port cs-method cs-uri-stem sc-status ' +
        'sc-win32-status sc-substatus sc-bytes cs-bytes time-taken x-session x-fullpath x-debug ' +
        'x-cert-subject x-cert-issuer x-cert-serial x-cert-sha256 x-cert-account x-cert-revocation',
    );
    expect(logLine(logFlags, entry, names)).toBe(
      '2026-11-28 23:59:59 2001:db8::1 50000 CORP\\ada+b files gw+1 ftp.example.com 192.0.2.1 21 STOR my+file.txt 550 ' +
        '5 1 10 20 30 S1 /in+box/my+file.txt access-denied CN=Ada+B,O=Example CN=CA 0a ff CN=ada,DC=corp good',
    );
  });

  it('that do not apply are a hyphen', () => {
    const { at, clientAddress, serverAddress, session } = entry;
    const numbers = { win32Status: 0, subStatus: 0, bytesSent: 0, bytesReceived: 0, durationMilliseconds: 0 };
    const opened = { at, clientAddress, serverAddress, session, ...numbers, method: 'ControlChannelOpened' };
    expect(logLine(usualFlags, opened, names)).toBe(
      '2026-11-28 23:59:59 2001:db8::1 - 192.0.2.1 - ControlChannelOpened - - 0 0 S1 -',
    );
  });
});

describe('a value', () => {
  const cases: readonly (readonly [rule: string, text: string, value: string])[] = [
    ['that is empty is a hyphen', '', '-'],
    ['that is a hyphen is not taken for an empty one', '-', '%2D'],
    ['has + for a blank, as IIS has it', 'utf8 on', 'utf8+on'],
    ['with a + is not that with a blank', 'a+b', 'a%2Bb'],
    ['with a % is not that of an escape', 'a%20b', 'a%2520b'],
    ['keeps letters of every script', 'Grüße-日本', 'Grüße-日本'],
    ['cannot end its line by CR LF', 'x\r\n#Fields: y', 'x%0D%0A#Fields:+y'],
    ['cannot be taken for a directive', '#Fields: date', '%23Fields:+date'],
    ['cannot be taken for several by a tab', 'a\tb', 'a%09b'],
    ['cannot open a quotation', 'a"b', 'a%22b'],
    ['has no control character', '\u0000\u001b[2J\u007f\u0085', '%00%1B[2J%7F%C2%85'],
    ['has no separator of another script', 'a\u00a0b\u2028c\u3000d', 'a%C2%A0b%E2%80%A8c%E3%80%80d'],
    ['cannot turn the direction of what follows', 'gpj.\u202eexe', 'gpj.%E2%80%AEexe'],
    ['keeps apart the octets that are no UTF-8', decodeOctets(Buffer.from([0x61, 0xff, 0xfe])), 'a%FF%FE'],
    ['is cut at 4096 characters, and says so', 'x'.repeat(5000), `${'x'.repeat(4096)}…`],
    ['is not cut within a character', `${'x'.repeat(4095)}😀😀`, `${'x'.repeat(4095)}…`],
  ];
  it.each(cases)('%s', (_rule, text, value) => {
    expect(logValue(text)).toBe(value);
  });

  it('of any text has neither a blank nor a line end', () => {
    for (let code = 0; code <= 0xffff; code += 1) {
      expect(/[\s"]/u.test(logValue(String.fromCodePoint(code)))).toBe(false);
    }
  });

  it.each<LogFlag>(['Method', 'UriStem', 'UserName'])(
    'that a line of %s alone begins with makes no directive of it',
    (flag) => {
      const hostile = { ...entry, method: '#Date:', argument: '#Date:', userName: '#Date:' };
      expect(logLine([flag], hostile, names)).toBe('%23Date:');
    },
  );
});
