// REST at a steady rate that does not wait for the server: reads of the newest page, posts, lists.
import http from 'k6/http';
import { check } from 'k6';
import { BASE_URL, createGroups, createUsers, post, runName, setting } from './lib/chat.js';

// Requests a second: nine reads of messages and one list of groups for every ten.
const READS = setting('READS', 300);
const POSTS = setting('POSTS', 50);
const SECONDS = setting('SECONDS', 20);
const P99_MS = setting('P99_MS', 100);

const USERS = 10;
const GROUPS = 20;
const MESSAGES_BEFORE = 100;

const steady = (name, rate) => ({
  executor: 'constant-arrival-rate',
  exec: name,
  rate,
  duration: `${SECONDS}s`,
  preAllocatedVUs: 20,
  maxVUs: 200,
});

export const options = {
  setupTimeout: '2m',
  scenarios: { read: steady('read', READS), send: steady('send', POSTS) },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    dropped_iterations: ['count==0'],
    'http_req_duration{name:read}': [`p(99)<${P99_MS}`],
    'http_req_duration{name:list}': [`p(99)<${P99_MS}`],
    'http_req_duration{name:send}': [`p(99)<${P99_MS}`],
  },
};

export function setup() {
  const run = runName();
  const users = createUsers(run, USERS);
  const groups = createGroups(run, GROUPS);
  for (const group of groups) {
    for (let number = 0; number < MESSAGES_BEFORE; number++) {
      const content = `message ${number} before the test`;
      post('/messages/', { group_id: group.id, user_id: users[number % USERS].id, content }, { name: 'before' });
    }
  }
  return { users, groups };
}

const anyOf = (list) => list[Math.floor(Math.random() * list.length)];

export function read({ groups }) {
  if (Math.random() < 0.1) {
    const response = http.get(`${BASE_URL}/api/v1/groups/?limit=${GROUPS}`, { tags: { name: 'list' } });
    check(response, { 'groups came': ({ status }) => status === 200 });
    return;
  }
  const url = `${BASE_URL}/api/v1/messages/?group_id=${anyOf(groups).id}&limit=50`;
  const response = http.get(url, { tags: { name: 'read' } });
  check(response, {
    'a full page came': (response) => response.status === 200 && response.json('#') === 50,
  });
}

export function send({ users, groups }) {
  const message = { group_id: anyOf(groups).id, user_id: anyOf(users).id, content: 'sent during the test' };
  const response = post('/messages/', message, { name: 'send' });
  check(response, {
    'it was stored': (response) => response.status === 200 && response.json('seq') > MESSAGES_BEFORE,
  });
}
