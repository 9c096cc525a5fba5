// Lets serverless.yml take in what infra/generate.py makes of sizes.yml and the stage's parameters.

const { execFileSync } = require('child_process');
const path = require('path');
const python = require('./python');

// The stage's parameters that something is generated from; infra/generate.py checks them.
const PARAMETERS = [
  'timeout',
  'max_concurrency',
  'landing',
  'purge',
  'delivery',
  'emulator',
  'images_url',
  'domain',
  'certificate',
  'cdn_seconds',
  'browser_seconds',
  'immutable',
  'serve_formats',
  'image_origins',
  'hsts',
  'corp',
  'web_acl',
  'web_acl_rate',
  'access_logs',
  'log_days',
];

let generated;

const part =
  (name) =>
  async ({ resolveVariable }) => {
    // Serverless throws in here, and calls again, while a variable cannot be resolved yet.
    const given = {
      service: await resolveVariable('self:service'),
      stage: await resolveVariable('sls:stage'),
      region: await resolveVariable('self:provider.region'),
      sizes_file: path.resolve(await resolveVariable('param:sizes_file')),
    };
    // Text, because what is given with --param is text too.
    for (const each of PARAMETERS) given[each] = String(await resolveVariable(`param:${each}`));
    generated = generated || generate(given);
    return generated[name];
  };

function generate(parameters) {
  try {
    const out = execFileSync(python(), ['-m', 'infra.generate'], {
      cwd: path.dirname(__dirname),
      input: JSON.stringify(parameters),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return JSON.parse(out);
  } catch (error) {
    throw new Error(`\n${String(error.stderr || error.message).trim()}\n`);
  }
}

module.exports = {
  functions: part('functions'),
  resources: part('resources'),
  names: part('names'),
  images_url: part('images_url'),
};
