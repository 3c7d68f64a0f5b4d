/** What an account may do at one path of a site, and which rules decide: by where the path really leads, as the storage judges. */
import type { Permission } from '../authorization/access-rights.ts';
import { requestFilterOf } from '../authorization/request-filter.ts';
import type { Configuration, LoadedSite } from '../config/load.ts';
import type { StepRecorder } from '../explanation/steps.ts';
import type { Resolution } from '../login/site-login.ts';
import { HomeLocation } from '../storage/home-location.ts';
import { placePath } from '../storage/tree/placed-path.ts';
import { VirtualTree } from '../storage/tree/virtual-tree.ts';

const permissions: readonly Permission[] = ['Read', 'Write'];

/** @param path absolute, normalised */
export async function explainRights(
  configuration: Configuration,
  { settings }: LoadedSite,
  { verdict }: Resolution,
  path: string,
  steps: StepRecorder,
): Promise<void> {
  if (verdict.outcome !== 'granted') return;
  const { accessRights, homeDirectory, virtualDirectories } = verdict.login;
  const tree = new VirtualTree(new HomeLocation(homeDirectory), virtualDirectories);
  const placed = await placePath(tree, path, accessRights.rulePaths);
  steps.record({
    stage: 'authorization',
    check: `where ${path} leads`,
    verdict: placed.state === 'found' ? 'passed' : 'noted',
    facts: {
      host: placed.host,
      state: placed.state,
      ...(placed.path !== path && { reallyAt: placed.path }),
      ...(placed.links.length > 0 && { links: placed.links.map((link) => link.path) }),
    },
  });
  const refusal = requestFilterOf(settings.requestFiltering)?.refusal(placed.path, 'unknown');
  if (refusal) {
    const { code, detail } = refusal;
    steps.record({ stage: 'authorization', check: 'requestFiltering', verdict: 'failed', facts: { code, detail } });
  }
  const site = configuration.sites.findIndex((one) => one.settings === settings);
  for (const permission of permissions) {
    const decision = accessRights.decide(permission, placed, placed.links);
    steps.record({
      stage: 'authorization',
      check: `${permission} at ${path}`,
      verdict: decision.isAllowed ? 'passed' : 'failed',
      facts: {
        rules: decision.rules.map((index) => ruleText(configuration, site, settings, index)),
        ...(decision.rules.length === 0 && { detail: 'no rule that concerns the account allows it here' }),
      },
    });
  }
}

function ruleText(
  { locate }: Configuration,
  site: number,
  { authorization }: LoadedSite['settings'],
  index: number,
): string {
  const { line, column } = locate(['sites', site, 'authorization', index]);
  const rule = authorization[index];
  const { accessType, permissions: given = [], path } = rule ?? {};
  return `authorization[${index}], line ${line}:${column}: ${accessType} ${given.join(', ')} at ${path}`;
}
