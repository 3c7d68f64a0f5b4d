/** The hooks of a site made ready to be asked. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import type { LoadedHook } from '../config/hook-material.ts';
import type { LoadedSite } from '../config/load.ts';
import type { HookName } from '../hooks/hook-event.ts';
import type { SiteHook } from '../hooks/hook-in-use.ts';
import { HttpHook } from '../hooks/http-hook.ts';
import { type HookTransport, ProgramHook } from '../hooks/program-hook.ts';
import { SiteHooks } from '../hooks/site-hooks.ts';
import { CountedWarnings } from '../operations/counted-warnings.ts';
import type { Logger } from '../operations/log.ts';

/** Lines in full of hooks without an answer, in a minute. */
const warningsInFull = 10;

/** Starts and connects to nothing yet. A site without hooks may get some at a reload. */
export function openSiteHooks(site: LoadedSite, clock: Clock, logger: Logger): SiteHooks {
  const hooks = new Map(site.hooks.map((hook) => [hook.name, openHook(hook, clock)]));
  return new SiteHooks({
    site: site.settings.name,
    hooks,
    clock,
    logger,
    warnings: new CountedWarnings(warningsInFull),
  });
}

/** @returns for the renewal of the hooks of `former`: those of `site`, opened where they are others @throws TypeError when a URL cannot be used */
export function renewedHooks(
  former: LoadedSite,
  site: LoadedSite,
  clock: Clock,
): ReadonlyMap<HookName, SiteHook | 'unchanged'> {
  return new Map(
    site.hooks.map((hook) => {
      const isSame = former.hooks.some((one) => isDeepStrictEqual(one, hook));
      return [hook.name, isSame ? 'unchanged' : openHook(hook, clock)] as const;
    }),
  );
}

function openHook(hook: LoadedHook, clock: Clock): SiteHook {
  return { settings: hook.settings, transport: transportOf(hook, clock) };
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
