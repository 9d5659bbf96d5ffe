// What the scripts share: settings, making users and groups, and text-mode sockets.
import http from 'k6/http';
import { fail } from 'k6';
import { WebSocket } from 'k6/websockets';

export const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:8000';
const SOCKET_URL = BASE_URL.replace(/^http/, 'ws');

// A number from the environment.
export function setting(name, standard) {
  const value = Number(__ENV[name] ?? standard);
  if (!(value >= 0)) {
    throw new Error(`${name}: not a number: ${__ENV[name]}`);
  }
  return value;
}

const JSON_BODY = { headers: { 'Content-Type': 'application/json' } };

export function post(path, body, tags) {
  return http.post(`${BASE_URL}/api/v1${path}`, JSON.stringify(body), { ...JSON_BODY, tags });
}

function create(path, body) {
  const response = post(path, body, { name: `POST ${path}` });
  if (response.status !== 200) {
    fail(`POST ${path} ${JSON.stringify(body)}: ${response.status} ${response.body}`);
  }
  return response.json();
}

// A run's own names, so that runs do not meet in a database that stays.
export function runName() {
  return `r${Date.now().toString(36)}`;
}

export function createUsers(run, count) {
  return Array.from({ length: count }, (_, number) => {
    const username = `${run}-u${number}`;
    return create('/users/', { username, email: `${username}@load.example`, password: `${username}-secret` });
  });
}

export function createGroups(run, count) {
  return Array.from({ length: count }, (_, number) => create('/groups/', { name: `${run}-g${number}`, is_private: false }));
}

// A text-mode socket of a user in a group.
export function connect(group, user) {
  return new WebSocket(`${SOCKET_URL}/ws/group/${encodeURIComponent(group.name)}/${encodeURIComponent(user.username)}`);
}

// Content that says when it was sent and which of the sender's messages it is.
export function numbered(sender, number) {
  return `#${sender} ${number} ${Date.now()}`.padEnd(64, '.');
}

// What `numbered` said, from a line `user: content`; null for join and leave lines.
export function parse(line) {
  const match = /: #(\d+) (\d+) (\d+)\.*$/.exec(line);
  return match && { sender: Number(match[1]), number: Number(match[2]), sentAt: Number(match[3]) };
}
