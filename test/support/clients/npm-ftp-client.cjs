/* The npm package ftp as a client for tests: reads one session as JSON on standard input, does its steps, prints listings. */
'use strict';
const { createWriteStream, readFileSync } = require('node:fs');
const { pipeline } = require('node:stream/promises');
const { promisify } = require('node:util');
const Client = require('ftp');

const session = JSON.parse(readFileSync(0, 'utf8'));
const { host = 'localhost', identity, rootFile, tls, user, password = 'none', port } = session;
const client = new Client();

async function perform(step) {
  if (step.do === 'upload') return promisify(client.put.bind(client))(step.local, step.remote);
  if (step.do === 'download') return download(step);
  for (const { name } of await promisify(client.list.bind(client))(step.path)) console.log(name);
}

/** The package lets the octets flow as soon as its callback returns: the file must take them before that, or the first are lost. */
function download({ remote, local }) {
  return new Promise((resolve, reject) => {
    client.get(remote, (error, content) => {
      if (error) reject(error);
      else pipeline(content, createWriteStream(local)).then(resolve, reject);
    });
  });
}

client.once('ready', async () => {
  try {
    for (const step of session.steps) await perform(step);
    client.end();
  } catch (error) {
    fail(error);
  }
});
client.on('error', fail);

function fail(error) {
  console.error(error.message);
  process.exit(1);
}

client.connect({
  host,
  port,
  user,
  password,
  secure: true,
  secureOptions: {
    ca: readFileSync(rootFile),
    minVersion: `TLSv${tls}`,
    maxVersion: `TLSv${tls}`,
    ...(identity.kind === 'files' && {
      cert: readFileSync(identity.certificateFile),
      key: readFileSync(identity.keyFile),
    }),
  },
});
