// The Python that has this project's packages: the one `make setup` set up, else the one on the PATH.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const stop = require('./stop');

const VENV = path.join(path.resolve(__dirname, '../..'), '.venv');
// What infra/ imports: without one of these nothing can be packaged.
const PACKAGES = ['boto3', 'PIL', 'pydantic', 'yaml'];
const HAS_PACKAGES = `
import importlib.util, sys
sys.exit(sys.version_info < (3, 11) or None in map(importlib.util.find_spec, sys.argv[1:]))
`;

let found;

module.exports = () => {
  found = found || find();
  return found;
};

function find() {
  const own = path.join(VENV, 'bin', 'python');
  // The Makefile's mark, so that what is set up has not to be looked at each time.
  if (fs.existsSync(path.join(VENV, '.ready')) && fs.existsSync(own)) return own;
  const python = [own, 'python3'].find(
    (each) => spawnSync(each, ['-c', HAS_PACKAGES, ...PACKAGES]).status === 0
  );
  return python || stop("This project's Python packages are not installed: run `make setup` once.");
}
