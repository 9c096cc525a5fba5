// The Python that has this project's packages: the one `make` set up, else the one on the PATH.

const fs = require('fs');
const path = require('path');

module.exports = () => {
  const own = path.join(path.dirname(__dirname), '.venv', 'bin', 'python');
  return fs.existsSync(own) ? own : 'python3';
};
