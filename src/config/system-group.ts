/** Groups of this machine by name, as the name service switch knows them: local ones, and those of a directory. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Milliseconds: a directory that does not answer must not keep a service from starting with a clear message. */
const patience = 5000;

/** @returns the number of the group; undefined when there is no such group */
export function findGid(name: string): number | undefined {
  const { status, stdout, error } = spawnSync('getent', ['group', name], { encoding: 'utf8', timeout: patience });
  // small images have no getent, and no directory either
  if (error) return gidIn(readFileSync('/etc/group', 'utf8'), name);
  return status === 0 ? gidIn(stdout, name) : undefined;
}

/** @param database lines as in group(5) */
function gidIn(database: string, name: string): number | undefined {
  const [, , gid] =
    database
      .split('\n')
      .map((line) => line.split(':'))
      .find(([first]) => first === name) ?? [];
  return gid === undefined || !/^\d+$/.test(gid) ? undefined : Number(gid);
}
