// Runs before_deploy.py before a deploy or a removal: it stops them if something would be lost, and
// adds to the template what AWS has to be asked for. After them, its notes are printed, and
// after_deploy.py does the last steps. After a deploy to the emulator of `make local`,
// local/refresh.py does them, and adapts the emulator and .local/ to the deploy.
const net = require('net');
const { runModule } = require('./python');
const stop = require('./stop');

// Commands that talk to AWS; the others, such as package and print, need no emulator.
const REMOTE = ['deploy', 'remove', 'info', 'invoke', 'logs', 'metrics', 'rollback'];

module.exports = class Deploy {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    const { service } = serverless;
    const isTrue = (name) => String(service.custom[name]) === 'true';
    this.hooks = {
      initialize: () => this.checkInput(),
      'before:deploy:deploy': () => {
        const template = service.provider.compiledCloudFormationTemplate;
        const options = { abandon_secrets: isTrue('abandonSecrets'), adopt: isTrue('adopt') };
        this.check({ template, abandon_messages: isTrue('abandonMessages'), ...options });
        service.provider.compiledCloudFormationTemplate = this.checked.template;
      },
      'before:remove:remove': () =>
        this.check({ template: { Resources: {} }, abandon_messages: isTrue('abandonMessages') }),
      'after:remove:remove': () => this.checked.was_private && this.finish('infra.hooks.after_deploy'),
      'after:deploy:deploy': () => {
        printLines(this.checked.after);
        const isLocal = process.env.FANOUT_LOCAL && service.custom.emulator;
        this.finish(isLocal ? 'local.refresh' : 'infra.hooks.after_deploy');
        // The emulator's addresses, as sls prints them, do not resolve; local/refresh.py prints
        // those that do.
        if (isLocal) serverless.serviceOutputs.clear();
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

  check(given) {
    this.checked = JSON.parse(this.run('infra.hooks.before_deploy', given));
    printLines(this.checked.now);
  }

  finish(module) {
    const { template, was_private } = this.checked;
    process.stdout.write(this.run(module, { template, was_private }));
  }

  // Runs a module for the account, region and profile that sls uses.
  run(module, given) {
    const provider = this.serverless.getProvider('aws');
    const profile = provider.options['aws-profile'] || this.serverless.service.provider.profile;
    const region = provider.getRegion();
    const about = { stack: provider.naming.getStackName(), stage: provider.getStage(), region };
    return runModule(module, {
      cwd: this.serverless.serviceDir,
      env: {
        ...process.env,
        AWS_DEFAULT_REGION: region,
        ...(profile ? { AWS_PROFILE: profile } : {}),
      },
      input: JSON.stringify({ ...about, ...given }),
    });
  }
};

const printLines = (lines) => lines.forEach((line) => process.stdout.write(`${line}\n`));

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
