// A chat in a terminal: node talk.js --user ann [--room lobby] [--address 127.0.0.1:5000] [--ca-file FILE]
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ChatClient } from './chat-client.js';

const {
  address,
  user,
  room,
  'ca-file': caFile,
} = parseArgs({
  options: {
    address: { type: 'string', default: '127.0.0.1:5000' },
    'ca-file': { type: 'string' },
    user: { type: 'string' },
    room: { type: 'string', default: 'lobby' },
  },
}).values;

const client = new ChatClient({ address, user, caFile });
client.join(room, { replayLimit: 50 });

// Escapes control characters, so that a message cannot control the terminal.
const printable = (text) => text.replace(/\p{C}/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

async function show() {
  for await (const [event, value] of client.events()) {
    if (event === 'message') {
      console.log(`${printable(value.sender)}: ${value.erased ? '(erased)' : printable(value.text)}`);
    } else if (event === 'joined' && value.resume === 'RESUME_RESET') {
      console.error('· the service has a new log; these are all its messages');
    } else if (event === 'joined' && value.resume === 'RESUME_GAP') {
      console.error('· some older messages are not shown');
    } else if (event === 'caughtUp') {
      console.error('── up to date ──');
    } else if (event === 'left') {
      throw new Error(value.detail);
    } else if (event === 'disconnected') {
      console.error(`· ${value.reason}; reconnecting…`);
    }
  }
}

async function type() {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === '') continue;
    const answered = client.send(room, line).catch((error) => {
      console.error(`· not sent: ${error.message}`);
      process.exitCode = 1;
    });
    if (client.unanswered > 100) await answered;
  }
  client.close();
}

try {
  await Promise.all([show(), type()]);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
