/** The clients that the gateway is tried with. */
import { clientTable, type TriedClient } from '../../test/support/clients/client-table.ts';
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
  );
}
