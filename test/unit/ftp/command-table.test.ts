/** Rules that hold for the whole command table. */
import { describe, expect, it } from 'vitest';
import { findCommand, notOffered, parseCommand } from '../../../src/ftp/command.ts';
import { commandNames, unofferedNames } from '../../../src/ftp/command-names.ts';
import { verbsOf } from '../../../src/ftp/command-spec.ts';
import { commandTable } from '../../../src/ftp/command-table.ts';

const required =
  'USER PASS QUIT REIN AUTH PBSZ PROT FEAT OPTS SYST NOOP HELP STAT PWD CWD CDUP TYPE MODE STRU PASV EPSV LIST NLST ' +
  'MLSD MLST SIZE MDTM REST RETR STOR APPE ALLO DELE MKD RMD RNFR RNTO ABOR XPWD XCWD XCUP XMKD XRMD';

describe('the command table', () => {
  it.each(required.split(' '))('has %s', (verb) => {
    expect(findCommand(verb)).toBeDefined();
  });

  it('is what settings know of the names of commands', () => {
    const names = commandTable.flatMap((spec) => [
      verbsOf(spec),
      ...(spec.subcommands ?? []).map(({ verb }) => [`${spec.verb} ${verb}`]),
    ]);
    const sorted = (list: readonly (readonly string[])[]) => list.map((one) => one.join(' ')).sort();
    expect(sorted(commandNames)).toEqual(sorted(names));
    expect([...unofferedNames].sort()).toEqual([...notOffered.keys()].sort());
  });

  it('names no verb twice', () => {
    const verbs = commandTable.flatMap(({ verb, alias }) => (alias === undefined ? [verb] : [verb, alias]));
    expect(new Set(verbs).size).toBe(verbs.length);
  });

  it('lets only what leads to TLS, or tells nothing, come in the clear', () => {
    const inClear = commandTable.filter((spec) => spec.inClear).map(({ verb }) => verb);
    const expected = [
      'AUTH',
      'CCC',
      'CLNT',
      'FEAT',
      'HELP',
      'HOST',
      'LANG',
      'NOOP',
      'OPTS',
      'PBSZ',
      'PROT',
      'QUIT',
      'STAT',
      'SYST',
      'USER',
    ];
    expect(inClear.sort()).toEqual(expected);
  });

  it('needs a login for everything that touches files or opens a port', () => {
    const forAll = commandTable.filter(({ requires }) => requires === 'nothing').map(({ verb }) => verb);
    const expected = ['ABOR', 'MODE', 'PASS', 'REIN', 'STRU', 'TYPE'];
    expect(forAll.filter((verb) => !findCommand(verb)?.inClear).sort()).toEqual(expected);
  });

  it('cites an RFC or a draft where there is one, and helps with a sentence in every row', () => {
    for (const { verb, rfc, help } of commandTable) {
      expect(rfc, verb).toMatch(/^(?:RFC \d+ \d.*|draft-[a-z-]+-\d\d(?: (?:\d|appendix [A-Z]))?|no standard)$/u);
      expect(help, verb).toMatch(/^[A-Z].*\.$/u);
    }
  });
});

describe('parseCommand', () => {
  it.each([
    ['noop', { verb: 'NOOP', argument: '' }],
    ['cwd a b ', { verb: 'CWD', argument: 'a b ' }],
    ['cwd  a', { verb: 'CWD', argument: ' a' }],
    ['', { verb: '', argument: '' }],
  ])('reads %o: a verb in any case, and what stands behind one space', (text, expected) => {
    expect(parseCommand(text)).toEqual(expected);
  });
});
