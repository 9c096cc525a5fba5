// How serverless-python-requirements fetches wheels for Lambda's platform, without Docker.

const { createHash } = require('crypto');
const { readFileSync } = require('fs');
const python = require('./python');

const OWN_HASH = createHash('sha256').update(readFileSync(__filename)).digest('hex').slice(0, 8);
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
// What the functions call. botocore's models of the other services are 25 MB.
const SERVICES = ['cloudfront', 'rekognition', 's3', 'secretsmanager', 'sqs'];
// What nothing imports: resources in place of clients, text on pictures, older models, other
// utilities. A third of the files, which take time to unpack.
const UNUSED = [
  'boto3/{data,dynamodb,ec2,examples}',
  'dateutil/zoneinfo',
  'pydantic/v1',
  'aws_lambda_powertools/utilities/!(data_classes|jmespath_utils|typing|*.py)',
  'PIL/_imaging{ft,tk}.*',
  'pillow.libs/lib{freetype,harfbuzz}-*',
];
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
    // boto3 is packed though the runtime has one: what the tests ran with is what runs, and
    // lib/aws hooks into its events.
    noDeploy: await resolveVariable('file(infra/hooks/generated.js):left_out'),
    slim: true,
    // This machine's strip may not know the target's format, and where it does, it breaks libraries
    // that their wheels have patched to find each other.
    strip: false,
    slimPatterns: [`botocore/data/!(${[...SERVICES, '*.json'].join('|')})`, ...UNUSED],
    // The plugin's cache knows a folder by its requirements alone, not by what is asked here.
    cacheLocation: `.serverless-cache/${runtime}-${architecture}-${OWN_HASH}`,
  };
};
