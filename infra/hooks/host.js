// The local stage's runtime and architecture: those of this machine, whose Python runs the zip.
// In a file of its own: generated.js needs the stage's parameters, and these two are among them.

const { execFileSync } = require('child_process');
const { findPython } = require('./python');

const SCRIPT = `
import json, platform, sys
print(json.dumps([sys.version_info[:2], platform.machine().lower()]))
`;
const ARCHITECTURES = { aarch64: 'arm64', arm64: 'arm64', amd64: 'x86_64', x86_64: 'x86_64' };

let host;

// Two of serverless.yml's variables ask.
module.exports = () => (host = host || find());

function find() {
  const [version, machine] = JSON.parse(execFileSync(findPython(), ['-c', SCRIPT]));
  return { runtime: `python${version.join('.')}`, architecture: ARCHITECTURES[machine] };
}
