// Aedes as it comes, with nothing stored: what the gateway's own work is measured against.
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const aedes = await Aedes.createBroker();
const server = createServer({ noDelay: true }, socket => void aedes.handle(socket));
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  process.stdout.write(`ready ${JSON.stringify(server.address())}\n`);
});
