// Runs sls again and again in one process, each time as if it had just started: only the packages
// that it depends on stay loaded, which saves half of its time. Each run is a line of JSON on
// standard input: { folder, environment, args }.

const fs = require('fs');
const path = require('path');
const { Readable } = require('stream');

const PACKAGES = path.join(fs.realpathSync(path.join(__dirname, '../node_modules')), path.sep);
const OSLS = path.join(PACKAGES, 'osls', path.sep);
// It has validators by their schemas' hashes, and nothing of a run.
const VALIDATORS = path.join(OSLS, 'lib/classes/config-schema-handler/resolve-ajv-validate.js');
const SCRIPT = path.join(OSLS, 'scripts/serverless.js');

// Of a run, before it counts as one that never ends.
const MILLISECONDS = 300_000;

let run;

// What runs read: once they had the real one, readLine would no longer wait for a line.
Object.defineProperty(process, 'stdin', { value: Readable.from([]) });

for (const name of ['stdout', 'stderr'])
  process[name].write = (text, ...rest) => {
    if (!run.hasExited) run[name] += text;
    rest.filter((each) => typeof each === 'function').forEach((each) => process.nextTick(each));
    return true;
  };

// What sls does after an exit is to report the error, which nobody sees.
process.exit = (code) => {
  run.hasExited = true;
  process.exitCode = code;
  throw new Error('exit');
};

// A run is over when nothing is left to wait for.
process.on('beforeExit', () => {
  if (run) {
    clearTimeout(run.overdue);
    const { stdout, stderr } = run;
    fs.writeSync(1, JSON.stringify({ value: { code: process.exitCode || 0, stdout, stderr } }) + '\n');
  }
  const line = readLine();
  if (!line) return;
  forget();
  start(JSON.parse(line));
});

// Events that something listens to between runs; and temporary folders are removed at the exit.
const LISTENED = new Set([...process.eventNames(), 'exit']);

function forget() {
  for (const name of process.eventNames())
    if (!LISTENED.has(name)) process.removeAllListeners(name);
  for (const file of Object.keys(require.cache))
    if (file !== VALIDATORS && (file.startsWith(OSLS) || !file.startsWith(PACKAGES)))
      delete require.cache[file];
}

function start({ folder, environment, args }) {
  const overdue = setTimeout(() => process.kill(process.pid, 'SIGKILL'), MILLISECONDS).unref();
  run = { stdout: '', stderr: '', hasExited: false, overdue };
  process.exitCode = undefined;
  process.chdir(folder);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.argv = [process.argv[0], SCRIPT, ...args];
  require(SCRIPT);
}

function readLine() {
  const buffer = Buffer.alloc(1 << 16);
  let line = '';
  while (!line.endsWith('\n')) {
    const length = fs.readSync(0, buffer);
    if (!length) return '';
    line += buffer.toString('utf8', 0, length);
  }
  return line;
}
