/** `cardgate explain`: the login path itself on a certificate file, against the real configuration and directory, step by step. */
import { readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { systemClock, systemTimer } from '../clock.ts';
import type { Configuration, LoadedSite } from '../config/load.ts';
import { errorMessage } from '../error-message.ts';
import { explanationHtml } from '../explanation/html.ts';
import { recordingSteps } from '../explanation/steps.ts';
import { explanationText } from '../explanation/text.ts';
import { resolveVirtualPath } from '../ftp/virtual-path.ts';
import { createSharedEvidence } from '../gateway/evidence.ts';
import { createLogins } from '../gateway/logins.ts';
import { unrecordedTrail } from '../operations/audit.ts';
import { silentLogger } from '../operations/log.ts';
import { plainAddress } from '../operations/network.ts';
import { MalformedError } from '../pki/encoding/malformed-error.ts';
import { readCertificateBlocks } from '../pki/encoding/pem.ts';
import { loadOrReport } from './check/check-config.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { explainRights } from './explain-rights.ts';
import type { Terminal } from './terminal.ts';

export interface ExplainOptions {
  readonly config: string;
  readonly user?: string;
  readonly site?: string;
  readonly json: boolean;
  /** Name of an account, instead of a certificate. */
  readonly as?: string;
  /** Virtual path whose rights are explained. */
  readonly path?: string;
  /** Of the client; absent: not known. */
  readonly from?: string;
  /** File for a self-contained page, which is written besides the text; `-`: standard output, instead of it. */
  readonly html?: string;
}

/** @param certificateFile PEM (several certificates: end entity first) or DER; absent with `as` */
export async function explain(
  certificateFile: string | undefined,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  if (options.json && options.html === '-') {
    terminal.writeError('Standard output can have --json or --html -, not both.\n');
    return exitCode.usage;
  }
  if (
    (certificateFile === undefined) === (options.as === undefined) ||
    (options.as !== undefined && options.user !== undefined)
  ) {
    terminal.writeError('Give a certificate, and --user if you like, or --as and the name of an account.\n');
    return exitCode.usage;
  }
  if (options.from !== undefined && isIP(options.from) === 0) {
    terminal.writeError('--from: give an IPv4 or IPv6 address.\n');
    return exitCode.usage;
  }
  const peerCertificates = certificateFile === undefined ? [] : readPeerCertificates(certificateFile, terminal);
  const configuration = loadOrReport(options.config, terminal, 'explanation');
  const site = configuration && siteName(configuration, options.site, terminal);
  if (!peerCertificates || !configuration || site === undefined) return exitCode.usage;
  const loaded = configuration.sites.find(({ settings }) => settings.name === site);
  if (!loaded || !canExplain(loaded, options, terminal)) return exitCode.usage;

  // The record goes into the output instead of the audit trail, because this is not a login. No home is made and no cache written.
  const quiet = { audit: unrecordedTrail, logger: silentLogger, clock: systemClock, timer: systemTimer };
  const evidence = createSharedEvidence(configuration, quiet, 'read');
  const logins = createLogins(configuration, { ...quiet, evidence });
  const steps = recordingSteps(() => performance.now(), { looksFurther: true });
  try {
    const resolution = await logins.sites.get(site)?.resolve(
      {
        peerCertificates,
        claimedName: options.as ?? options.user,
        remoteAddress: options.from === undefined ? '127.0.0.1' : plainAddress(options.from),
        isClientAddress: options.from !== undefined,
        connectionId: 'explain',
        tls: { protocol: 'none', cipher: 'none' },
      },
      { purpose: 'explain', steps, byName: options.as !== undefined },
    );
    if (!resolution) return exitCode.usage;
    const { verdict, record } = resolution;
    const asked = options.path === undefined ? undefined : resolveVirtualPath('/', options.path);
    if (asked !== undefined) await explainRights(configuration, loaded, resolution, asked, steps);
    const page = () =>
      explanationHtml({
        steps: steps.steps,
        resolution,
        madeAt: systemClock.now(),
        certificateFile: certificateFile ?? `account ${options.as}`,
        configurationFile: options.config,
        configurationSha256: configuration.sha256,
        site,
        claimedName: options.as ?? options.user,
      });
    if (options.html === '-') terminal.write(page());
    else if (options.json) terminal.write(`${JSON.stringify({ verdict: record, steps: steps.steps }, null, 2)}\n`);
    else terminal.write(explanationText(steps.steps, verdict, terminal.colour));
    if (options.html !== undefined && options.html !== '-' && !writePage(options.html, page(), terminal)) {
      return exitCode.usage;
    }
    return verdict.outcome === 'granted' ? exitCode.done : exitCode.refused;
  } finally {
    await Promise.all([logins.close(), evidence.stop()]);
  }
}

function canExplain({ settings }: LoadedSite, { as, path }: ExplainOptions, terminal: Terminal): boolean {
  if (as !== undefined && settings.mapping.service) {
    terminal.writeError(`Site ${settings.name} asks a mapping service, which finds no account by a name.\n`);
    return false;
  }
  if (path !== undefined && resolveVirtualPath('/', path) === undefined) {
    terminal.writeError('--path: nothing can be called so.\n');
    return false;
  }
  return true;
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

/** For the owner only: the page names people and what they may do. */
function writePage(file: string, page: string, terminal: Terminal): boolean {
  try {
    writeFileSync(file, page, { mode: 0o600 });
    return true;
  } catch (error) {
    terminal.writeError(`${file} cannot be written: ${errorMessage(error)}\n`);
    return false;
  }
}

function siteName({ sites }: Configuration, wanted: string | undefined, terminal: Terminal): string | undefined {
  const names = sites.map(({ settings }) => settings.name);
  const name = wanted ?? names[0];
  if (name !== undefined && names.includes(name)) return name;
  terminal.writeError(`There is no site ${name}; the configuration has: ${names.join(', ')}.\n`);
  return undefined;
}
