// One group, many members, a few publishers at a steady rate: does everyone get everything, in order, soon?
import { Counter, Trend } from 'k6/metrics';
import exec from 'k6/execution';
import { connect, createGroups, createUsers, numbered, parse, runName, setting } from './lib/chat.js';

const MEMBERS = setting('MEMBERS', 200);
const PUBLISHERS = setting('PUBLISHERS', 2);
// Messages a second, of each publisher.
const RATE = setting('RATE', 5);
const SECONDS = setting('SECONDS', 20);
const P99_MS = setting('P99_MS', 250);

// Sockets that one virtual user holds: fewer JavaScript engines, less memory.
const SOCKETS_PER_VU = 50;
const USERS = 20;
// Publishers start when all are there.
const CONNECT_SECONDS = setting('CONNECT_SECONDS', 5 + MEMBERS / 500);
const MESSAGES = RATE * SECONDS;

const deliveries = new Counter('deliveries');
const misplaced = new Counter('misplaced_messages');
const missing = new Counter('missing_messages');
const latency = new Trend('delivery_latency', true);

export const options = {
  scenarios: {
    members: {
      executor: 'per-vu-iterations',
      exec: 'member',
      vus: Math.ceil(MEMBERS / SOCKETS_PER_VU),
      maxDuration: `${CONNECT_SECONDS + SECONDS + 60}s`,
    },
    publishers: {
      executor: 'per-vu-iterations',
      exec: 'publisher',
      vus: PUBLISHERS,
      startTime: `${CONNECT_SECONDS}s`,
      maxDuration: `${SECONDS + 60}s`,
    },
  },
  thresholds: {
    delivery_latency: [`p(99)<${P99_MS}`],
    deliveries: [`count==${MEMBERS * PUBLISHERS * MESSAGES}`],
    misplaced_messages: ['count==0'],
    missing_messages: ['count==0'],
  },
};

export function setup() {
  const run = runName();
  // Counters without a sample have no threshold to fail.
  misplaced.add(0);
  missing.add(0);
  return { users: createUsers(run, USERS), group: createGroups(run, 1)[0] };
}

export function member({ users, group }) {
  const first = exec.scenario.iterationInTest * SOCKETS_PER_VU;
  for (let number = first; number < Math.min(first + SOCKETS_PER_VU, MEMBERS); number++) {
    listen(connect(group, users[number % USERS]));
  }
}

function listen(socket) {
  const next = Array(PUBLISHERS).fill(0);
  let left = PUBLISHERS * MESSAGES;
  const timeout = setTimeout(() => socket.close(), (CONNECT_SECONDS + SECONDS + 20) * 1000);
  socket.onmessage = ({ data }) => {
    const message = parse(data);
    if (!message) {
      return;
    }
    latency.add(Date.now() - message.sentAt);
    deliveries.add(1);
    if (message.number !== next[message.sender]) {
      misplaced.add(1);
    }
    next[message.sender] = message.number + 1;
    left -= 1;
    if (left === 0) {
      socket.close();
    }
  };
  socket.onclose = () => {
    clearTimeout(timeout);
    missing.add(left);
  };
}

export function publisher({ users, group }) {
  const sender = exec.scenario.iterationInTest;
  const socket = connect(group, users[sender % USERS]);
  let number = 0;
  socket.onopen = () => {
    const timer = setInterval(() => {
      socket.send(numbered(sender, number));
      number += 1;
      if (number === MESSAGES) {
        clearInterval(timer);
      }
    }, 1000 / RATE);
  };
  socket.onmessage = ({ data }) => {
    const message = parse(data);
    if (message?.sender === sender && message.number === MESSAGES - 1) {
      socket.close();
    }
  };
}
