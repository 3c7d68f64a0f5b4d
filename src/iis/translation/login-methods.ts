/**
 * Who may log in by what: the methods of IIS, and the client certificates behind them. What a method of IIS demanded beside the password
 * or the certificate is demanded here too, or the site lets no account in.
 */
import { placeholder } from './import-options.ts';
import type { SiteDraft } from './site-draft.ts';

const path = 'ftpServer/security/authentication';
const certificatePath = 'ftpServer/security/sslClientCertificates';

interface Methods {
  readonly basic: boolean;
  /** All that IIS wants for a login by certificate is there. */
  readonly certificate: boolean;
}

export function carryLoginMethods(draft: SiteDraft): void {
  const methods = methodsOf(draft);
  tellMethods(draft, methods);
  const policy = draft.site.ftp.below('security/sslClientCertificates').text('clientCertificatePolicy');
  if (methods.certificate && methods.basic && policy === 'CertAllow') set(draft, true, 'certificateOrPassword');
  else if (methods.certificate) set(draft, true, 'certificate');
  else if (methods.basic && policy === 'CertRequire') set(draft, true, 'certificateAndPassword');
  else if (methods.basic) set(draft, false, 'certificateOrPassword');
  else {
    set(draft, false, 'certificate');
    draft.close('no method of login was on that can be carried over');
  }
  carryCertificates(draft, methods, policy);
}

function set(draft: SiteDraft, isEnabled: boolean, mode: string): void {
  draft.set('authentication', { clientCertAuthentication: { enabled: isEnabled }, mode });
}

function methodsOf({ site }: SiteDraft): Methods {
  const authentication = site.ftp.below('security/authentication');
  const certificates = site.ftp.below('security/sslClientCertificates');
  const ssl = site.ftp.below('security/ssl');
  return {
    basic: authentication.below('basicAuthentication').isSet('enabled'),
    certificate:
      authentication.below('clientCertAuthentication').isSet('enabled') &&
      certificates.isSet('useActiveDirectoryMapping') &&
      certificates.text('clientCertificatePolicy') !== 'CertIgnore' &&
      ssl.text('serverCertHash') !== '' &&
      ssl.text('dataChannelPolicy') !== 'SslDeny',
  };
}

function tellMethods(draft: SiteDraft, methods: Methods): void {
  const authentication = draft.site.ftp.below('security/authentication');
  const anonymous = authentication.below('anonymousAuthentication');
  const anonymousOn = anonymous.get('enabled');
  const subject = `${path}/anonymousAuthentication`;
  if (anonymous.isSet('enabled')) {
    draft.tell('cannotBeHad', anonymousOn, {
      subject: `${subject}@enabled`,
      message: 'clients without an account cannot log in',
      remedy: 'Give those who need the files an account of the directory.',
    });
  } else
    draft.tell('carriedOver', anonymousOn, {
      subject: `${subject}@enabled`,
      message: 'no client logs in without an account',
    });
  for (const name of ['userName', 'defaultLogonDomain', 'logonMethod']) {
    draft.tell('withoutEffect', anonymous.get(name), {
      subject: `${subject}@${name}`,
      message: 'no client logs in without an account',
    });
  }
  const basic = authentication.below('basicAuthentication');
  const message = methods.basic
    ? 'accounts of the directory log in by password: authentication.mode'
    : 'no account logs in by password';
  draft.tell('carriedOver', basic.get('enabled'), { subject: `${path}/basicAuthentication@enabled`, message });
  for (const name of ['defaultLogonDomain', 'logonMethod']) {
    draft.tell('different', basic.get(name), {
      subject: `${path}/basicAuthentication@${name}`,
      message: 'accounts are those of the directories of the site',
    });
  }
  tellCertificateMethod(draft, methods);
}

function tellCertificateMethod(draft: SiteDraft, { certificate }: Methods): void {
  const method = draft.site.ftp.below('security/authentication/clientCertAuthentication');
  const subject = `${path}/clientCertAuthentication@enabled`;
  if (!method.isSet('enabled')) {
    draft.tell('carriedOver', method.get('enabled'), { subject, message: 'no certificate is enough for a login' });
  } else if (certificate) {
    draft.tell('carriedOver', method.get('enabled'), {
      subject,
      message: 'is authentication.clientCertAuthentication.enabled',
    });
  } else {
    draft.tell('different', method.get('enabled'), {
      subject,
      message:
        'had no effect: IIS wants a server certificate, TLS on both channels, CertAllow or CertRequire, and useActiveDirectoryMapping for it',
    });
  }
}

