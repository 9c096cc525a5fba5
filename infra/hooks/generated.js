// Resolves serverless.yml's variables with the output of infra/generate.py.

const { execFileSync } = require('child_process');
const path = require('path');
const python = require('./python');
const stop = require('./stop');

let generated;

const part =
  (key) =>
  async ({ resolveConfigurationProperty, resolveVariable }) => {
    // While a variable is not resolvable yet, resolveVariable throws; Serverless then calls again.
    const parameters = {};
    for (const name of Object.keys(await resolveConfigurationProperty(['params', 'default'])))
      parameters[name] = asText(await resolveVariable(`param:${name}`));
    Object.assign(parameters, {
      service: await resolveVariable('self:service'),
      stage: await resolveVariable('sls:stage'),
      region: await resolveVariable('self:provider.region'),
      sizes_file: path.resolve(parameters.sizes_file),
    });
    generated = generated || generate(parameters);
    return generated[key];
  };

// Numbers and booleans become text, as --param passes them.
const asText = (value) => (typeof value === 'object' ? value : String(value));

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
  http_api: part('http_api'),
  tracing: part('tracing'),
  left_out: part('left_out'),
  watermarks: part('watermarks'),
};
