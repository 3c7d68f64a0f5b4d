/** Names of sites as cardgate takes them: letters, digits, dot, hyphen and underscore, at most 64. */
import { echo } from '../resolution/echo.ts';
import type { SiteDraft } from './site-draft.ts';

const longestName = 64;

/** @param taken names of the sites before it; the name is added */
export function nameSite(draft: SiteDraft, taken: Set<string>): void {
  const { name, id, element } = draft.site;
  const plain = name
    .replace(/[^\w.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, longestName);
  const base = /[A-Za-z0-9]/.test(plain) ? plain : `site-${/^\d{1,10}$/.test(id) ? id : '0'}`;
  let given = base;
  for (let count = 2; taken.has(given.toLowerCase()); count += 1) given = `${base.slice(0, longestName - 5)}-${count}`;
  taken.add(given.toLowerCase());
  draft.set('name', given);
  const outcome = given === name ? 'carriedOver' : 'different';
  const value = { value: name, attribute: element.attributes.get('name') };
  draft.tell(outcome, value, { subject: 'site@name', message: `${echo(name)} is ${given}` });
  for (const [other, message] of [
    ['id', 'a site is known by its name'],
    ['serverAutoStart', 'it is the web server’s; that of ftpServer counts'],
  ] as const) {
    draft.tell(
      'withoutEffect',
      { value: undefined, attribute: element.attributes.get(other) },
      { subject: `site@${other}`, message },
    );
  }
}
