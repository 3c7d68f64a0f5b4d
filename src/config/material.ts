/** Reads the files a configuration names. Whatever is wrong with one becomes a fault at the line that names it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Certificate } from '../pki/certificate/certificate.ts';
import { parseCrl } from '../pki/crl/crl.ts';
import { MalformedError } from '../pki/encoding/malformed-error.ts';
import { readCertificates, readCrls } from '../pki/encoding/pem.ts';
import type { SettingPath } from '../schema-faults/setting-path.ts';
import { type Output, outputProblem, unwritableFolder } from './checks/output-check.ts';
import type { ConfigurationDigest } from './configuration-digest.ts';
import { fileReason } from './yaml/file-reason.ts';
import type { YamlSource } from './yaml/yaml-source.ts';

export interface LoadedCrl {
  /** Absolute path, for records. */
  readonly file: string;
  readonly der: Buffer;
}

/**
 * `service`: what is named will be written to. `check`: the same by a caller that may see the system read-only, which says nothing
 * of the service. `explanation`: nothing will be written, so that it does not matter.
 */
export type LoadingPurpose = 'service' | 'check' | 'explanation';

/** A CRL of a large PKI has a few dozen megabytes; a hundred is a mistake. */
const maximumBytes = 100 * 1024 * 1024;

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

function canBeRead(block: string): boolean {
  try {
    new X509Certificate(block);
    return true;
  } catch {
    return false;
  }
}

export class MaterialReader {
  readonly source: YamlSource;
  readonly #directory: string;
  readonly #digest: ConfigurationDigest;
  readonly #origins = new WeakMap<object, SettingPath>();
  readonly #purpose: LoadingPurpose;

  constructor(
    source: YamlSource,
    configurationFile: string,
    digest: ConfigurationDigest,
    purpose: LoadingPurpose = 'service',
  ) {
    this.source = source;
    this.#directory = dirname(resolve(configurationFile));
    this.#digest = digest;
    this.#purpose = purpose;
  }

  /** Paths in a configuration are relative to the file they stand in. */
  resolve(name: string): string {
    return resolve(this.#directory, name);
  }

  bytes(setting: SettingPath, name: string, kind?: 'material' | 'password'): Buffer | undefined {
    const path = this.resolve(name);
    try {
      const facts = statSync(path);
      if (!facts.isFile()) return this.#fault(setting, `${path} is not a file`, 'Name a file.');
      if (facts.size > maximumBytes)
        return this.#fault(setting, `${path} is larger than ${maximumBytes} bytes`, 'Name the right file.');
      const content = readFileSync(path);
      this.#digest.add(path, content, setting, kind);
      return content;
    } catch (error) {
      return this.#fault(
        setting,
        `cannot read ${path}: ${fileReason(error)}`,
        'Correct the path, or the permissions of the file.',
      );
    }
  }

  text(setting: SettingPath, name: string, kind?: 'material' | 'password'): string | undefined {
    return this.bytes(setting, name, kind)?.toString('utf8');
  }

  /** PEM of certification authorities, for TLS. */
  authorities(setting: SettingPath, names: readonly string[]): readonly string[] {
    return names.flatMap((name, index) => {
      const text = this.text([...setting, index], name);
      if (text === undefined) return [];
      if (!text.includes('-----BEGIN CERTIFICATE-----')) {
        this.#fault([...setting, index], 'holds no PEM certificate', 'Give CA certificates in PEM.');
        return [];
      }
      // As OpenSSL reads them, who will judge by them: bundles hold certificates that are not strict DER.
      const unreadable = [...text.matchAll(certificateBlock)].find(([block]) => !canBeRead(block));
      if (!unreadable) return [text];
      const line = text.slice(0, unreadable.index).split('\n').length;
      this.#fault([...setting, index], `the certificate at line ${line} cannot be read`, 'Export it again as PEM.');
      return [];
    });
  }

  /** A private key or password: a file that every user of the machine can read is refused. */
  secret(setting: SettingPath, name: string, kind?: 'material' | 'password'): string | undefined {
    const text = this.text(setting, name, kind);
    if (text === undefined) return undefined;
    const path = this.resolve(name);
    if (process.platform !== 'win32' && (statSync(path).mode & 0o007) !== 0) {
      return this.#fault(setting, `${path} can be read by every user of this machine`, `chmod o= ${path}`);
    }
    return text;
  }

  certificates(setting: SettingPath, names: readonly string[]): readonly Certificate[] {
    return names.flatMap((name, index) => this.#parsed([...setting, index], name, readCertificates));
  }

  crls(setting: SettingPath, names: readonly string[]): readonly LoadedCrl[] {
    return names.flatMap((name, index) => {
      const file = this.resolve(name);
      return this.#parsed([...setting, index], name, (content) =>
        readCrls(content).map((der) => {
          // Indexed again by the validator; here it is only made sure that it can be read.
          parseCrl(der, file);
          return { file, der };
        }),
      );
    });
  }

  directory(setting: SettingPath, name: string): string {
    const path = this.resolve(name);
    try {
      if (!statSync(path).isDirectory()) this.#fault(setting, `${path} is not a directory`, 'Name a directory.');
    } catch (error) {
      this.#fault(setting, `cannot use ${path}: ${fileReason(error)}`, `Create it: mkdir -p ${path}`);
    }
    return path;
  }

  /** A folder that the service makes or changes files in: that it cannot is warned of, for what is there can still be read. */
  writableFolder(setting: SettingPath, name: string): void {
    const path = this.resolve(name);
    const problem = this.#purpose === 'explanation' ? undefined : unwritableFolder(path, path);
    if (problem) this.source.warning(setting, problem.message, 'Give it to the user the service runs as.');
  }

  /** What the service will write to later: it must be possible now. */
  output(setting: SettingPath, name: string, kind: Output): string {
    const path = this.resolve(name);
    const problem = this.#purpose === 'explanation' ? undefined : outputProblem(kind, path);
    if (problem?.isReadOnlySystem && this.#purpose === 'check') {
      this.source.warning(setting, problem.message, problem.remedy);
    } else if (problem) this.#fault(setting, problem.message, problem.remedy);
    return path;
  }

  /** The setting that a certificate or CRL of this reader came from. */
  readonly settingOf = (item: object): SettingPath => this.#origins.get(item) ?? [];

  #parsed<T extends object>(setting: SettingPath, name: string, parse: (file: Buffer) => readonly T[]): readonly T[] {
    const content = this.bytes(setting, name);
    if (!content) return [];
    try {
      const items = parse(content);
      for (const item of items) this.#origins.set(item, setting);
      return items;
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#fault(setting, `${this.resolve(name)}: ${error.message}`, 'Export it again as PEM or DER.');
      return [];
    }
  }

  #fault(setting: SettingPath, message: string, remedy: string): undefined {
    this.source.fault(setting, message, remedy);
  }
}
