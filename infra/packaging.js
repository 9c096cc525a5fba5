// How serverless-python-requirements fetches wheels for Lambda's platform, without Docker.

const python = require('./python');

const plugin = require.resolve('serverless-python-requirements');
const jszip = require(require.resolve('jszip', { paths: [plugin] }));

// Nothing tells the plugin how hard to pack, and its 9 is twice as slow as zlib's usual 6, for half
// a percent of the zip: a file that names no level gets this one. For an emulator, which unpacks it
// on the same disk, packing would only take time.
function packHow(emulator) {
  if (emulator) jszip.defaults.compression = 'STORE';
  else jszip.defaults.compressionOptions = { level: 6 };
}

// pip takes only the tags it is given, and wheels are built for different ages of glibc; Lambda's
// Amazon Linux 2023 has 2.34.
const GLIBC = ['manylinux_2_34', 'manylinux_2_28', 'manylinux_2_27', 'manylinux2014'];
const MACHINES = { arm64: 'aarch64', x86_64: 'x86_64' };

module.exports = async ({ resolveVariable }) => {
  const runtime = await resolveVariable('param:runtime');
  const architecture = await resolveVariable('param:architecture');
  packHow(await resolveVariable('param:emulator'));
  const version = runtime.replace('python', '');
  return {
    pythonBin: python(),
    pipCmdExtraArgs: [
      ...GLIBC.map((tag) => `--platform ${tag}_${MACHINES[architecture]}`),
      `--python-version ${version}`,
      '--implementation cp',
      '--only-binary=:all:',
    ],
    // The Lambda runtime brings these.
    noDeploy: ['boto3', 'botocore', 's3transfer', 'urllib3', 'python-dateutil', 'six'],
    slim: true,
    // The plugin's cache key knows neither the Python version nor pip's arguments.
    cacheLocation: `.serverless-cache/${runtime}-${architecture}`,
  };
};
