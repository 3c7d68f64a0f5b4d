/** The language of dialogues: what can be read, how patterns fit, how a play goes on in step, and what is a fault. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { comparedServers } from '../support/dialogues/compared-servers.ts';
import { type DialogueCase, isExpected, parseDialogue } from '../support/dialogues/dialogue.ts';
import { dialogueFiles } from '../support/dialogues/dialogue-files.ts';
import { faultsOf } from '../support/dialogues/dialogue-judge.ts';
import { play } from '../support/dialogues/dialogue-player.ts';
import { fits, octetsOf } from '../support/dialogues/dialogue-text.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const siteWith = siteFactory(await createIdentities());

const caseOf = (...lines: readonly string[]): DialogueCase =>
  parseDialogue(['About.', '## rule', ...lines].join('\n')).cases[0]!;

describe('a dialogue', () => {
  it('has its differences where they stand, and lines that follow one another in one segment', () => {
    const { steps } = caseOf('> NOOP', '> PWD', '< 200 *', '! vsftpd, proftpd 500 426: it is so', '< closed');
    const difference = { found: '500 426', reason: 'it is so', line: 6 };
    expect(steps).toEqual([
      { kind: 'send', lines: ['NOOP', 'PWD'] },
      {
        kind: 'reply',
        codes: [200],
        text: '*',
        line: 5,
        differences: [
          { server: 'vsftpd', ...difference },
          { server: 'proftpd', ...difference },
        ],
      },
      { kind: 'closed', line: 7, differences: [] },
    ]);
  });

  it.each([
    ['a line of no known form', ['USER ada']],
    ['a reply without a text', ['> NOOP', '< 200']],
    ['a difference without a reason', ['> NOOP', '< 200 *', '! vsftpd 500:']],
    ['a difference behind what nothing is expected of', ['> NOOP', '! vsftpd 500: it is so']],
    ['a difference of no known kind', ['> NOOP', '< 200 *', '! vsftpd maybe: it is so']],
  ])('is refused for %s, with the number of the line', (_what, lines) => {
    expect(() => caseOf(...lines)).toThrow(`line ${lines.length + 2}: not understood`);
  });
});

describe('patterns', () => {
  it.each([
    ['*', '', true],
    ['*', 'a\nb', true],
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['ab*ba', 'aba', false],
    ['a*b*c', 'acbc', true],
    ['a*b*c', 'acc', false],
    ['a', 'ab', false],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['\\xe4\\r\\n', '\udce4\r\n', true],
    ['grün', 'grün', true],
    ['a.c', 'abc', false],
  ])('%j and %j: %s', (pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected);
  });

  it('are written as octets are: escapes, and a character repeated', () => {
    expect(octetsOf('a\\x00\\0\\r\\n\\\\{b*3}')).toEqual(Buffer.from('a\0\0\r\n\\bbb'));
  });
});

describe('a play', () => {
  const findings = async (...lines: readonly string[]) => {
    const site = await siteWith({
      sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
      dataChannelSecurity: { dataChannelBindingWithoutCertificate: 'address' },
    });
    await writeFile(join(site.home, 'left'), 'from before');
    const dialogue = { description: '', cases: [caseOf('file /a = abc', 'log in', ...lines)] };
    const { port, home, identities } = site;
    const person = { user: 'ada', password: 'secret', certificate: identities.ada };
    const played = await play(dialogue, { name: 'cardgate', port, home, ...person });
    return [...played.values()].flat().map(({ expected, found }) => [expected.line, found]);
  };

  it.each([
    ['another code', ['> NOOP', '< 500 *'], [[6, '200']]],
    ['another text', ['> PWD', '< 257 "/a"*'], [[6, '257']]],
    ['other octets', ['> EPSV', '< 229 *', '> RETR a', '< 1xx *', '<< abd', '< 226 *'], [[9, 'data']]],
    ['an end of the connection', ['> QUIT', '< 221 *', '> NOOP', '< 200 *'], [[8, 'closed']]],
  ])('finds %s', async (_what, lines, found) => {
    expect(await findings(...lines)).toEqual(found);
  });

  it('begins with an empty home', async () => {
    expect(await findings('> SIZE left', '< 550 *')).toEqual([]);
  });

  it('goes on in step behind a final reply in place of a preliminary one', async () => {
    const lines = ['> EPSV', '< 229 *', '> RETR none', '< 1xx *', '<< abc', '< 226 *', '> NOOP', '< 200 *'];
    expect(await findings(...lines)).toEqual([[8, '550']]);
  });

  it.each(['RETR a', 'STOR b'])('goes on in step behind a %s that was to be refused', async (line) => {
    const found = await findings('> EPSV', '< 229 *', `> ${line}`, '< 550 *', '> NOOP', '< 200 *');
    expect(found).toEqual([[8, expect.stringMatching(/^1(?:25|50) 226$/u)]]);
  });
});

describe('a fault', () => {
  const one = caseOf('> NOOP', '< 200 *', '! vsftpd 500: it is so', '! proftpd any: it depends');
  const [expected] = one.steps.filter(isExpected);
  const faults = (server: string, ...found: readonly string[]) =>
    faultsOf(
      one,
      server,
      found.map((each) => ({ expected: expected!, found: each, details: 'words' })),
    );

  it.each([
    ['a difference that is not listed', faults('cardgate', '500'), ['line 4: not as expected: cardgate 500: words']],
    ['a difference that is listed otherwise', faults('vsftpd', '502'), ['line 5: not as listed: vsftpd 502: words']],
    ['a difference that is listed and gone', faults('vsftpd'), ['line 5: vsftpd does not differ there (500)']],
    ['no difference that is listed', faults('vsftpd', '500'), []],
    ['no difference that depends', faults('proftpd', '502'), []],
    ['no reply as expected', faults('cardgate'), []],
  ])('is %s', (_what, found, wanted) => {
    expect(found).toEqual(wanted);
  });
});

describe('the dialogues', () => {
  const cases = dialogueFiles().flatMap(({ name, dialogue }) => dialogue.cases.map((one) => ({ name, ...one })));
  const differences = cases.flatMap(({ name, steps }) =>
    steps.filter(isExpected).flatMap((step) => step.differences.map((one) => ({ name, ...one }))),
  );
  const isFounded = (text: string) => /\b(?:RFC \d+ (?:\d|appendix)|RFC 854|draft-|no standard)/u.test(text);

  it('state rules with their sections, and expect something', () => {
    expect(cases.filter(({ title, steps }) => !isFounded(title) || !steps.some(isExpected))).toEqual([]);
  });

  it('give a reason with its section for each difference, of a server that is compared', () => {
    const names: readonly string[] = comparedServers.map(({ name }) => name);
    expect(differences.filter(({ server, reason }) => !isFounded(reason) || !names.includes(server))).toEqual([]);
  });
});
