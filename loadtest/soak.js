// An ordinary day, for as long as wanted: groups that talk, people who come and go, history being read.
// run.sh prints the server's memory before and after.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import exec from 'k6/execution';
import { BASE_URL, connect, createGroups, createUsers, numbered, parse, runName, setting } from './lib/chat.js';

const MINUTES = setting('MINUTES', 10);
const MEMBERS = setting('MEMBERS', 100);
const GROUPS = setting('GROUPS', 10);
// How long a member stays before it comes back as a new connection.
const STAY_SECONDS = setting('STAY_SECONDS', 20);
// Time between two messages of a member.
const PAUSE_SECONDS = setting('PAUSE_SECONDS', 2);
const P99_MS = setting('P99_MS', 250);

const USERS = 50;

const deliveries = new Counter('deliveries');
const misplaced = new Counter('misplaced_messages');
const unanswered = new Counter('unanswered_messages');
const lost = new Counter('lost_sockets');
const latency = new Trend('delivery_latency', true);

export const options = {
  setupTimeout: '2m',
  scenarios: {
    members: { executor: 'constant-vus', exec: 'member', vus: MEMBERS, duration: `${MINUTES}m`, gracefulStop: '60s' },
    readers: {
      executor: 'constant-arrival-rate',
      exec: 'reader',
      rate: 5,
      duration: `${MINUTES}m`,
      preAllocatedVUs: 5,
      maxVUs: 20,
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    delivery_latency: [`p(99)<${P99_MS}`],
    misplaced_messages: ['count==0'],
    unanswered_messages: ['count==0'],
    lost_sockets: ['count==0'],
  },
};

export function setup() {
  const run = runName();
  for (const counter of [misplaced, unanswered, lost]) {
    counter.add(0);
  }
  return { users: createUsers(run, USERS), groups: createGroups(run, GROUPS) };
}

// One stay of a member: say something now and then, leave when all of it has come back.
export function member({ users, groups }) {
  const sender = exec.scenario.iterationInTest;
  const socket = connect(groups[sender % GROUPS], users[sender % USERS]);
  const next = new Map();
  let sent = 0;
  let echoed = 0;
  let leaving = false;
  let timer;
  let timeout;

  socket.onopen = () => {
    timer = setInterval(() => socket.send(numbered(sender, sent++)), PAUSE_SECONDS * (0.5 + Math.random()) * 1000);
    timeout = setTimeout(() => {
      clearInterval(timer);
      leaving = true;
      timeout = setTimeout(leave, 10_000);
      if (echoed === sent) {
        leave();
      }
    }, STAY_SECONDS * (0.5 + Math.random()) * 1000);
  };
  socket.onmessage = ({ data }) => {
    const message = parse(data);
    if (!message) {
      return;
    }
    deliveries.add(1);
    latency.add(Date.now() - message.sentAt);
    // Someone who was here before us may be at any number; from there on there is no hole.
    if (message.number !== (next.get(message.sender) ?? message.number)) {
      misplaced.add(1);
    }
    next.set(message.sender, message.number + 1);
    if (message.sender === sender) {
      echoed += 1;
      if (leaving && echoed === sent) {
        leave();
      }
    }
  };
  socket.onclose = () => {
    clearInterval(timer);
    clearTimeout(timeout);
    unanswered.add(sent - echoed);
    if (!leaving) {
      lost.add(1);
    }
  };

  function leave() {
    clearTimeout(timeout);
    socket.close();
  }
}

// History reads as someone scrolling back would do.
export function reader({ groups }) {
  const group = groups[Math.floor(Math.random() * GROUPS)];
  const response = http.get(`${BASE_URL}/api/v1/messages/?group_id=${group.id}&before_seq=1000000000&limit=50`, {
    tags: { name: 'history' },
  });
  check(response, {
    'history has no holes': (response) =>
      response.status === 200 &&
      response.json().every(({ seq }, place, page) => place === 0 || seq === page[place - 1].seq + 1),
  });
  sleep(0.1);
}
