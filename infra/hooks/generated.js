// Lets serverless.yml take in what infra/generate.py makes of sizes.yml and the stage's parameters.

const { execFileSync } = require('child_process');
const path = require('path');
const python = require('./python');
const stop = require('./stop');

let generated;

const part =
  (name) =>
  async ({ resolveConfigurationProperty, resolveVariable }) => {
    // Serverless throws in here, and calls again, while a variable cannot be resolved yet.
    const given = {};
    for (const each of Object.keys(await resolveConfigurationProperty(['params', 'default'])))
      given[each] = asWritten(await resolveVariable(`param:${each}`));
    Object.assign(given, {
      service: await resolveVariable('self:service'),
      stage: await resolveVariable('sls:stage'),
      region: await resolveVariable('self:provider.region'),
      sizes_file: path.resolve(given.sizes_file),
    });
    generated = generated || generate(given);
    return generated[name];
  };

// Numbers and truth values as text, because with --param they are text too.
const asWritten = (value) => (typeof value === 'object' ? value : String(value));

function generate(parameters) {
  try {
    const out = execFileSync(python(), ['-m', 'infra.generate'], {
      cwd: path.resolve(__dirname, '../..'),
      input: JSON.stringify(parameters),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return JSON.parse(out);
  } catch (error) {
    return stop(String(error.stderr || error.message));
  }
}

module.exports = {
  functions: part('functions'),
  resources: part('resources'),
  names: part('names'),
  http_api: part('http_api'),
  upload_origins: part('upload_origins'),
  tracing: part('tracing'),
  left_out: part('left_out'),
};
