// Settings of serverless-python-requirements: it fetches wheels for Lambda without Docker.

const { createHash } = require('crypto');
const { readFileSync } = require('fs');
const { findPython } = require('./python');

const OWN_HASH = createHash('sha256').update(readFileSync(__filename)).digest('hex').slice(0, 8);
const plugin = require.resolve('serverless-python-requirements');
const jszip = require(require.resolve('jszip', { paths: [plugin] }));

// The plugin has no setting for the compression level, and its 9 takes twice the time of zlib's
// usual 6 to save half a percent. An emulator unpacks the zip on the same disk: there, compression
// only takes time.
function setCompression(emulator) {
  if (emulator) jszip.defaults.compression = 'STORE';
  else jszip.defaults.compressionOptions = { level: 6 };
}

// pip accepts only the listed tags, and wheels are built for different versions of glibc; Lambda's
// Amazon Linux 2023 has 2.34.
const GLIBC = ['manylinux_2_34', 'manylinux_2_28', 'manylinux_2_27', 'manylinux2014'];
// Services that the functions call; botocore's models of the others are 25 MB.
const SERVICES = ['cloudfront', 'rekognition', 's3', 'secretsmanager', 'sqs'];
// Modules that nothing imports: a third of the files, which take time to unpack.
const UNUSED = [
  // botocore uses a service's newest version, and CloudFront has twenty.
  'botocore/data/cloudfront/!(2020-05-31)',
  'boto3/{data,dynamodb,ec2,examples}',
  'dateutil/zoneinfo',
  'pydantic/v1',
  'aws_lambda_powertools/utilities/!(data_classes|jmespath_utils|typing|*.py)',
  'PIL/_imaging{ft,math,morph,tk}.*',
  'PIL/!(Avif|Bmp|Gif|Jpeg|Mpo|Png|Ppm|Tiff|WebP)ImagePlugin.py',
  'PIL/{ImageDraw*,ImageFont,ImageGrab,ImageMath,ImageMorph,ImageQt,ImageShow,ImageText,ImageTk,ImageWin}.py',
  'PIL/{*FontFile,GdImageFile,PdfParser,PSDraw,TarIO,WalImageFile}.py',
  'pydantic/mypy.py',
  'urllib3/contrib/emscripten',
  // FreeType, HarfBuzz and what only these two need: Pillow has its own code for PNG.
  'pillow.libs/lib{brotlicommon,brotlidec,freetype,harfbuzz,png16}-*',
];
const MACHINES = { arm64: 'aarch64', x86_64: 'x86_64' };

module.exports = async ({ resolveVariable }) => {
  const runtime = await resolveVariable('param:runtime');
  const architecture = await resolveVariable('param:architecture');
  setCompression(await resolveVariable('param:emulator'));
  const version = runtime.replace('python', '');
  return {
    pythonBin: findPython(),
    pipCmdExtraArgs: [
      ...GLIBC.map((tag) => `--platform ${tag}_${MACHINES[architecture]}`),
      `--python-version ${version}`,
      '--implementation cp',
      '--only-binary=:all:',
      // requirements.txt names all of them; bytecode.js compiles what is left in the zip.
      '--no-deps',
      '--no-compile',
    ],
    // boto3 is packaged although the runtime has one, so that the tested version runs: lib/aws uses
    // its events.
    noDeploy: await resolveVariable('file(infra/hooks/generated.js):left_out'),
    slim: true,
    // strip may not support the target's format, and if it does, it breaks libraries that their
    // wheels have patched to find each other.
    strip: false,
    slimPatterns: [`botocore/data/!(${[...SERVICES, '*.json'].join('|')})`, ...UNUSED],
    // The plugin's cache key has the requirements only, not these settings.
    cacheLocation: `.serverless-cache/${runtime}-${architecture}-${OWN_HASH}`,
  };
};
