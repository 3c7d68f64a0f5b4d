/** What a hook is asked about: one event, in the words of the audit records. */
import type { RecordedCertificate } from '../operations/audit.ts';

export const hookNames = ['onLogin', 'onUpload', 'onDownload', 'onDelete', 'onRename'] as const;

export type HookName = (typeof hookNames)[number];

/** What the storage knows of an event. */
export type FileQuestion =
  /** The octets are whole and on the disk, and no client sees them yet. */
  | {
      readonly hook: 'onUpload';
      readonly operation: 'store' | 'append';
      readonly path: string;
      /** Absolute host path of the hidden file with the whole content. */
      readonly file: string;
      readonly bytes: number;
    }
  | { readonly hook: 'onDownload'; readonly operation: 'retrieve'; readonly path: string }
  | { readonly hook: 'onDelete'; readonly operation: 'delete' | 'remove-directory'; readonly path: string }
  | { readonly hook: 'onRename'; readonly operation: 'rename'; readonly path: string; readonly target: string };

/** A login that the site is about to grant. */
interface LoginQuestion {
  readonly hook: 'onLogin';
  readonly claimedName: string;
  readonly directory: string;
  readonly homeDirectory: string;
  readonly tls: { readonly protocol: string; readonly cipher: string };
  readonly certificate?: RecordedCertificate | undefined;
}

/** Of the control connection, as in every record of it. */
interface HookConnection {
  readonly binding: string;
  readonly connectionId: string;
  readonly remoteAddress: string;
  readonly proxyAddress?: string | undefined;
  readonly accountName?: string | undefined;
}

export type HookEvent = HookConnection & (FileQuestion | LoginQuestion);
