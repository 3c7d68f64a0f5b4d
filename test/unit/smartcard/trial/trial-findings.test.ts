/** The table of findings: complete, readable by people, and reached from every failure that libraries and servers report. */
import { FTPError } from 'basic-ftp';
import { describe, expect, it } from 'vitest';
import { CardFault, cardFaults } from '../../../../src/smartcard/reader/card-fault.ts';
import {
  ServerCertificateRefused,
  type ServerRefusal,
} from '../../../../src/smartcard/tls13/handshake/server-verifier.ts';
import {
  HandshakeTimeout,
  NoCommonSignatureScheme,
  TlsAlertReceived,
  TlsTruncated,
} from '../../../../src/smartcard/tls13/tls-error.ts';
import { TrialStop } from '../../../../src/smartcard/trial/control-dialogue.ts';
import { type Activity, findingOfFailure } from '../../../../src/smartcard/trial/failure-findings.ts';
import { type FindingCode, finding, trialFindings } from '../../../../src/smartcard/trial/trial-findings.ts';

const entries = Object.entries(trialFindings);

describe('every finding', () => {
  it.each(entries)('%s has a meaning and a remedy, each one sentence for people', (code, { meaning, remedy }) => {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/);
    for (const sentence of [meaning, remedy]) {
      expect(sentence).toMatch(/^[A-Z].*[.]$/);
      expect(sentence.length).toBeLessThan(200);
    }
  });

  it('means something of its own', () => {
    expect(new Set(entries.map(([, { meaning }]) => meaning)).size).toBe(entries.length);
  });

  it('of a card is one of the trial', () => {
    for (const code of Object.keys(cardFaults)) expect(trialFindings).toHaveProperty(code);
  });
});

const coded = (code: string, message = code) => Object.assign(new Error(message), { code });
const reply = (code: number) => new FTPError({ code, message: `${code} text` });
const refused = (reason: ServerRefusal) => new ServerCertificateRefused('files.example', reason, 'detail.');

describe('a failure', () => {
  it.each<[string, unknown, Activity, FindingCode]>([
    ['an unknown name', coded('ENOTFOUND'), 'connect', 'address-unknown'],
    ['a closed port', coded('ECONNREFUSED'), 'connect', 'connection-refused'],
    ['no route', coded('EHOSTUNREACH'), 'connect', 'network-unreachable'],
    ['silence of the network', coded('ETIMEDOUT'), 'connect', 'connection-timeout'],
    ['silence of the server', new Error('Timeout (control socket)'), 'login', 'connection-timeout'],
    ['silence in the handshake', new HandshakeTimeout(1, 'the server'), 'tls', 'connection-timeout'],
    ['a reset', coded('ECONNRESET'), 'login', 'connection-lost'],
    ['a cut', new TlsTruncated('handshake'), 'tls', 'connection-lost'],
    ['an expired server', refused('certificate-expired'), 'tls', 'server-certificate-expired'],
    ['a server of tomorrow', refused('certificate-not-yet-valid'), 'tls', 'server-certificate-not-yet-valid'],
    ['another server', refused('host-mismatch'), 'tls', 'server-certificate-wrong-name'],
    ['an unknown server', refused('path-not-found'), 'tls', 'server-certificate-untrusted'],
    ['a server with a weak key', refused('algorithm-not-acceptable'), 'tls', 'server-certificate-invalid'],
    ['OpenSSL on an expired server', coded('CERT_HAS_EXPIRED'), 'login', 'server-certificate-expired'],
    ['OpenSSL on an unknown server', coded('SELF_SIGNED_CERT_IN_CHAIN'), 'login', 'server-certificate-untrusted'],
    ['an alert', new TlsAlertReceived('certificate_revoked'), 'login', 'tls-refused'],
    ['an alert through OpenSSL', coded('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), 'login', 'tls-refused'],
    ['no scheme in common', new NoCommonSignatureScheme(['ed25519'], [], []), 'login', 'signature-scheme-not-wanted'],
    ['a card that was pulled', new CardFault('card-removed'), 'login', 'card-removed'],
    ['a fault that has its finding', new TrialStop(finding('not-ftp')), 'connect', 'not-ftp'],
    ['530 to USER', reply(530), 'login', 'login-refused'],
    ['421 to USER', reply(421), 'login', 'login-unavailable'],
    ['331 to USER', reply(331), 'login', 'password-wanted'],
    ['550 to an upload', reply(550), 'upload', 'upload-refused'],
    ['550 to a listing', reply(550), 'list', 'list-refused'],
    ['550 to a download', reply(550), 'download', 'reply-unexpected'],
    ['522 to an upload', reply(522), 'upload', 'data-connection-refused'],
    ['425 to a listing', reply(425), 'list', 'data-connection-refused'],
    ['426 to a download', reply(426), 'download', 'data-connection-failed'],
    ['an unknown error, before the login', coded('ERR_SSL_WHATEVER'), 'login', 'tls-failed'],
    ['an unknown error, in a transfer', new Error('whatever'), 'upload', 'data-connection-failed'],
  ])('%s has its finding', (_, error, activity, code) => {
    expect(findingOfFailure(error, activity).code).toBe(code);
  });

  it('tells what the alert asks for', () => {
    expect(findingOfFailure(new TlsAlertReceived('certificate_revoked'), 'login').detail).toMatch(
      /^certificate_revoked: /,
    );
    expect(findingOfFailure(coded('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED'), 'login').detail).toMatch(
      /^certificate_expired: .*renew it/,
    );
  });

  it('shows nothing that a terminal acts on', () => {
    const hostile = new FTPError({ code: 530, message: '530 \u001b[2J\u202egone' });
    expect(findingOfFailure(hostile, 'login').detail).toBe('530 \\u{1b}[2J\\u{202e}gone');
  });
});
