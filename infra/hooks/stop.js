// Ends sls with a message. If it were thrown, Serverless would report it once for each generated
// variable, with a heading and its own versions.

module.exports = (message) => {
  process.stderr.write(`\n${message.trim()}\n`);
  process.exit(1);
};
