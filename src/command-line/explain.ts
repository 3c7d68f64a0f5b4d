/** `cardgate explain`: the login path itself on a certificate file, against the real configuration and directory, step by step. */
import { readFileSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import type { Configuration } from '../config/load.ts';
import { recordingSteps } from '../explanation.ts';
import type { AuditRecord } from '../operations/audit.ts';
import { silentLogger } from '../operations/log.ts';
import { MalformedError } from '../pki/malformed-error.ts';
import { readCertificateBlocks } from '../pki/pem.ts';
import { loadOrReport } from './check-config.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { explanationText } from './explanation-text.ts';
import { createLogins } from './logins.ts';
import type { Terminal } from './terminal.ts';

export interface ExplainOptions {
  readonly config: string;
  readonly user?: string;
  readonly site?: string;
  readonly json: boolean;
}

/** @param certificateFile PEM (several certificates: end entity first) or DER */
export async function explain(certificateFile: string, options: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  const peerCertificates = readPeerCertificates(certificateFile, terminal);
  const configuration = loadOrReport(options.config, terminal);
  const site = configuration && siteName(configuration, options.site, terminal);
  if (!peerCertificates || !configuration || site === undefined) return exitCode.usage;

  // The record goes into the output instead of the audit trail: nobody logged in.
  const records: AuditRecord[] = [];
  const audit = { write: (record: AuditRecord) => void records.push(record) };
  const logins = createLogins(configuration, { audit, logger: silentLogger, clock: systemClock });
  const steps = recordingSteps();
  try {
    const verdict = await logins.authenticators.get(site)?.explain(
      {
        peerCertificates,
        claimedName: options.user,
        remoteAddress: '127.0.0.1',
        connectionId: 'explain',
        tls: { protocol: 'none', cipher: 'none' },
      },
      steps,
    );
    if (!verdict) return exitCode.usage;
    terminal.write(
      options.json
        ? `${JSON.stringify({ verdict: records[0], steps: steps.steps }, null, 2)}\n`
        : explanationText(steps.steps, verdict, terminal.colour),
    );
    return verdict.outcome === 'granted' ? exitCode.done : exitCode.refused;
  } finally {
    await logins.close();
  }
}

/** Not parsed here: what is wrong with the certificate is for the login path to say. */
function readPeerCertificates(file: string, terminal: Terminal): readonly Buffer[] | undefined {
  try {
    return readCertificateBlocks(readFileSync(file));
  } catch (error) {
    if (!(error instanceof MalformedError) && !(error instanceof Error && 'code' in error)) throw error;
    terminal.writeError(`${file}: ${error.message}\nGive a certificate in PEM or DER.\n`);
    return undefined;
  }
}

function siteName({ sites }: Configuration, wanted: string | undefined, terminal: Terminal): string | undefined {
  const names = sites.map(({ settings }) => settings.name);
  const name = wanted ?? names[0];
  if (name !== undefined && names.includes(name)) return name;
  terminal.writeError(`There is no site ${name}; the configuration has: ${names.join(', ')}.\n`);
  return undefined;
}
