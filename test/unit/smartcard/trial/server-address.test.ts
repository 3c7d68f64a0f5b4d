/** Which server, and which way to TLS, an address means. */
import { describe, expect, it } from 'vitest';
import { addressRule, parseServerAddress, type ServerAddress } from '../../../../src/smartcard/trial/server-address.ts';

const { explicit, implicit } = { explicit: 'explicit', implicit: 'implicit' } as const;

describe('an address', () => {
  it.each<[string, ServerAddress['tls'] | undefined, string, number, ServerAddress['tls']]>([
    ['ftps://files.example', undefined, 'files.example', 990, implicit],
    ['FTPS://files.example/', undefined, 'files.example', 990, implicit],
    ['files.example', undefined, 'files.example', 990, implicit],
    ['ftps://files.example:990', undefined, 'files.example', 990, implicit],
    ['ftps://files.example:21', undefined, 'files.example', 21, explicit],
    ['ftps://files.example:2121', undefined, 'files.example', 2121, explicit],
    ['ftp://files.example', undefined, 'files.example', 21, explicit],
    ['ftpes://files.example:990', undefined, 'files.example', 990, explicit],
    ['ftps://files.example', explicit, 'files.example', 21, explicit],
    ['ftp://files.example', implicit, 'files.example', 990, implicit],
    ['ftps://files.example:2121', implicit, 'files.example', 2121, implicit],
    ['ftps://192.0.2.7', undefined, '192.0.2.7', 990, implicit],
    ['ftps://127.1:21', undefined, '127.0.0.1', 21, explicit],
    ['ftps://[2001:db8::7]:21', undefined, '2001:db8::7', 21, explicit],
    ['ftps://dateien.müller.example', undefined, 'dateien.xn--mller-kva.example', 990, implicit],
  ])('%s with %s decided is %s port %i, %s', (text, forced, host, port, tls) => {
    expect(parseServerAddress(text, forced)).toEqual({ host, port, tls });
  });

  it.each([
    'http://files.example',
    'ftps://ada@files.example',
    'ftps://ada:secret@files.example',
    'ftps://files.example/home',
    'ftps://files.example:0',
    'ftps://files.example:65536',
    'ftps://files example',
    'ftps://files.example:21\r\nDELE x',
    'ftps://',
    'ftps://..',
    'ftps://[::1',
    '',
  ])('%j is no address', (text) => {
    expect(() => parseServerAddress(text)).toThrow(RangeError);
  });

  it('is explained in the help by the rule above', () => {
    expect(addressRule).toMatch(/ftp:\/\/.*port 21; ftps:\/\/.*port 990.*AUTH TLS where another port/);
  });
});
