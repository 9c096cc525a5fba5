// Lets serverless.yml take in what infra/generate.py makes of sizes.yml.

const { execFileSync } = require('child_process');
const path = require('path');
const python = require('./python');

let generated;

const part =
  (name) =>
  async ({ resolveVariable }) => {
    // Serverless throws in here, and calls again, while a variable cannot be resolved yet.
    const parameters = {
      service: await resolveVariable('self:service'),
      stage: await resolveVariable('sls:stage'),
      sizes_file: path.resolve(await resolveVariable('param:sizes_file')),
      timeout: Number(await resolveVariable('param:timeout')),
      max_concurrency: Number(await resolveVariable('param:max_concurrency')),
      landing: Number(await resolveVariable('param:landing')),
      purge: String(await resolveVariable('param:purge')),
    };
    generated = generated || generate(parameters);
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
};
