// Ends sls with one message. Thrown instead, Serverless would report it once for each variable that
// is generated, under a heading and above its own versions.

module.exports = (message) => {
  process.stderr.write(`\n${message.trim()}\n`);
  process.exit(1);
};
