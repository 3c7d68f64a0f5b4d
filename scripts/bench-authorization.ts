/**
 * What authorization rules cost a login: 10,000 rules and an account of 1,000 groups beside one rule and an account without groups,
 * which is the peer of each row. Run: node scripts/bench-authorization.ts [rules] [groups] [logins]
 */
import type { AuthorizationRule } from '../src/authorization/authorization-rules.ts';
import { RuleSet } from '../src/authorization/rules/rule-set.ts';
import { systemClock } from '../src/clock.ts';

const [rules = 10_000, groupCount = 1_000, logins = 1_000] = process.argv.slice(2).map(Number);

const groups = Array.from({ length: groupCount }, (_, index) => ({
  sid: `S-1-5-21-1004336348-1177238915-682003330-${1000 + index}`,
  distinguishedName: `CN=Group ${index},OU=Groups,DC=corp,DC=example`,
  name: `Group ${index}`,
}));
const subject = {
  accountName: 'ada',
  groups,
  circumstances: {
    method: 'certificate',
    remoteAddress: '192.0.2.10',
    certificate: {
      extendedKeyUsage: ['1.3.6.1.4.1.311.20.2.2'],
      policies: ['2.16.840.1.101.3.2.1.3.13'],
      issuer: { name: 'CN=Issuing CA,O=Example', sha256: 'ab'.repeat(32) },
    },
  },
} as const;

/** Which rules a site has besides the one that lets the account in. */
const shapes: Readonly<Record<string, (index: number) => Partial<AuthorizationRule>>> = {
  'for other accounts': (index) => ({ users: [`account${index}`] }),
  'for groups by name, a tenth of them its own': (index) => ({ roles: [`Group ${index}`] }),
  'for groups by SID, a tenth of them its own': (index) => ({
    roles: [`S-1-5-21-1004336348-1177238915-682003330-${1000 + index}`],
  }),
  'for all accounts, at as many paths': (index) => ({ users: '*', path: `/department/${index}` }),
  'the same, each for another network': (index) => ({
    users: '*',
    path: `/department/${index}`,
    networks: [`10.${index >> 8}.${index & 255}.0/24`],
  }),
};
const own: AuthorizationRule = { accessType: 'Allow', users: ['ada'], permissions: ['Read', 'Write'], path: '/' };

interface Cost {
  readonly p50: number;
  readonly p99: number;
}

/** Of a login and its first look at a file, in milliseconds. */
function costOf(set: RuleSet, who: Parameters<RuleSet['authorize']>[0]): Cost {
  const times: number[] = [];
  for (let login = 0; login < logins; login += 1) {
    const began = performance.now();
    const outcome = set.authorize(who);
    if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
    outcome.accessRights.allows('Read', '/department/7/file');
    times.push(performance.now() - began);
  }
  times.sort((one, other) => one - other);
  return { p50: times[Math.floor(logins / 2)] ?? 0, p99: times[Math.floor(logins * 0.99)] ?? 0 };
}

const peer = costOf(new RuleSet([own], 'denyWins', systemClock), { ...subject, groups: [] });
const text = ({ p50, p99 }: Cost) => `p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms`;
process.stdout.write(`one rule, no group: ${text(peer)}\n`);
for (const [name, shape] of Object.entries(shapes)) {
  const list = Array.from({ length: rules }, (_, index): AuthorizationRule => {
    const accessType = index % 10 === 3 ? 'Deny' : 'Allow';
    return { accessType, permissions: ['Write'], path: `/department/${index % 100}`, ...shape(index) };
  });
  for (const order of ['denyWins', 'firstMatch'] as const) {
    const began = performance.now();
    const set = new RuleSet([own, ...list], order, systemClock);
    const ready = performance.now() - began;
    const cost = costOf(set, subject);
    process.stdout.write(
      `${rules} rules ${name}, ${groupCount} groups, ${order}: ${text(cost)}; +${(cost.p50 - peer.p50).toFixed(3)} ms a login; made ready in ${ready.toFixed(0)} ms\n`,
    );
  }
}
