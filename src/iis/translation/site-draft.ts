/** A site on its way to the configuration: its settings, and why it lets no account in, or cannot be written at all. */

import type { InputPlace } from '../reading/input-fault.ts';
import type { FindingOutcome, ImportFindings } from '../resolution/findings.ts';
import type { FtpSite } from '../resolution/ftp-sites.ts';
import type { IisConfiguration } from '../resolution/iis-configuration.ts';
import type { ResolvedValue } from '../resolution/resolved-element.ts';
import type { ImportOptions } from './import-options.ts';

export type SettingValue =
  | string
  | number
  | boolean
  | readonly SettingValue[]
  | { readonly [name: string]: SettingValue };

interface SettingTree {
  [name: string]: SettingValue | SettingTree;
}

/** A finding of a site, without what the draft knows of it. */
interface SiteFinding {
  readonly subject: string;
  readonly message: string;
  readonly remedy?: string;
}

export class SiteDraft {
  readonly site: FtpSite;
  readonly configuration: IisConfiguration;
  readonly options: ImportOptions;
  readonly settings: SettingTree = {};
  readonly #decisions: string[] = [];
  readonly #closed: string[] = [];
  readonly #stopped: string[] = [];

  constructor(site: FtpSite, configuration: IisConfiguration, options: ImportOptions) {
    this.site = site;
    this.configuration = configuration;
    this.options = options;
  }

  get findings(): ImportFindings {
    return this.configuration.findings;
  }

  /** @param path of the setting below the site, such as `connections.maxConnections` */
  set(path: string, value: SettingValue): void {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let tree = this.settings;
    for (const name of names) {
      const below = tree[name] ?? {};
      tree[name] = below;
      tree = below as SettingTree;
    }
    tree[last] = value;
  }

  /** Says what came of a value, if it is written. */
  tell(outcome: FindingOutcome, { attribute }: ResolvedValue, finding: SiteFinding): void {
    if (!attribute) return;
    this.findings.addOf(attribute, { outcome, sites: [this.site.name], ...finding });
    if (outcome === 'needsDecision') this.#decisions.push(decision(finding));
  }

  /** Says something of a place, or of the whole site. */
  note(outcome: FindingOutcome, place: InputPlace | undefined, finding: SiteFinding): void {
    this.findings.add({ outcome, place: place ?? this.site.place, sites: [this.site.name], ...finding });
    if (outcome === 'needsDecision') this.#decisions.push(decision(finding));
  }

  /** In IIS no account gets in, or none that can be carried over: none may get in here. */
  close(reason: string): void {
    this.#closed.push(reason);
  }

  /** What is written of it can only be a comment. */
  stop(reason: string): void {
    this.#stopped.push(reason);
  }

  /** What an administrator has to decide, each once. */
  get decisions(): readonly string[] {
    return [...new Set(this.#decisions)];
  }

  get closedBecause(): readonly string[] {
    return [...new Set(this.#closed)];
  }

  get stoppedBecause(): readonly string[] {
    return [...new Set([...this.configuration.stopsOf(this.site.name), ...this.#stopped])];
  }
}

function decision({ subject, message, remedy }: SiteFinding): string {
  return `${subject}: ${message}${remedy === undefined ? '' : `. ${remedy}`}`;
}
