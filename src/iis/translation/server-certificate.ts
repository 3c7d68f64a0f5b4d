/** TLS of a site. A store of Windows has no counterpart, so that the certificate of the thumbprint has to come as PEM files. */
import { echo } from '../resolution/echo.ts';
import { placeholder } from './import-options.ts';
import type { SiteDraft } from './site-draft.ts';

const path = 'ftpServer/security/ssl';

/** What copying from the window of a certificate leaves in a thumbprint. */
const copied = /[\s:\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}]/gu;

export function carryTls(draft: SiteDraft): void {
  const ssl = draft.site.ftp.below('security/ssl');
  for (const name of ['controlChannelPolicy', 'dataChannelPolicy']) {
    const resolved = ssl.get(name);
    draft.set(`ssl.${name}`, ssl.text(name));
    draft.tell('carriedOver', resolved, { subject: `${path}@${name}`, message: `is ssl.${name} ${ssl.text(name)}` });
  }
  const thumbprint = carryThumbprint(draft);
  carryCertificate(draft, thumbprint);
  if (thumbprint === undefined && ssl.text('controlChannelPolicy') !== 'SslAllow') {
    draft.close('TLS was required and there was no certificate');
  } else if (thumbprint === undefined && ssl.text('dataChannelPolicy') === 'SslRequire') {
    draft.close('TLS was required for data connections and there was no certificate');
  }
  const bound = draft.site.bindings;
  if (thumbprint !== undefined && bound.length > 0 && bound.every(({ host }) => host !== '')) {
    const message = 'every binding has a host name, so that IIS found no certificate when TLS began: TLS never worked';
    const remedy = 'Clients that used it without TLS meet TLS now.';
    draft.note('different', bound[0]?.element.place, {
      subject: 'site/bindings/binding@bindingInformation',
      message,
      remedy,
    });
  }
}

/** @returns 40 digits in lower case; undefined without one */
function carryThumbprint(draft: SiteDraft): string | undefined {
  const ssl = draft.site.ftp.below('security/ssl');
  const resolved = ssl.get('serverCertHash');
  const written = ssl.text('serverCertHash');
  const thumbprint = written.replace(copied, '').toLowerCase();
  const subject = `${path}@serverCertHash`;
  const store = ssl.get('serverCertStoreName');
  const storeName = ssl.text('serverCertStoreName');
  if (thumbprint === '') {
    draft.tell('withoutEffect', resolved, { subject, message: 'is empty: the site has no certificate' });
    draft.tell('withoutEffect', store, {
      subject: `${path}@serverCertStoreName`,
      message: 'names the store of no certificate',
    });
    return undefined;
  }
  if (!/^[0-9a-f]{40}$/.test(thumbprint)) {
    const remedy = 'Copy the thumbprint anew: 40 hexadecimal digits.';
    draft.tell('notUnderstood', resolved, { subject, message: `${echo(written)} is no thumbprint`, remedy });
    draft.stop(`${subject} is not understood`);
    return undefined;
  }
  draft.tell('different', store, {
    subject: `${path}@serverCertStoreName`,
    message: `${echo(storeName)} is the store to export the certificate from`,
  });
  const invisible = thumbprint === written.toLowerCase() ? '' : ' (written with characters that are no digits)';
  const given = certificateFor(draft, thumbprint);
  if (given) {
    draft.tell('different', resolved, {
      subject,
      message: `${thumbprint}${invisible} is the file ${echo(given.certificate)}`,
    });
  } else {
    const store = /^\w{1,64}$/.test(storeName) ? storeName : 'STORE';
    draft.tell('needsDecision', resolved, {
      subject,
      message: `${thumbprint}${invisible} lies in a store of Windows`,
      remedy:
        `Export it there: certutil -exportPFX ${store} ${thumbprint} server.pfx. ` +
        'Then: openssl pkcs12 -in server.pfx -nokeys -out server.pem, and openssl pkcs12 -in server.pfx -nocerts -nodes -out server.key. ' +
        `Name both: --certificate ${thumbprint}=server.pem,server.key. A key that cannot be exported needs a new certificate.`,
    });
  }
  return thumbprint;
}

function certificateFor({ options }: SiteDraft, thumbprint: string | undefined) {
  return (
    options.certificates.find((one) => one.thumbprint !== undefined && one.thumbprint === thumbprint) ??
    options.certificates.find((one) => one.thumbprint === undefined)
  );
}

function carryCertificate(draft: SiteDraft, thumbprint: string | undefined): void {
  const given = certificateFor(draft, thumbprint);
  const name = `${placeholder}/certificate${thumbprint === undefined ? '' : `-${thumbprint.slice(0, 8)}`}`;
  draft.set('ssl.serverCertificate', given?.certificate ?? `${name}.pem`);
  draft.set('ssl.serverCertificateKey', given?.key ?? `${name}.key`);
  if (given || thumbprint !== undefined) return;
  draft.note('needsDecision', undefined, {
    subject: `${path}@serverCertHash`,
    message: 'the site has no certificate, and every site of cardgate needs one',
    remedy: 'Get one, and name its files: --certificate server.pem,server.key.',
  });
}
