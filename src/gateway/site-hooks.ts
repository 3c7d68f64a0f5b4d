/** The hooks of a site made ready to be asked. */
import type { Clock } from '../clock.ts';
import type { LoadedHook } from '../config/hook-material.ts';
import type { LoadedSite } from '../config/load.ts';
import { HttpHook } from '../hooks/http-hook.ts';
import { type HookTransport, ProgramHook } from '../hooks/program-hook.ts';
import { SiteHooks } from '../hooks/site-hooks.ts';
import { CountedWarnings } from '../operations/counted-warnings.ts';
import type { Logger } from '../operations/log.ts';

/** Lines in full of hooks without an answer, in a minute. */
const warningsInFull = 10;

/** Starts and connects to nothing yet. @returns undefined where the site has no hook */
export function openSiteHooks({ settings, hooks }: LoadedSite, clock: Clock, logger: Logger): SiteHooks | undefined {
  if (hooks.length === 0) return undefined;
  const opened = new Map(
    hooks.map((hook) => [hook.name, { settings: hook.settings, transport: transportOf(hook, clock) }] as const),
  );
  const warnings = new CountedWarnings(warningsInFull);
  return new SiteHooks({ site: settings.name, hooks: opened, clock, logger, warnings });
}

function transportOf({ target, settings: { maximumConcurrent } }: LoadedHook, clock: Clock): HookTransport {
  switch (target.kind) {
    case 'program':
      return new ProgramHook(target.program);
    case 'socket':
      return new HttpHook({ endpoint: { socket: target.socket }, maximumConcurrent, clock });
    case 'url': {
      const { url, identity, certificateAuthorities } = target;
      const own = identity && { certificateChain: identity.certificate, privateKey: identity.privateKey };
      return new HttpHook({
        endpoint: { url },
        material: { ...own, certificateAuthorities },
        maximumConcurrent,
        clock,
      });
    }
  }
}
