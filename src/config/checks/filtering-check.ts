/** What cannot work in the lists by which a site filters commands and names: entries that never match, lists that close everything. */
import { foldedPath } from '../../authorization/folded-path.ts';
import { foldedExtension } from '../../authorization/request-filter.ts';
import { longestPath } from '../../authorization/request-filtering.ts';
import { commandNames, neededFor, unofferedNames } from '../../ftp/command-names.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import type { SiteSettings } from '../site-schema.ts';
import { takesPass } from './authentication-check.ts';
import type { ConsistencyRule } from './site-warnings.ts';

export function filteringWarnings(site: SiteSettings): readonly ConsistencyRule[] {
  return [
    ...extensionRules(site),
    ...repeatedNames(site),
    ...sequenceRules(site),
    ...nameRules(site),
    ...commandRules(site),
  ];
}

function extensionRules({ requestFiltering }: SiteSettings): readonly ConsistencyRule[] {
  const { allowUnlisted, extensions } = requestFiltering.fileExtensions;
  const path = ['requestFiltering', 'fileExtensions'];
  return [
    {
      applies: !allowUnlisted && !extensions.some(({ allowed }) => allowed),
      path: [...path, 'allowUnlisted'],
      message: 'no extension is allowed: clients can use no file at all',
      remedy: 'List the extensions that are allowed, or set allowUnlisted to true.',
    },
    ...extensions.flatMap(({ fileExtension, allowed }, index) => {
      const extension = foldedExtension(fileExtension);
      const same = (entry: (typeof extensions)[number]) => foldedExtension(entry.fileExtension) === extension;
      return [
        {
          applies: extension.includes('.'),
          path: [...path, 'extensions', index, 'fileExtension'],
          message: `${fileExtension} never matches: a file has the extension behind its last dot only`,
          remedy: `Write .${extension.slice(extension.lastIndexOf('.') + 1)}.`,
        },
        {
          applies: extensions.findIndex(same) < index,
          path: [...path, 'extensions', index, 'fileExtension'],
          message: `${fileExtension} is listed before; where one entry has allowed: false, that one counts`,
          remedy: 'Keep one of the entries.',
        },
        {
          applies: allowed === allowUnlisted && !extensions.some((one) => one.allowed !== allowed && same(one)),
          path: [...path, 'extensions', index, 'allowed'],
          message: `the entry for ${fileExtension} changes nothing: allowUnlisted says the same`,
          remedy: `Remove the entry, or set allowUnlisted to ${!allowUnlisted}.`,
        },
      ];
    }),
    {
      applies: requestFiltering.requestLimits.maxUrl > longestPath,
      path: ['requestFiltering', 'requestLimits', 'maxUrl'],
      message: `maxUrl ${requestFiltering.requestLimits.maxUrl} has no effect: no path has more than ${longestPath} bytes`,
      remedy: `Use ${longestPath} or less.`,
    },
  ];
}

function repeatedNames({ requestFiltering }: SiteSettings): readonly ConsistencyRule[] {
  return (['hiddenSegments', 'denyUrlSequences'] as const).flatMap((list) => {
    const names = requestFiltering[list].map(foldedPath);
    return requestFiltering[list].map((name, index) => ({
      applies: names.indexOf(foldedPath(name)) < index,
      path: ['requestFiltering', list, index],
      causes: [names.indexOf(foldedPath(name)), index].map((place) => ['requestFiltering', list, place]),
      message: `${name} is listed before; letter case does not count`,
      remedy: 'Keep one of the entries.',
    }));
  });
}

