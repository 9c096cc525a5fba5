// The local stage's runtime and architecture: those of this machine, whose Python runs the zip.
// Apart from generated.js, because that one needs the parameters and these are among them.

const { execFileSync } = require('child_process');
const path = require('path');
const python = require('./python');

module.exports = () =>
  JSON.parse(
    execFileSync(python(), ['-m', 'infra.host'], {
      cwd: path.dirname(__dirname),
      encoding: 'utf8',
    })
  );
