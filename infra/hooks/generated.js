// Resolves serverless.yml's variables with the output of infra/generate.py.

const path = require('path');
const { runModule } = require('./python');
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
    return JSON.parse(runModule('infra.generate', { input: JSON.stringify(parameters) }));
  } catch (error) {
    return stop(error.message);
  }
}

const PARTS = ['functions', 'resources', 'http_api', 'tracing', 'left_out', 'watermarks'];
module.exports = Object.fromEntries(PARTS.map((key) => [key, part(key)]));