function carryCertificates(draft: SiteDraft, { basic, certificate }: Methods, policy: string): void {
  const certificates = draft.site.ftp.below('security/sslClientCertificates');
  const setting = 'sslClientCertificates';
  const isUsed = certificate || (basic && policy === 'CertRequire');
  draft.set(`${setting}.clientCertificatePolicy`, policy);
  const policyValue = certificates.get('clientCertificatePolicy');
  const policySubject = `${certificatePath}@clientCertificatePolicy`;
  if (isUsed || policy === 'CertIgnore') {
    draft.tell('carriedOver', policyValue, {
      subject: policySubject,
      message: `is ${setting}.clientCertificatePolicy ${policy}`,
    });
  } else {
    const message = `${policy} asks for a certificate that no method of login uses`;
    draft.tell('different', policyValue, { subject: policySubject, message });
  }
  if (basic && !certificate && policy === 'CertRequire') {
    const message =
      'a client needs a certificate and the password; here the certificate has to lead to the same account';
    draft.note('different', policyValue.attribute?.place, { subject: policySubject, message });
  }
  if (certificate && basic && policy === 'CertRequire') {
    const message = 'with CertRequire each client has a certificate, which decides alone: no password is asked for';
    draft.note('different', policyValue.attribute?.place, { subject: policySubject, message });
  }
  carryFlags(draft);
  const mapping = certificates.get('useActiveDirectoryMapping');
  draft.set('mapping.rules', draft.options.mappingRules ?? `${placeholder}/mapping-rules.yaml`);
  const { trustAnchors, revocationHosts } = draft.options;
  draft.set(`${setting}.trustAnchors`, trustAnchors.length > 0 ? trustAnchors : [`${placeholder}/trust-anchor.pem`]);
  const isAsked = isUsed && !certificates.flags('validationFlags').includes('NoRevocationCheck');
  if (revocationHosts.length > 0) draft.set(`${setting}.revocationRetrievalHosts`, revocationHosts);
  else if (isAsked) draft.set(`${setting}.revocationRetrievalHosts`, [`${placeholder}.invalid`]);
  const mappingSubject = `${certificatePath}@useActiveDirectoryMapping`;
  if (!certificate)
    draft.tell('withoutEffect', mapping, { subject: mappingSubject, message: 'no login is by certificate' });
  else
    draft.tell('different', mapping, {
      subject: mappingSubject,
      message: 'is mapping.rules: rules say how a certificate leads to an account',
    });
  if (isUsed) askForTrust(draft, isAsked);
}

/** What Windows has in its stores and its directory. */
function askForTrust(draft: SiteDraft, needsRevocation: boolean): void {
  const { trustAnchors, revocationHosts, mappingRules } = draft.options;
  const ask = (message: string, remedy: string) =>
    draft.note('needsDecision', undefined, { subject: certificatePath, message, remedy });
  if (trustAnchors.length === 0) {
    ask(
      'the CAs that Windows trusts for logon are in no file of IIS',
      'Export them (certutil -viewstore -enterprise NTAuth), and name each: --trust-anchor ca.pem.',
    );
  }
  if (needsRevocation && revocationHosts.length === 0) {
    ask(
      'Windows asks any host that a certificate names for its CRL',
      'Name the hosts that may be asked: --revocation-host pki.corp.example.',
    );
  }
  if (mappingRules === undefined) {
    ask(
      'Windows itself knew the account of a certificate',
      'Copy mappings/active-directory.yaml, look through it, and name it: --mapping-rules FILE.',
    );
  }
}

function carryFlags(draft: SiteDraft): void {
  const certificates = draft.site.ftp.below('security/sslClientCertificates');
  const written = certificates.flags('validationFlags');
  // The two contradict each other; without any check there is nothing to look up.
  const flags = written.filter(
    (flag) => flag !== 'CertChainRevocationCheckCacheOnly' || !written.includes('NoRevocationCheck'),
  );
  if (flags.length > 0) draft.set('sslClientCertificates.validationFlags', flags);
  const outcome = flags.length === written.length ? 'carriedOver' : 'different';
  draft.tell(outcome, certificates.get('validationFlags'), {
    subject: `${certificatePath}@validationFlags`,
    message: `is sslClientCertificates.validationFlags [${flags.join(', ')}]`,
  });
}
