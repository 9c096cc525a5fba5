// Finds the Python with this project's packages: that of `make setup`, else the one on the PATH.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const stop = require('./stop');

const VENV = path.join(path.resolve(__dirname, '../..'), '.venv');
// Packages that infra/ imports.
const PACKAGES = ['aws_lambda_powertools', 'boto3', 'PIL', 'pydantic', 'yaml'];
const HAS_PACKAGES = `
import importlib.util, sys
sys.exit(sys.version_info < (3, 11) or None in map(importlib.util.find_spec, sys.argv[1:]))
`;

let python;

module.exports = () => {
  python = python || find();
  return python;
};

function find() {
  const own = path.join(VENV, 'bin', 'python');
  // The Makefile creates .ready; then the packages need no check.
  if (fs.existsSync(path.join(VENV, '.ready')) && fs.existsSync(own)) return own;
  const command = [own, 'python3'].find(
    (each) => spawnSync(each, ['-c', HAS_PACKAGES, ...PACKAGES]).status === 0
  );
  return command || stop("This project's Python packages are not installed: run `make setup` once.");
}
