/** Filters of IIS by command, name, size and address. A filter that closed something and cannot be carried over stops its site. */
import { echo } from '../resolution/echo.ts';
import type { ResolvedElement } from '../resolution/resolved-element.ts';
import { type SectionLevel, sectionLevels } from '../resolution/site-sections.ts';
import type { SiteDraft } from './site-draft.ts';

export function carryFilters(draft: SiteDraft): void {
  carryCommands(draft);
  for (const level of sectionLevels(draft.configuration, 'security/requestFiltering', draft.site.name))
    carryRequests(draft, level);
  for (const level of sectionLevels(draft.configuration, 'security/ipSecurity', draft.site.name))
    carryAddresses(draft, level);
}

/** @returns entries in force, after what IIS reports an error for has stopped the site */
function entriesOf(draft: SiteDraft, element: ResolvedElement) {
  const { entries, faulty } = element.entries();
  for (const { element: at, message } of faulty) {
    draft.note('notUnderstood', at.place, {
      subject: element.path,
      message,
      remedy: 'IIS reports an error for it. Correct the list.',
    });
    draft.stop(`${element.path} at ${at.place.line}:${at.place.column} ${message}`);
  }
  return entries;
}

function carryCommands(draft: SiteDraft): void {
  const filtering = draft.site.ftp.below('security/commandFiltering');
  const denied = entriesOf(draft, filtering).filter(({ values }) => values.get('allowed') !== true);
  if (filtering.isSet('allowUnlisted') && denied.length === 0) return;
  const place = denied[0]?.element.place ?? filtering.get('allowUnlisted').attribute?.place;
  lose(draft, filtering.path, place, 'commands were denied to clients');
}

/** Every installation hides it; a rule for the root stands for that. */
const installed = '_vti_bin';

function carryRequests(draft: SiteDraft, { resolved, virtualPath }: SectionLevel): void {
  const extensions = resolved.below('fileExtensions');
  const limits = resolved.below('requestLimits');
  const segments = entriesOf(draft, resolved.below('hiddenSegments')).filter(
    ({ values }) => String(values.get('segment')).toLowerCase() !== installed,
  );
  const sequences = entriesOf(draft, resolved.below('denyUrlSequences'));
  const denied = entriesOf(draft, extensions).filter(({ values }) => values.get('allowed') !== true);
  const closed = [
    ...(resolved.isSet('allowHighBitCharacters') ? [] : [resolved.get('allowHighBitCharacters').attribute?.place]),
    ...(extensions.isSet('allowUnlisted') ? [] : [extensions.get('allowUnlisted').attribute?.place]),
    ...(limits.get('maxAllowedContentLength').value === 0
      ? []
      : [limits.get('maxAllowedContentLength').attribute?.place]),
    ...[...segments, ...sequences, ...denied].map(({ element }) => element.place),
  ];
  if (closed.length === 0) return;
  lose(draft, `${resolved.path}`, closed[0], `requests were filtered at ${virtualPath}`);
}

function carryAddresses(draft: SiteDraft, { resolved, virtualPath }: SectionLevel): void {
  const denied = entriesOf(draft, resolved).filter(({ values }) => values.get('allowed') !== true);
  if (resolved.isSet('allowUnlisted') && denied.length === 0) return;
  const place = denied[0]?.element.place ?? resolved.get('allowUnlisted').attribute?.place;
  lose(draft, resolved.path, place, `addresses were denied at ${echo(virtualPath)}`);
}

function lose(draft: SiteDraft, subject: string, place: SiteDraft['site']['place'] | undefined, message: string): void {
  const remedy = 'Close it another way (a firewall, rules, permissions of the files), and open the site then.';
  draft.note('needsDecision', place, { subject, message: `${message}, and that cannot be carried over`, remedy });
  draft.stop(message);
}
