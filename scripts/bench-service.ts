/**
 * What the mapping service carries: decisions a second over its Unix socket against Samba and slapd, beside requests that
 * decide nothing (/v1/health) in the same run. Run: node scripts/bench-service.ts [requests]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { parse, stringify } from 'yaml';
import buildProgram from '../test/support/build-program.ts';
import { cardgate } from '../test/support/built-program.ts';
import { sambaDirectory, slapdDirectory, startLoginWorld } from '../test/support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../test/support/pki.ts';
import { startSambaDc } from '../test/support/samba-dc.ts';
import { startSlapd } from '../test/support/slapd.ts';

const requests = Number(process.argv[2] ?? 3000);
const concurrency = 32;

interface Ask {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** Sends all, some at a time, and counts answers of 200. */
async function rate(socketPath: string, { method, path, body = '' }: Ask) {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const took: number[] = [];
  let left = requests;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const began = performance.now();
      const asked = request({ agent, socketPath, method, path, headers: { 'content-type': 'application/json' } });
      asked.end(body);
      const [answer] = await once(asked, 'response');
      let text = '';
      for await (const chunk of answer) text += String(chunk);
      if (answer.statusCode !== 200 || text.includes('"denied"')) throw new Error(text);
      took.push(performance.now() - began);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  took.sort((a, b) => a - b);
  return { perSecond: requests / seconds, p99: took[Math.floor(took.length * 0.99)] ?? 0 };
}

async function measure(
  name: string,
  pki: TestPki,
  person: Person,
  options: Omit<Parameters<typeof startLoginWorld>[0], 'pki'>,
) {
  const world = await startLoginWorld({ pki, ...options });
  const socket = join(world.folder, 'mapping.sock');
  const configuration = join(world.folder, 'service.yaml');
  const settings = parse(await readFile(world.configuration, 'utf8')) as Record<string, unknown>;
  await writeFile(configuration, stringify({ ...settings, mappingService: { listeners: [{ socket }] } }));
  const [program, main] = cardgate;
  const service = spawn('setpriv', ['--pdeathsig', 'TERM', program, main, 'serve-mapping', configuration], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface({ input: service.stderr })) if (line === 'cardgate is ready') break;
  const body = JSON.stringify({ certificates: [person.der.toString('base64')] });
  const resolve: Ask = { method: 'POST', path: '/v1/resolve', body };
  await rate(socket, resolve);
  const nothing = await rate(socket, { method: 'GET', path: '/v1/health' });
  const decisions = await rate(socket, resolve);
  console.log(
    `${name}: ${decisions.perSecond.toFixed(0)} decisions/s, p99 ${decisions.p99.toFixed(0)} ms at ${concurrency} at once ` +
      `(${(decisions.perSecond / nothing.perSecond).toFixed(2)}x of requests that decide nothing, ${nothing.perSecond.toFixed(0)}/s)`,
  );
  service.kill('SIGTERM');
  await once(service, 'exit');
  await world.stop();
}

await buildProgram();
const pki = await createTestPki();
const rules = 'rules:\n  - { name: by-sid, map: sid }\n';
const dc = await startSambaDc();
const { sid } = await dc.addUser({ sam: 'ada' });
const ada = await pki.issuePerson({ name: 'ada', sid });
const slapd = await startSlapd({ accounts: [{ uid: 'ada', certificates: [ada.der] }] });
try {
  const samba = sambaDirectory(dc);
  await measure('Samba', pki, ada, { directories: [samba.directory], files: samba.files, rules });
  const people = slapdDirectory(slapd);
  const exact = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  await measure('slapd', pki, ada, { directories: [people.directory], files: people.files, rules: exact });
} finally {
  await slapd.stop();
  await dc.stop();
  await pki.remove();
}
