/** `cardgate mapping import-tuples`: Windows' strong name mappings as rules, for a rule file. It prints all of them or none. */
import { createHash, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decodeRules } from '../../mapping/rules/rule-language.ts';
import { PolicyFileError, readPolicyFile } from '../../mapping/windows-tuples/strong-name-policy-file.ts';
import { readTuples, type TupleFault } from '../../mapping/windows-tuples/strong-name-tuples.ts';
import {
  type IssuerCertificate,
  type RulesOfTuple,
  rulesOfTuples,
  type TupleRule,
} from '../../mapping/windows-tuples/tuple-rules.ts';
import { printablePath } from '../../operations/printable.ts';
import { parseCertificate } from '../../pki/certificate/certificate.ts';
import { certificateDers } from '../../pki/certificate/certificates-only.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { wholeText } from '../whole-text.ts';

export interface ImportTuplesOptions {
  readonly ca: readonly string[];
  readonly json: boolean;
}

/** @returns `usage` when there is any fault: domain controllers drop a policy with a fault too */
export function importTuples(file: string, { ca, json }: ImportTuplesOptions, terminal: Terminal): ExitCode {
  const faults: string[] = [];
  const tell = (of: string, { place, message, remedy }: TupleFault) =>
    faults.push(`${printablePath(of)}: ${place === '' ? '' : `${place}: `}${wholeText(message)}\n  ${remedy}\n`);

  const issuers = ca.flatMap((one) => read(one, certificatesIn, tell) ?? []);
  const policy = read(file, (bytes) => ({ sha256: hash('sha256', bytes), lines: readPolicyFile(bytes) }), tell);
  const { tuples, faults: tupleFaults } = readTuples(policy?.lines ?? []);
  const { made, faults: issuerFaults } = rulesOfTuples(tuples, issuers);
  for (const fault of [...tupleFaults, ...issuerFaults]) tell(file, fault);
  const rules = made.flatMap((one) => one.rules);
  if (faults.length === 0) {
    const decoded = decodeRules({ rules });
    for (const { path, message, remedy } of decoded.outcome === 'faulty' ? decoded.faults : [])
      tell(file, { place: `as rules, ${path.join('.')}`, message, remedy });
  }
  if (faults.length > 0 || !policy) {
    terminal.writeError(faults.join(''));
    return exitCode.usage;
  }
  const head = `${printablePath(file)} (SHA-256 ${policy.sha256})`;
  terminal.write(json ? `${JSON.stringify({ rules }, null, 2)}\n` : yamlOf(head, made));
  return exitCode.done;
}

function read<T>(
  file: string,
  reader: (bytes: Buffer, file: string) => T,
  tell: (of: string, fault: TupleFault) => void,
) {
  try {
    return reader(readFileSync(file), file);
  } catch (error) {
    const isPolicy = error instanceof PolicyFileError;
    if (!isPolicy && !(error instanceof MalformedError) && !(error instanceof Error && 'code' in error)) throw error;
    const remedy = isPolicy
      ? error.remedy
      : 'Give a file that can be read; certificates in PEM, DER or PKCS #7 (.p7b).';
    tell(file, { place: '', message: error.message, remedy });
    return undefined;
  }
}

function certificatesIn(bytes: Buffer, file: string): readonly IssuerCertificate[] {
  return certificateDers(bytes, 'file').map((der) => {
    const { sha256, subject, basicConstraints } = parseCertificate(der);
    const thumbprint = createHash('sha1').update(der).digest('hex');
    return { thumbprint, sha256, subject: formatRfc4514(subject), isAuthority: basicConstraints?.ca === true, file };
  });
}

const quoted = (text: string) => `'${text}'`;
const list = (texts: readonly string[]) => `[${texts.map(quoted).join(', ')}]`;

/** Every text is in quotation marks: without them YAML reads an OID such as 1.3, or digits with an e among them, as a number. */
function yamlOf(policy: string, made: readonly RulesOfTuple[]): string {
  const lines = made.flatMap(({ tuple, issuer, rules }) => [
    `  # ${tuple.place}: ${wholeText(tuple.text)}`,
    `  # issuer: ${wholeText(issuer.subject)}, from ${printablePath(issuer.file)}`,
    ...rules.flatMap(yamlOfRule),
  ]);
  return [`# Made by cardgate mapping import-tuples from ${policy}`, 'rules:', ...lines, ''].join('\n');
}

/** Names, fingerprints, OIDs and suffixes: no character of them needs an escape. */
function yamlOfRule({ name, when, map, suffixes }: TupleRule): readonly string[] {
  return [
    `  - name: ${quoted(name)}`,
    '    when:',
    `      issuerSha256: ${list(when.issuerSha256)}`,
    `      policies: ${list(when.policies)}`,
    `    map: ${map}`,
    ...(suffixes ? [`    suffixes: ${list(suffixes)}`] : []),
  ];
}
