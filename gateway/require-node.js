// Says in one sentence what is needed where the Node that npm brought along does not fit this machine. Plain
// JavaScript without imports, so that any old Node can run it.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(`telltale: needs Node 24.12 or later on this machine, and this is ${process.versions.node}`);
  process.exit(1);
}
