// Many connections: come in evenly, stay, and still work at the end.
import { Counter, Rate, Trend } from 'k6/metrics';
import { sleep } from 'k6';
import exec from 'k6/execution';
import { connect, createGroups, createUsers, numbered, parse, runName, setting } from './lib/chat.js';

const CONNECTIONS = setting('CONNECTIONS', 2_000);
const RAMP_SECONDS = setting('RAMP_SECONDS', 10);
const HOLD_SECONDS = setting('HOLD_SECONDS', 30);
const P95_MS = setting('P95_MS', 100);

// Sockets that one virtual user holds; they are a group.
const SOCKETS_PER_VU = 50;
const VUS = Math.ceil(CONNECTIONS / SOCKETS_PER_VU);
const USERS = 20;
const ANSWER_SECONDS = 10;

const opened = new Counter('opened_sockets');
const lost = new Counter('lost_sockets');
const alive = new Rate('alive_at_the_end');
const opening = new Trend('opening_time', true);

export const options = {
  setupTimeout: '2m',
  scenarios: {
    connections: {
      executor: 'per-vu-iterations',
      vus: VUS,
      maxDuration: `${RAMP_SECONDS + HOLD_SECONDS + 60}s`,
    },
  },
  thresholds: {
    opened_sockets: [`count==${VUS * SOCKETS_PER_VU}`],
    lost_sockets: ['count==0'],
    alive_at_the_end: ['rate==1'],
    opening_time: [`p(95)<${P95_MS}`],
  },
};

export function setup() {
  const run = runName();
  lost.add(0);
  return { users: createUsers(run, USERS), groups: createGroups(run, VUS) };
}

export default function ({ users, groups }) {
  const vu = exec.scenario.iterationInTest;
  const step = RAMP_SECONDS / (VUS * SOCKETS_PER_VU);
  sleep(vu * SOCKETS_PER_VU * step);
  const heldUntil = Date.now() + (RAMP_SECONDS - vu * SOCKETS_PER_VU * step + HOLD_SECONDS) * 1000;
  const sockets = [];
  for (let number = 0; number < SOCKETS_PER_VU; number++) {
    setTimeout(() => sockets.push(open(groups[vu], users[number % USERS])), number * step * 1000);
  }
  // One message at the end has to reach all of the group.
  setTimeout(() => sockets[0].send(numbered(0, vu)), heldUntil - Date.now());
  setTimeout(() => sockets.forEach((socket) => socket.finish()), heldUntil - Date.now() + ANSWER_SECONDS * 1000);
}

function open(group, user) {
  const started = Date.now();
  const socket = connect(group, user);
  let answered = false;
  let finished = false;
  socket.onopen = () => {
    opening.add(Date.now() - started);
    opened.add(1);
  };
  socket.onmessage = ({ data }) => {
    answered = answered || parse(data) !== null;
  };
  socket.onclose = () => {
    if (!finished) {
      lost.add(1);
    }
  };
  return {
    send: (content) => socket.send(content),
    finish: () => {
      finished = true;
      alive.add(answered);
      socket.close();
    },
  };
}
