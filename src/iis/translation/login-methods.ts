/**
 * Who may log in by what: the methods of IIS, and the client certificates behind them. What a method of IIS demanded beside the password
 * or the certificate is demanded here too, or the site lets no account in.
 */
import { placeholder } from './import-options.ts';
import type { SiteDraft } from './site-draft.ts';

const path = 'ftpServer/security/authentication';
const certificatePath = 'ftpServer/security/sslClientCertificates';

interface Methods {
  /** Clients log in without an account, here as in IIS. */
  readonly anonymous: boolean;
  readonly basic: boolean;
  /** All that IIS wants for a login by certificate is there. */
  readonly certificate: boolean;
}

export function carryLoginMethods(draft: SiteDraft): void {
  const methods = methodsOf(draft);
  tellMethods(draft, methods);
  const policy = draft.site.ftp.below('security/sslClientCertificates').text('clientCertificatePolicy');
  if (methods.certificate && methods.basic && policy === 'CertAllow')
    set(draft, methods, true, 'certificateOrPassword');
  else if (methods.certificate) set(draft, methods, true, 'certificate');
  else if (methods.basic && policy === 'CertRequire') set(draft, methods, true, 'certificateAndPassword');
  else if (methods.basic) set(draft, methods, false, 'certificateOrPassword');
  else {
    set(draft, methods, false, 'certificate');
    if (!methods.anonymous) draft.close('no method of login was on that can be carried over');
  }
  carryCertificates(draft, methods, policy);
}

function set(draft: SiteDraft, { anonymous }: Methods, isEnabled: boolean, mode: string): void {
  draft.set('authentication', {
    clientCertAuthentication: { enabled: isEnabled },
    ...(anonymous && { anonymousAuthentication: { enabled: true } }),
    mode,
  });
}

/** Whether clients without an account log in; rules for `?` and `*` concern them then. */
export function takesAnonymous({ site: { ftp } }: SiteDraft): boolean {
  return ftp.below('security/authentication/anonymousAuthentication').isSet('enabled') && !anonymousObstacle(ftp);
}

/** Why IIS let no client in that came without an account and without a certificate. */
function anonymousObstacle(ftp: SiteDraft['site']['ftp']): string | undefined {
  if (ftp.below('security/sslClientCertificates').text('clientCertificatePolicy') === 'CertRequire')
    return 'CertRequire wants a certificate of anonymous clients, too; here a certificate logs its account in';
  // FTP sub-status 40.
  if (ftp.below('userIsolation').text('mode') === 'ActiveDirectory')
    return 'userIsolation.mode ActiveDirectory has no home for clients without an account';
  return undefined;
}

function methodsOf(draft: SiteDraft): Methods {
  const { site } = draft;
  const authentication = site.ftp.below('security/authentication');
  const certificates = site.ftp.below('security/sslClientCertificates');
  const ssl = site.ftp.below('security/ssl');
  return {
    anonymous: takesAnonymous(draft),
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
  tellAnonymous(draft, methods);
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

function tellAnonymous(draft: SiteDraft, methods: Methods): void {
  const anonymous = draft.site.ftp.below('security/authentication/anonymousAuthentication');
  const subject = `${path}/anonymousAuthentication`;
  const enabled = anonymous.get('enabled');
  const obstacle = anonymous.isSet('enabled') ? anonymousObstacle(draft.site.ftp) : undefined;
  if (obstacle !== undefined) {
    const remedy = 'Give those who need the files an account of the directory.';
    draft.tell('cannotBeHad', enabled, { subject: `${subject}@enabled`, message: obstacle, remedy });
  } else {
    const message = methods.anonymous
      ? 'clients log in without an account: authentication.anonymousAuthentication.enabled'
      : 'no client logs in without an account';
    draft.tell('carriedOver', enabled, { subject: `${subject}@enabled`, message });
  }
  const [outcome, message] = methods.anonymous
    ? (['different', 'files are those that cardgate reaches; no account of Windows is logged on'] as const)
    : (['withoutEffect', 'no client logs in without an account'] as const);
  for (const name of ['userName', 'defaultLogonDomain', 'logonMethod'])
    draft.tell(outcome, anonymous.get(name), { subject: `${subject}@${name}`, message });
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
