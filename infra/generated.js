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
  'kms_key',
  'alarm_email',
  'xray',
  'access_logs',
  'tls_only',
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
  tracing: part('tracing'),
};
