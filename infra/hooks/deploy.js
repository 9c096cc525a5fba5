// Runs before_deploy.py before a deploy or a removal: it stops them if something would be lost, and
// its notes are printed after a deploy. It adds the public keys of a private stage to the template,
// and after_deploy.py then lets them sign. After a deploy it has connect_originals.py add the stage's
// notification to a bucket that exists. After a deploy to the emulator of `make local` it adapts the
// emulator and .local/ to it.

const { spawnSync } = require('child_process');
const net = require('net');
const path = require('path');
const python = require('./python');
const stop = require('./stop');

// Commands that talk to AWS; the others, such as package and print, need no emulator.
const REMOTE = ['deploy', 'remove', 'info', 'invoke', 'logs', 'metrics', 'rollback'];

module.exports = class Deploy {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    const { service } = serverless;
    this.hooks = {
      initialize: () => this.checkInput(),
      'before:deploy:deploy': () =>
        this.check({
          template: service.provider.compiledCloudFormationTemplate,
          abandon_secrets: String(service.custom.abandonSecrets) === 'true',
          adopt: String(service.custom.adopt) === 'true',
        }),
      'before:remove:remove': () => this.check({ template: { Resources: {} } }),
      'after:remove:remove': () => this.finish(false),
      'after:deploy:deploy': () => {
        process.stdout.write(this.after);
        this.finish(true);
        this.connectOriginals();
        if (process.env.FANOUT_LOCAL && service.custom.emulator) this.refresh();
      },
    };
  }

  async checkInput() {
    const { processedInput, configurationInput, service } = this.serverless;
    const { default: known, ...stages } = configurationInput.params;
    const given = (this.options.param || []).map((each) => ['--param', each.split('=')[0]]);
    for (const [stage, parameters] of Object.entries(stages))
      given.push(...Object.keys(parameters || {}).map((name) => [`params.${stage}`, name]));
    const wrong = given.find(([, name]) => !(name in known));
    if (wrong) stop(`${wrong.join(': ')} is no parameter; serverless.yml lists them in params.default`);
    if (service.custom.emulator && REMOTE.includes(processedInput.commands[0]))
      await checkEmulator(process.env.AWS_ENDPOINT_URL);
  }

  // The emulator's addresses, as sls prints them, do not resolve: `local refresh` prints those that do.
  refresh() {
    const { serviceDir, serviceOutputs, classes } = this.serverless;
    const run = spawnSync(python(), ['-m', 'local', 'refresh'], { cwd: serviceDir, encoding: 'utf8' });
    if (run.status !== 0) throw new classes.Error(run.stderr || String(run.error), 'LOCAL');
    serviceOutputs.clear();
    process.stdout.write(run.stdout);
  }

  check(given) {
    const { service, classes } = this.serverless;
    const abandon = String(service.custom.abandonMessages) === 'true';
    const run = this.run('before_deploy', { abandon_messages: abandon, ...given });
    if (run.stdout) {
      const answer = JSON.parse(run.stdout);
      const { now, after, properties, template, was_private: wasPrivate } = answer;
      const compiled = template || given.template;
      for (const [logical, added] of Object.entries(properties))
        Object.assign(compiled.Resources[logical].Properties, added);
      process.stdout.write(now);
      this.after = after;
      this.viewerKeys = template ? template.Metadata.ViewerKeys : undefined;
      this.wasPrivate = wasPrivate;
      if (template) service.provider.compiledCloudFormationTemplate = template;
    }
    if (run.status !== 0) throw new classes.Error(run.stderr || String(run.error), 'REFUSED');
  }

  // Only for a stage that is private, or was until now: others have no viewer keys.
  finish(isDeployed) {
    const keys = isDeployed ? this.viewerKeys : undefined;
    if (!keys && !this.wasPrivate) return;
    const run = this.run('after_deploy', {
      is_private: Boolean(keys),
      secret: keys ? keys.Secret : `${this.stackName()}-viewer-keys`,
      kms_key: keys ? keys.KmsKeyId : '',
    });
    process.stdout.write(run.stdout || '');
    const { classes } = this.serverless;
    if (run.status !== 0) throw new classes.Error(run.stderr || String(run.error), 'UNFINISHED');
  }

  connectOriginals() {
    const { service, classes } = this.serverless;
    const template = service.provider.compiledCloudFormationTemplate;
    const run = this.run('connect_originals', { template });
    process.stdout.write(run.stdout || '');
    if (run.status !== 0) throw new classes.Error(run.stderr || String(run.error), 'UNFINISHED');
  }

  // Runs a module of this folder for the account, region and profile that sls uses.
  run(module, given) {
    const provider = this.serverless.getProvider('aws');
    const profile = provider.options['aws-profile'] || this.serverless.service.provider.profile;
    return spawnSync(python(), ['-m', `infra.hooks.${module}`], {
      cwd: path.resolve(__dirname, '../..'),
      env: {
        ...process.env,
        AWS_DEFAULT_REGION: provider.getRegion(),
        ...(profile ? { AWS_PROFILE: profile } : {}),
      },
      input: JSON.stringify({
        stack: this.stackName(),
        stage: provider.getStage(),
        region: provider.getRegion(),
        ...given,
      }),
      encoding: 'utf8',
    });
  }

  stackName() {
    return this.serverless.getProvider('aws').naming.getStackName();
  }
};

// Without the endpoint, sls would deploy the stage of the emulator to AWS.
async function checkEmulator(endpoint) {
  const cure = 'run `make local`, then `. .local/env` in this shell';
  if (!endpoint) stop(`This stage is deployed to an emulator of AWS, not to AWS: ${cure}.`);
  const { hostname, port } = new URL(endpoint);
  const answers = await new Promise((resolve) => {
    const socket = net.connect(port || 80, hostname);
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  });
  if (!answers) stop(`The emulator of this shell, ${endpoint}, is not running: ${cure}.`);
}
