/**
 * One decision as a page for an auditor: self-contained, without scripts, everything from certificates and directories escaped.
 * It shows what the login path recorded, and judges nothing itself.
 */
import { createHash } from 'node:crypto';
import { type Denial, denialEntry } from '../denial.ts';
import type { Resolution } from '../login/site-login.ts';
import { html, type Markup } from './markup.ts';
import type { Facts, FactValue, RecordedStep } from './steps.ts';
import { explanationStyle } from './style.ts';
import { comparisonNames, factName, identityFacts, stageTitles } from './words.ts';

export interface ExplanationPage {
  readonly steps: readonly RecordedStep[];
  readonly resolution: Resolution;
  readonly madeAt: Date;
  readonly certificateFile: string;
  readonly configurationFile: string;
  /** Over the configuration and all it names. */
  readonly configurationSha256: string;
  readonly site: string;
  /** Undefined: no name was given. */
  readonly claimedName: string | undefined;
}

const marks = { passed: '✓ passed', failed: '✗ failed', skipped: '– skipped', noted: '· noted' } as const;

export function explanationHtml(page: ExplanationPage): string {
  const styleHash = createHash('sha256').update(explanationStyle).digest('base64');
  const { record } = page.resolution;
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${{ markup: styleHash }}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>cardgate: ${record.outcome}, ${page.certificateFile}</title>
<style>${{ markup: explanationStyle }}</style>
</head>
<body>
<header><h1>Does this certificate log in?</h1>${question(page)}</header>
<main>
${verdict(page.resolution)}
${certificate(page.resolution)}
${account(page)}
${stages(page.steps)}
</main>
<footer>Made by cardgate explain at ${page.madeAt.toISOString()}. The login path itself decided, on the real configuration and directory. This was no login.</footer>
</body>
</html>
`;
  return markup;
}

function question(page: ExplanationPage): Markup {
  return table({
    'certificate file': page.certificateFile,
    'name given to USER': page.claimedName ?? '(none: any name of the account will do)',
    site: page.site,
    configuration: page.configurationFile,
    'configuration SHA-256': page.configurationSha256,
    'decided at': page.madeAt.toISOString(),
    'decided in': `${page.resolution.record.durationMilliseconds} ms`,
  });
}

function verdict({ verdict: decided, record }: Resolution): Markup {
  if (decided.outcome !== 'granted') return refusal(decided.outcome, decided.denial);
  const { homeDirectory, validUntil } = decided.login;
  return html`<section class="verdict granted" id="verdict"><p><strong>✓ GRANTED</strong></p>${table({
    account: record.account?.distinguishedName,
    rule: record.rule,
    'why the mapping is strong': record.mappingReason,
    home: homeDirectory,
    'certificates valid until': validUntil?.toISOString(),
  })}</section>`;
}

function refusal(outcome: 'denied' | 'unavailable', { code, detail, facts }: Denial): Markup {
  const { meaning, remedy, stage, reply } = denialEntry(code);
  return html`<section class="verdict ${outcome}" id="verdict"><p><strong>✗ ${outcome.toUpperCase()}: ${code}</strong></p>
<p>${meaning}</p>${table({
    detail,
    'what to do': remedy,
    'where it ended': stageTitles[stage],
    'reply to the client': reply,
  })}${factList(facts)}</section>`;
}

function certificate({ record }: Resolution): Markup {
  const { certificate: facts, path, trustAnchor, policies, evidence } = record;
  if (!facts)
    return html`<section id="certificate"><h2>The certificate</h2><p>It could not be read, or there was none.</p></section>`;
  return html`<section id="certificate"><h2>The certificate</h2>${table({
    ...facts,
    ...(path && { 'certification path, SHA-256': path }),
    ...(trustAnchor && { 'trust anchor, SHA-256': trustAnchor }),
    ...(policies && { 'valid for policies': policies }),
  })}${(evidence ?? []).map((one) => html`<h3>Evidence of revocation: ${one.status} by ${one.method}</h3>${table({ ...one })}`)}</section>`;
}

function account({ steps, resolution: { record, mapped } }: ExplanationPage): Markup {
  if (!record.account)
    return html`<section id="account"><h2>The account, its groups and permissions</h2><p>The login ended before an account was found.</p></section>`;
  const { distinguishedName: _, ...facts } = record.account;
  const rights = steps.findLast(({ stage, check }) => stage === 'authorization' && check === 'authorization rules');
  const groups = mapped?.groups?.map(({ name, distinguishedName, sid }) =>
    [name, distinguishedName, sid].filter((identity) => identity !== undefined).join(' · '),
  );
  return html`<section id="account"><h2>The account, its groups and permissions</h2>${table({
    'distinguished name': record.account.distinguishedName,
    ...facts,
    groups: groups ?? '(not read: the login ended before)',
    ...(rights?.verdict === 'passed' && { 'may read': rights.facts?.['read'], 'may write': rights.facts?.['write'] }),
  })}</section>`;
}

/** Steps of one stage that follow each other, under its title. */
function stages(steps: readonly RecordedStep[]): Markup[] {
  const sections: { stage: RecordedStep['stage']; rows: Markup[] }[] = [];
  let before = 0;
  let shownCertificate: FactValue | undefined;
  for (const step of steps) {
    let section = sections.at(-1);
    if (section?.stage !== step.stage) {
      section = { stage: step.stage, rows: [] };
      sections.push(section);
      shownCertificate = undefined;
    }
    const { subject, sha256 } = step.facts ?? {};
    if (sha256 !== undefined && sha256 !== shownCertificate) {
      section.rows.push(
        html`<tr><th colspan="3"><h3>${factText(subject ?? '')}</h3><code>${factText(sha256)}</code></th></tr>`,
      );
    }
    shownCertificate = sha256 ?? shownCertificate;
    section.rows.push(stepRow(step, before));
    before = step.atMilliseconds ?? before;
  }
  return sections.map(
    ({ stage, rows }) => html`<section><h2>${stageTitles[stage]}</h2><table class="steps">
<thead><tr><th>Outcome</th><th>Check</th><th class="time">Took, at</th></tr></thead><tbody>${rows}</tbody></table></section>`,
  );
}

function stepRow(
  { check, verdict: outcome, citation, facts = {}, atMilliseconds }: RecordedStep,
  before: number,
): Markup {
  const cited = citation === undefined ? '' : html` <span class="citation">${citation}</span>`;
  const time =
    atMilliseconds === undefined ? '' : `${(atMilliseconds - before).toFixed(1)}, ${atMilliseconds.toFixed(1)} ms`;
  return html`<tr><td class="mark ${outcome}">${marks[outcome]}</td><td>${check}${cited}${factList(facts)}</td><td class="time">${time}</td></tr>
`;
}

function factList(facts: Facts): Markup | string {
  const shown = Object.entries(facts).filter(
    ([name, value]) => value !== undefined && !(identityFacts.has(name) && 'sha256' in facts),
  );
  if (shown.length === 0) return '';
  const isComparison = facts['whatDiffers'] !== undefined;
  const nameOf = (name: string) => (isComparison ? comparisonNames.get(name) : undefined) ?? factName(name);
  return html`<dl>${shown.map(([name, value]) => html`<dt>${nameOf(name)}</dt><dd>${factValue(value ?? '')}</dd>`)}</dl>`;
}

function table(rows: Readonly<Record<string, FactValue | undefined>>): Markup {
  const shown = Object.entries(rows).filter(([, value]) => value !== undefined);
  return html`<table><tbody>${shown.map(
    ([name, value]) => html`<tr><th scope="row">${factName(name)}</th><td>${factValue(value ?? '')}</td></tr>
`,
  )}</tbody></table>`;
}

function factValue(value: FactValue): Markup {
  if (typeof value !== 'object') return html`<code>${factText(value)}</code>`;
  if (value.length === 0) return html`(none)`;
  return html`<ul>${value.map((one) => html`<li><code>${one}</code></li>`)}</ul>`;
}

function factText(value: FactValue): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? value.join(' | ') : String(value);
}
