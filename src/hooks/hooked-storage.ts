/**
 * A storage that asks the hooks of its site before it lets something happen. It stands between all commands and the files, so that none goes
 * round a hook: an upload of whatever command is written beside its file, sealed, shown to the hook, and named only then.
 */
import { type Storage, StorageError, type Upload, type WriteMode } from '../storage/storage.ts';
import type { FileQuestion, HookName } from './hook-event.ts';
import type { HookDecision } from './site-hooks.ts';

export interface AskedHooks {
  has(name: HookName): boolean;
  ask(question: FileQuestion, signal?: AbortSignal): Promise<HookDecision>;
}

/** Every operation is named here, so that one that is added is thought of. */
export function hookedStorage(storage: Storage, hooks: AskedHooks): Storage {
  const admitted = async (question: FileQuestion, signal?: AbortSignal) => {
    const decision = await hooks.ask(question, signal);
    if (decision.outcome === 'allowed') return;
    const { outcome, hook, reason } = decision;
    const kind = outcome === 'refused' ? 'hook-refused' : 'hook-unavailable';
    throw new StorageError(kind, reason, { facts: { hook, event: question.hook, path: question.path } });
  };
  return {
    stat: (path) => storage.stat(path),
    entry: (path) => storage.entry(path),
    list: (path, isWanted) => storage.list(path, isWanted),
    names: (path, isWanted) => storage.names(path, isWanted),
    freeSpace: (path) => storage.freeSpace(path),
    openRead: async (path) => {
      // First, so that a client hears what it hears without a hook of what it may not read.
      const file = await storage.openRead(path);
      try {
        await admitted({ hook: 'onDownload', operation: 'retrieve', path });
        return file;
      } catch (error) {
        await file.close();
        throw error;
      }
    },
    openWrite: async (path, mode, umask) => {
      if (!hooks.has('onUpload')) return storage.openWrite(path, mode, umask);
      const upload = await storage.openWrite(path, hidden(mode), umask);
      return examined(upload, ({ file, bytes }, signal) => {
        const operation = mode.kind === 'append' ? 'append' : 'store';
        return admitted({ hook: 'onUpload', operation, path, file, bytes }, signal);
      });
    },
    makeDirectory: (path, umask) => storage.makeDirectory(path, umask),
    removeDirectory: async (path) => {
      await admitted({ hook: 'onDelete', operation: 'remove-directory', path });
      await storage.removeDirectory(path);
    },
    removeFile: async (path) => {
      await admitted({ hook: 'onDelete', operation: 'delete', path });
      await storage.removeFile(path);
    },
    setModifiedTime: (path, time, accessedAt) => storage.setModifiedTime(path, time, accessedAt),
    setMode: (path, bits) => storage.setMode(path, bits),
    makeLink: (path, target) => storage.makeLink(path, target),
    requireMovable: (path) => storage.requireMovable(path),
    rename: async (path, target, replace) => {
      await admitted({ hook: 'onRename', operation: 'rename', path, target });
      await storage.rename(path, target, replace);
    },
  };
}

/** What broke is not kept: no hook has seen it. */
function hidden(mode: WriteMode): WriteMode {
  return mode.kind === 'replace' ? { kind: 'replace' } : { ...mode, isHidden: true };
}

type Examine = (sealed: { readonly file: string; readonly bytes: number }, signal?: AbortSignal) => Promise<void>;

function examined(upload: Upload, examine: Examine): Upload {
  return {
    get bytesWritten() {
      return upload.bytesWritten;
    },
    get keptAs() {
      return upload.keptAs;
    },
    write: (chunk) => upload.write(chunk),
    seal: () => upload.seal(),
    commit: async (signal) => {
      try {
        await examine(await upload.seal(), signal);
      } catch (error) {
        await upload.abort();
        throw error;
      }
      await upload.commit(signal);
    },
    abort: () => upload.abort(),
  };
}
