/** Turns the process of a check into one of the service’s user, for good: what is judged and tried then is what the service may do. */
import { execFileSync } from 'node:child_process';

/** @param name of a user of this machine, wherever it is kept @returns why it cannot be, or undefined */
export function becomeUser(name: string): string | undefined {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/.test(name)) return `${name} is not the name of a user`;
  let uid: number;
  let groups: readonly number[];
  try {
    uid = Number(idOf('-u', name));
    groups = [idOf('-g', name), ...idOf('-G', name).split(' ')].map(Number);
  } catch {
    return `there is no user ${name} on this machine`;
  }
  if (process.getuid?.() === uid) return undefined;
  if (process.getuid?.() !== 0) return `only root can check as ${name}: run it with sudo, or as ${name} without --user`;
  const [gid = uid] = groups;
  process.setgroups?.([...new Set(groups)]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  return undefined;
}

function idOf(kind: '-u' | '-g' | '-G', name: string): string {
  return execFileSync('id', [kind, '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
