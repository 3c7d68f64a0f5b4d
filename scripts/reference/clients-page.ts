/** The clients that the gateway is tried with. */
import { clientTable, type TriedClient } from '../../test/support/clients/client-table.ts';
import { canShow, type MethodMix, methodMixes } from '../../test/support/clients/method-mixes.ts';
import { page, table } from './markdown.ts';

/** @returns the page of clients */
export function clientsPage(): string {
  return page(
    '# Clients',
    'Each logs in to a gateway as a process of its own, lists, uploads and downloads, and its files arrive whole: `test/e2e/login` tries it.',
    'A client with a password needs a site with `authentication.mode: certificateOrPassword`. One that never resumes a TLS session signs for each file, and without a certificate it needs `dataChannelSecurity.dataChannelBindingWithoutCertificate: address`.',
    table(
      ['client', 'logs in by', 'TLS', 'implicit', 'IPv6', 'remark'],
      Object.values<TriedClient>(clientTable).map(({ program, logins, versions, implicit, ipv6, remark = '' }) => [
        program,
        logins.join(', '),
        versions.join(', '),
        implicit ? 'yes' : '',
        ipv6 ? 'yes' : '',
        remark,
      ]),
    ),
    '## Methods of login',
    'By what each logs in at a site with such [methods of login](../administration/methods-of-login.md). `test/e2e/login/method-mixes.test.ts` tries it. A client that shows no certificate needs a site, or a rule of `authentication.rules`, with `password` or `anonymous`, and `clientCertificatePolicy: CertAllow`. None of them needs `authentication.replyToUser: passwordNeeded`; FluentFTP does.',
    table(
      ['client', ...mixes.map(({ title }) => title)],
      Object.values<TriedClient>(clientTable).map((client) => [
        client.program,
        ...mixes.map(({ admits }) => admits.find((method) => canShow(client, method)) ?? 'nothing'),
      ]),
    ),
  );
}

const mixes = Object.values<MethodMix>(methodMixes);
