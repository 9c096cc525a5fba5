// Lets serverless.yml take in what infra/generate.py makes of sizes.yml and the stage's parameters.

const { execFileSync } = require('child_process');
const path = require('path');
const python = require('./python');
const stop = require('./stop');

// The stage's parameters that something is generated from; infra/generate.py checks them.
const PARAMETERS = [
  'timeout',
  'max_concurrency',
  'landing',
  'purge',
  'api_url',
  'auth',
  'jwt_issuer',
  'jwt_audience',
  'force_open',
  'upload_origins',
  'upload_types',
  'heic',
  'max_upload_bytes',
  'requests_per_second',
  'swagger',
  'fetch_loopback',
  'delivery',
  'emulator',
  'images_url',
  'domain',
  'certificate',
  'cdn_seconds',
  'browser_seconds',
  'immutable',
  'serve_formats',
  'serve_queries',
  'on_demand',
  'render',
  'moderation',
  'moderation_confidence',
  'image_origins',
  'hsts',
  'corp',
  'web_acl',
  'web_acl_rate',
  'access_logs',
  'kms_key',
  'alarm_email',
  'xray',
  'tls_only',
  'log_days',
  'permissions_boundary',
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
    for (const each of PARAMETERS) given[each] = asWritten(await resolveVariable(`param:${each}`));
    generated = generated || generate(given);
    return generated[name];
  };

// Numbers and truth values as text, because with --param they are text too.
const asWritten = (value) => (typeof value === 'object' ? value : String(value));

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
