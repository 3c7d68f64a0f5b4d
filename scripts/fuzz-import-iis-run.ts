/**
 * Mutated configurations of IIS through the import. Nothing but a refusal may be thrown, what is written is YAML, and a site that
 * something closes stays closed, whatever else is mutated.
 */
import { parse } from 'yaml';
import { importIis } from '../src/iis/import-iis.ts';
import { InputFault } from '../src/iis/reading/input-fault.ts';
import { iisFile, noOptions, thumbprint } from '../test/support/iis-files.ts';
import { randomNumbers } from './chain-generator.ts';

export interface ImportFuzzResult {
  readonly refused: number;
  /** Files that were imported with a site that lets accounts in. */
  readonly open: number;
}

/** What closes the site, or keeps it from being written. */
const closers: readonly string[] = [
  '<userIsolation mode="Custom" />',
  '<userIsolation mode="Isolated" />',
  '<userisolation mode="IsolateAllDirectories" />',
  '<security><unknown /></security>',
  '<security><authorization /></security>',
  '<ssl />',
  '<security><ssl controlChannelPolicy="SslDeny" /></security>',
  '<security><ssl serverCertHash="57" /></security>',
  '<security><sslClientCertificates validationFlags="Nothing" /></security>',
  '<security><commandFiltering><add command="DELE" /></commandFiltering></security>',
  '<security><commandFiltering><add command="D E L E" allowed="false" /></commandFiltering></security>',
  '<security><authentication><basicAuthentication enabled="yes" /></authentication></security>',
  '<security><customAuthorization><provider name="My" /></customAuthorization></security>',
];

/** Pieces that mean something to the reader. Comments and CDATA may hide what closes, as they may in IIS. */
const pieces = [
  '<',
  '>',
  '/>',
  '"',
  "'",
  '=',
  '&amp;',
  '&#0;',
  '&#x41;',
  '&x;',
  '<clear />',
  '<remove users="*" />',
  '<add />',
  '<a>',
  '</a>',
  ' x="1"',
  ' xmlns="u"',
  '\0',
  '\ufeff',
  '\u202e',
  '\ud83d\ude00',
  '<?p ?>',
  ']]>',
  'true',
  'false',
  '%',
  '<location path="files">',
  '</location>',
  ' configSource="a"',
];

/** A file whose site lets accounts in, in two parts: what is put between them stands in ftpServer. */
function parts(closer: string): { readonly before: string; readonly after: string } {
  const marker = '<!--here-->';
  const defaults = `<ftpServer><security><ssl serverCertHash="${thumbprint}" /><authentication><basicAuthentication enabled="true" /></authentication></security></ftpServer>`;
  const server =
    '<system.ftpServer><firewallSupport lowDataChannelPort="50000" highDataChannelPort="50100" /><security><requestFiltering><hiddenSegments><add segment="_vti_bin" /></hiddenSegments></requestFiltering></security></system.ftpServer>';
  // A security element of the site stands once.
  const inside = closer === '' ? '<connections controlChannelTimeout="60" />' : '';
  const file = iisFile({ ftpServer: `${marker}${inside}`, siteDefaults: defaults, after: server });
  const at = file.indexOf(marker);
  return { before: file.slice(0, at), after: file.slice(at + marker.length) };
}

/** @param count files @param seed of all mutations */
export function fuzzImport(seed: number, count: number): ImportFuzzResult {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  let [refused, open] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const closer = index % 2 === 0 ? '' : (closers[below(closers.length)] ?? '');
    const { before, after } = parts(closer);
    const text = `${mutated(before, below)}${closer}${mutated(after, below)}`;
    const outcome = outcomeOf(text);
    if (outcome === 'refused') refused += 1;
    if (outcome === 'open') open += 1;
    if (outcome === 'open' && closer !== '')
      throw new Error(`seed ${seed}, file ${index}: ${closer} was passed by:\n${text}`);
  }
  return { refused, open };
}

function mutated(text: string, below: (limit: number) => number): string {
  let result = text;
  for (let times = below(3); times > 0; times -= 1) {
    const at = below(result.length + 1);
    const length = below(6);
    const lines = result.split('\n');
    const line = below(lines.length);
    const piece = pieces[below(pieces.length)] ?? '';
    const changes = [
      () => result.slice(0, at) + result.slice(at + length),
      () => result.slice(0, at) + piece + result.slice(at),
      () => result.slice(0, at) + piece + result.slice(at + length),
      () => result.slice(0, at) + String.fromCharCode(below(128)) + result.slice(at + 1),
      () => result.slice(0, at) + result.slice(at, at + length) + result.slice(at),
      () => lines.toSpliced(line, 1).join('\n'),
      () => lines.toSpliced(line, 0, lines[line] ?? '').join('\n'),
      () => lines.toSpliced(line, 1, lines[below(lines.length)] ?? '').join('\n'),
    ];
    result = changes[below(changes.length)]?.() ?? result;
  }
  return result.replaceAll('<!--', '').replaceAll('-->', '').replaceAll('<![CDATA[', '');
}

function outcomeOf(text: string): 'refused' | 'closed' | 'open' {
  try {
    const { yaml, sites, findings } = importIis('a.config', Buffer.from(text), noOptions);
    if (findings.some(({ place }) => place === undefined)) throw new Error(`a finding without a place:\n${text}`);
    if (yaml === undefined) return 'closed';
    const { sites: written } = parse(yaml) as { sites: readonly { authentication: { mode: string } }[] };
    const count = sites.filter((site) => site.written !== 'written as a comment').length;
    if (written.length !== count)
      throw new Error(`${written.length} sites are written, and ${count} reported:\n${text}`);
    return sites.some((site) => site.written === 'written') ? 'open' : 'closed';
  } catch (error) {
    if (error instanceof InputFault && error.place.line > 0 && error.place.column > 0) return 'refused';
    throw error;
  }
}
