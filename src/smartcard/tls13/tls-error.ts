/** Every way in which a TLS 1.3 connection fails, each with a code for programs and a remedy for people. Never holds a secret. */
import { CardError } from '../card/card-error.ts';
import { type AlertName, alertRemedy, isAlertName } from './alerts.ts';
import type { SignatureScheme } from './client-credential.ts';

const serverAtFault = 'Tell who runs the server, with this message; or something on the way changes the connection.';

export class TlsError extends CardError {
  /** `ERR_TLS_` and the rest in capitals. */
  readonly code: string;
  /** The alert that the server was told this by, or that it sent, in the words of RFC 8446; absent when there was none. */
  readonly alert?: string;

  constructor(code: string, message: string, remedy: string, alert?: string) {
    super(message, remedy);
    this.code = code;
    if (alert !== undefined) this.alert = alert;
  }
}

/** The server broke a rule of RFC 8446 and was told so by `alert`; the code is `ERR_TLS_` and the name of the alert. */
export class TlsViolation extends TlsError {
  constructor(alert: AlertName, message: string) {
    const code = `ERR_TLS_${alert.toUpperCase()}`;
    super(code, `The server broke the rules of TLS: ${message} (${alert}).`, serverAtFault, alert);
  }
}

/** The server ended the connection with `alert`; the code is `ERR_TLS_ALERT_` and its name. */
export class TlsAlertReceived extends TlsError {
  constructor(alert: string) {
    const code = `ERR_TLS_ALERT_${alert.toUpperCase()}`;
    super(code, `The server ended the TLS connection with the alert ${alert}.`, alertRemedy(alert), alert);
  }
}

/** The server answered as servers do that know no TLS 1.3; a caller that has another TLS client for older versions uses that one. */
export class ServerSpeaksOnlyTls12 extends TlsError {
  /** @param evidence what the server did, as the end of a sentence */
  constructor(evidence: string) {
    super(
      'ERR_TLS_SERVER_ONLY_TLS12',
      `The server does not speak TLS 1.3: ${evidence}.`,
      'Have TLS 1.3 enabled on the server, or use a client that signs TLS 1.2 handshakes with the card.',
      'protocol_version',
    );
  }
}

/** The key can sign nothing that the server takes. */
export class NoCommonSignatureScheme extends TlsError {
  /** What the key can do. */
  readonly offered: readonly SignatureScheme[];
  /** Code points of what the server takes. */
  readonly requested: readonly number[];

  /** @param requestedNames the names of `requested`, code points in hexadecimal where there is no name */
  constructor(offered: readonly SignatureScheme[], requested: readonly number[], requestedNames: readonly string[]) {
    super(
      'ERR_TLS_NO_COMMON_SIGNATURE_SCHEME',
      `The key signs with ${offered.join(', ') || 'nothing'}; the server takes ${requestedNames.join(', ') || 'nothing'}.`,
      'Choose another certificate of the card, or have who runs the server allow one of these schemes.',
      'handshake_failure',
    );
    this.offered = offered;
    this.requested = requested;
  }
}

/** The card or program returned a signature that the key of the certificate did not make. Nothing of it was sent. */
export class CredentialUnusable extends TlsError {
  constructor(message: string) {
    const remedy = 'Check that certificate and key on the card belong together.';
    super('ERR_TLS_CREDENTIAL_UNUSABLE', message, remedy, 'internal_error');
  }
}

/**
 * The connection ended without close_notify (RFC 8446 6.1): what was received may be only a part. Code `ERR_TLS_TRUNCATED`,
 * or `ERR_TLS_HANDSHAKE_CUT` when not even the handshake was over.
 */
export class TlsTruncated extends TlsError {
  constructor(during: 'handshake' | 'data') {
    const isHandshake = during === 'handshake';
    super(
      isHandshake ? 'ERR_TLS_HANDSHAKE_CUT' : 'ERR_TLS_TRUNCATED',
      isHandshake
        ? 'The server ended the connection during the TLS handshake.'
        : 'The connection ended without close_notify: what was received may be incomplete.',
      isHandshake ? 'Check address and port; the log of the server says why it hung up.' : 'Try again.',
    );
  }
}

/** The handshake, with the signature by the card, took longer than allowed. */
export class HandshakeTimeout extends TlsError {
  /** @param waitedFor what had not happened yet, as the end of a sentence */
  constructor(milliseconds: number, waitedFor: string) {
    super(
      'ERR_TLS_HANDSHAKE_TIMEOUT',
      `The TLS handshake took longer than ${milliseconds} ms; it waited for ${waitedFor}.`,
      'Try again; a card that asks for its PIN or a touch wants an answer in time.',
      'user_canceled',
    );
  }
}

/** The alert that tells the server of a failure at this end. */
export function alertFor(error: unknown, otherwise: AlertName): AlertName {
  return error instanceof TlsError && isAlertName(error.alert) ? error.alert : otherwise;
}
