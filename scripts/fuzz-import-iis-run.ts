/**
 * Mutated configurations of IIS, and web.config files beside them, through the import. Nothing but a refusal may be thrown, what is written is YAML, and a site that
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

/** What closes the site when a web.config says it, whose sections the configuration unlocks or leaves locked. */
const webClosers: readonly { readonly isUnlocked: boolean; readonly text: string }[] = [
  { isUnlocked: false, text: '<authorization><add accessType="Allow" users="*" permissions="Read" /></authorization>' },
  {
    isUnlocked: true,
    text: '<authorization><add accessType="Allowed" users="*" permissions="Read" /></authorization>',
  },
  { isUnlocked: true, text: '<authorization><remove users="eve" roles="" permissions="Read" /></authorization>' },
  { isUnlocked: true, text: '<authorization><clear /></authorization>' },
  { isUnlocked: true, text: '<ipSecurity><add ipAddress="192.0.2.300" /></ipSecurity>' },
  { isUnlocked: true, text: '<requestFiltering quick="true" />' },
  { isUnlocked: true, text: '<authorization verbs="x" />' },
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
function parts(closer: string, more = ''): { readonly before: string; readonly after: string } {
  const marker = '<!--here-->';
  const defaults = `<ftpServer><security><ssl serverCertHash="${thumbprint}" /><authentication><basicAuthentication enabled="true" /></authentication></security></ftpServer>`;
  const server =
    '<system.ftpServer><firewallSupport lowDataChannelPort="50000" highDataChannelPort="50100" /><security><requestFiltering><hiddenSegments><add segment="_vti_bin" /></hiddenSegments></requestFiltering></security></system.ftpServer>';
  // A security element of the site stands once.
  const inside = closer === '' ? '<connections controlChannelTimeout="60" />' : '';
  const file = iisFile({ ftpServer: `${marker}${inside}`, siteDefaults: defaults, after: server + more });
  const at = file.indexOf(marker);
  return { before: file.slice(0, at), after: file.slice(at + marker.length) };
}

/** @param count files @param seed of all mutations */
export function fuzzImport(seed: number, count: number): ImportFuzzResult {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const chosen = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  let [refused, open] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const closer = index % 4 === 1 ? chosen(closers) : '';
    const webCloser = index % 4 === 3 ? chosen(webClosers) : undefined;
    const { before, after } = parts(closer, webCloser?.isUnlocked === false ? '' : unlocked);
    // One of the two files at a time: few pairs of mutated files are read.
    const [mutate, mutateWeb] = below(2) === 0 ? [mutated, unchanged] : [unchanged, mutated];
    const text = `${mutate(before, below)}${closer}${mutate(after, below)}`;
    const inside = webCloser?.text ?? (index % 2 === 0 ? chosen(['', opening]) : opening);
    const webConfig = `${mutateWeb(webParts.before, below)}${inside}${mutateWeb(webParts.after, below)}`;
    const outcome = outcomeOf(text, webConfig);
    if (outcome === 'refused') refused += 1;
    if (outcome === 'open') open += 1;
    if (outcome === 'open' && (closer !== '' || webCloser !== undefined))
      throw new Error(`seed ${seed}, file ${index}: ${closer || inside} was passed by:\n${text}\n${webConfig}`);
  }
  return { refused, open };
}

/** As a web.config may say it where it is unlocked. */
const opening =
  '<authorization><clear /><add accessType="Allow" users="*" permissions="Read, Write" /></authorization>';

const webParts = {
  before: '<configuration>\n<system.ftpServer>\n<security>\n',
  after: '\n</security>\n</system.ftpServer>\n</configuration>\n',
};

const unlocked = `<configSections><sectionGroup name="system.ftpServer"><sectionGroup name="security">${[
  'authorization',
  'ipSecurity',
  'requestFiltering',
]
  .map((name) => `\n<section name="${name}" overrideModeDefault="Allow" />`)
  .join('')}\n</sectionGroup></sectionGroup></configSections>`;

function unchanged(text: string): string {
  return text;
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

function outcomeOf(text: string, webConfig: string): 'refused' | 'closed' | 'open' {
  try {
    const webConfigs = [{ file: 'web.config', location: 'files', octets: Buffer.from(webConfig) }];
    const { yaml, sites, findings } = importIis('a.config', Buffer.from(text), { ...noOptions, webConfigs });
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
