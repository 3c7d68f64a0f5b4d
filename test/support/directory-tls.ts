/** TLS material for directory servers under test: a private CA and a server certificate, made with the openssl command. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface DirectoryTls {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** PEM of the CA, for clients. */
  readonly ca: string;
  /** A certificate of the same CA for a client named `CN=cardgate,O=gateways`, in PEM. */
  readonly client: { readonly certificate: string; readonly privateKey: string };
}

/** @param subjectAltName in the syntax of openssl, such as `DNS:dc1.corp.example,IP:127.0.0.1` */
export async function makeDirectoryTls(folder: string, subjectAltName: string): Promise<DirectoryTls> {
  const file = (name: string) => path.join(folder, name);
  const config = file('openssl.cnf');
  await writeFile(
    config,
    `[req]
distinguished_name = name
x509_extensions = ca
prompt = no
[name]
CN = Directory Test CA
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = ${subjectAltName}
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
`,
  );
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-config', config];
  await run('openssl', ['req', '-x509', ...curve, '-days', '30', '-keyout', file('ca.key'), '-out', file('ca.pem')]);
  await run('openssl', ['req', ...curve, '-subj', '/CN=directory', '-keyout', file('dc.key'), '-out', file('dc.csr')]);
  await run('openssl', [
    ...['x509', '-req', '-in', file('dc.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'],
    ...['-days', '30', '-extfile', config, '-extensions', 'server', '-out', file('dc.pem')],
  ]);
  const subject = ['-subj', '/O=gateways/CN=cardgate'];
  await run('openssl', ['req', ...curve, ...subject, '-keyout', file('client.key'), '-out', file('client.csr')]);
  await run('openssl', [
    ...['x509', '-req', '-in', file('client.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'],
    ...['-days', '30', '-extfile', config, '-extensions', 'client', '-out', file('client.pem')],
  ]);
  return {
    client: {
      certificate: await readFile(file('client.pem'), 'utf8'),
      privateKey: await readFile(file('client.key'), 'utf8'),
    },
    caFile: file('ca.pem'),
    certificateFile: file('dc.pem'),
    keyFile: file('dc.key'),
    ca: await readFile(file('ca.pem'), 'utf8'),
  };
}