/** Sequences are looked for in paths that begin with a slash, and have neither dots nor empty names in them. */
function sequenceRules({ requestFiltering }: SiteSettings): readonly ConsistencyRule[] {
  return requestFiltering.denyUrlSequences.flatMap((sequence, index) => {
    const path = ['requestFiltering', 'denyUrlSequences', index];
    return [
      {
        applies: sequence === '/',
        path,
        message: '/ is in every path: clients can use nothing at all',
        remedy: 'Write more of the path, such as /private/.',
      },
      {
        applies: /\/\/|\/\.{1,2}\/|[\0\n]/u.test(sequence),
        path,
        message: `${JSON.stringify(sequence)} never matches: a path is judged without //, /./ and /../, which lead nowhere else`,
        remedy: 'Remove the sequence.',
      },
    ];
  });
}

/** Names of commands that do nothing where they are listed. */
function nameRules(site: SiteSettings): readonly ConsistencyRule[] {
  const { commands } = site.commandFiltering;
  const all = [...commandNames.flat(), ...unofferedNames];
  const namesOf = (command: string) => commandNames.find((names) => names.includes(command)) ?? [command];
  return commands.flatMap(({ command, allowed }, index) => {
    const path = ['commandFiltering', 'commands', index, 'command'];
    const meant = nearest(command, all);
    const needed = neededFor(command, site);
    const before = commands.findIndex((one) => namesOf(command).includes(one.command));
    return [
      {
        applies: !all.includes(command),
        path,
        message: `${command} is no command of this server: it is answered 500 whatever the list says`,
        remedy: meant === undefined ? 'Remove the entry.' : `Did you mean ${meant}?`,
      },
      {
        applies: allowed && unofferedNames.includes(command),
        path,
        message: `${command} is never served: it is answered 502 whatever the list says`,
        remedy: 'Remove the entry.',
      },
      {
        applies: allowed && needed !== undefined,
        path,
        message: `${command} is allowed here, and the site does not serve it`,
        remedy: `Set ${needed}, or remove the entry.`,
      },
      {
        applies: before < index,
        path,
        causes: [before, index].map((place) => ['commandFiltering', 'commands', place, 'command']),
        message: `${command} is listed before, as ${commands[before]?.command}; where one entry has allowed: false, that one counts`,
        remedy: 'Keep one of the entries.',
      },
    ];
  });
}

function commandRules(site: SiteSettings): readonly ConsistencyRule[] {
  const { commands, allowUnlisted } = site.commandFiltering;
  const isDenied = (...names: readonly string[]) => {
    const entries = commands.filter(({ command }) => names.includes(command));
    return entries.length === 0 ? !allowUnlisted : entries.some(({ allowed }) => !allowed);
  };
  const path = ['commandFiltering', 'commands'];
  const isExplicit = site.bindings.some(({ tls }) => tls === 'explicit');
  const needsTls = isExplicit && site.ssl.controlChannelPolicy !== 'SslAllow';
  const protectsData = isExplicit && site.ssl.dataChannelPolicy === 'SslRequire';
  const closing = (applies: boolean, verbs: string, what: string): ConsistencyRule => ({
    applies,
    path,
    message: `${verbs} denied: ${what}`,
    remedy: `List ${verbs.replace(/ (?:is|are)$/u, '')} with allowed: true.`,
  });
  return [
    closing(isDenied('USER'), 'USER is', 'no client can log in'),
    closing(
      needsTls && isDenied('AUTH'),
      'AUTH is',
      'no client can begin TLS on an explicit binding, and it is required',
    ),
    closing(
      protectsData && (isDenied('PBSZ') || isDenied('PROT')),
      'PBSZ and PROT are',
      'no client can protect data connections, and that is required',
    ),
    closing(
      takesPass(site) && isDenied('PASS'),
      'PASS is',
      'no client can log in by a password, and the site takes them',
    ),
    closing(
      isDenied('PASV') &&
        isDenied('EPSV') &&
        (!site.firewallSupport.activeMode || (isDenied('PORT') && isDenied('EPRT'))),
      'PASV and EPSV are',
      'no client can open a data connection',
    ),
    closing(isDenied('QUIT'), 'QUIT is', 'clients cannot end a session in order'),
  ];
}
