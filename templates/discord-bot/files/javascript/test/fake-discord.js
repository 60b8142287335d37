import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { GatewayDispatchEvents, GatewayOpcodes, InteractionType } from 'discord.js';
import { WebSocketServer } from 'ws';
/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */
/** @import { WebSocket } from 'ws' */

export const CLIENT_ID = '123456789012345678';
export const GUILD_ID = '223456789012345678';
// In parts, so that nothing which looks for leaked tokens takes it for one.
export const TOKEN = [Buffer.from(CLIENT_ID).toString('base64url'), 'GAAAAA', 'x'.repeat(38)].join('.');

/** How long Discord waits for the answer to an interaction. */
const ANSWER_DEADLINE = 3_000;

const ALICE = { id: '323456789012345678', username: 'alice', global_name: 'Alice', discriminator: '0', avatar: null };
const BOT = { id: CLIENT_ID, username: 'testbot', discriminator: '0', avatar: null, bot: true };
const GUILD = { id: GUILD_ID, name: 'Test *server*', member_count: 2, owner_id: ALICE.id };

/**
 * A request that the bot made.
 *
 * @typedef {{ method: string, path: string, authorization: string | undefined, body: unknown }} BotRequest
 */

/**
 * What a bot says in an answer to an interaction.
 *
 * @typedef {{ content: string, flags?: number }} Answer
 */

/** As much of Discord as this bot talks to, on the loopback interface: its HTTP API and its gateway. */
export class FakeDiscord {
  /**
   * Closes every new gateway connection with this code, as Discord does to refuse one.
   *
   * @type {number | undefined}
   */
  refusal;
  /** Lets a bot wait for ever after it has identified itself. */
  isSilent = false;
  /** How often a bot has connected to the gateway. */
  connectionCount = 0;
  /**
   * All that a bot has requested.
   *
   * @type {BotRequest[]}
   */
  requests = [];
  #news = new EventEmitter();
  #http = createServer((request, response) => void this.#serve(request, response));
  #gateway = new WebSocketServer({ server: this.#http });
  /** @type {WebSocket | undefined} */
  #bot;
  #sequence = 0;

  constructor() {
    this.#gateway.on('connection', (socket) => this.#connect(socket));
  }

  static async start() {
    const discord = new FakeDiscord();
    discord.#http.listen(0, '127.0.0.1');
    await once(discord.#http, 'listening');
    return discord;
  }

  async stop() {
    for (const socket of this.#gateway.clients) socket.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** The value for DISCORD_API. */
  get api() {
    return `http://${this.#host}/api`;
  }

  get #host() {
    const { address, port } = /** @type {AddressInfo} */ (this.#http.address());
    return `${address}:${port}`;
  }

  /**
   * Uses a slash command in the test server and returns the bot's last word on it.
   *
   * @param {string} name
   * @param {{ inGuild?: boolean, replies?: number }} [options]
   */
  async useCommand(name, { inGuild = true, replies = 1 } = {}) {
    const token = `interaction-${this.#sequence}`;
    this.#dispatch(GatewayDispatchEvents.InteractionCreate, {
      id: String(423456789012345678n + BigInt(this.#sequence)),
      application_id: CLIENT_ID,
      type: InteractionType.ApplicationCommand,
      token,
      version: 1,
      data: { id: '523456789012345678', name, type: 1 },
      channel: { id: '623456789012345678', type: inGuild ? 0 : 1 },
      ...(inGuild
        ? { guild_id: GUILD_ID, context: 0, member: { user: ALICE, roles: [], permissions: '0' } }
        : { context: 1, user: ALICE }),
      entitlements: [],
      authorizing_integration_owners: {},
    });
    const deadline = AbortSignal.timeout(ANSWER_DEADLINE);
    for (;;) {
      const answers = this.requests.filter(({ path }) => path.includes(token)).map(({ body }) => body);
      if (answers.length >= replies) {
        const body = /** @type {Answer | { data: Answer }} */ (answers[replies - 1]);
        return 'data' in body ? body.data : body;
      }
      if (deadline.aborted) {
        const given = JSON.stringify(answers);
        throw new Error(`/${name} got ${answers.length} of ${replies} answers within ${ANSWER_DEADLINE} ms: ${given}`);
      }
      await Promise.race([once(this.#news, 'request'), once(deadline, 'abort')]);
    }
  }

  /** Waits until a bot has logged in and answers; it does so even to a command that it does not have. */
  async waitForLogin() {
    await this.waitForIdentify();
    await this.useCommand('forgotten');
  }

  /** Waits until a bot identifies itself, halfway through its login. */
  async waitForIdentify() {
    await once(this.#news, 'identify');
  }

  /**
   * @param {IncomingMessage} incoming
   * @param {ServerResponse} response
   */
  async #serve(incoming, response) {
    const { method = '', url = '', headers } = incoming;
    const body = await text(incoming);
    /** @type {BotRequest} */
    const request = {
      method,
      path: url.replace('/api/v10', '').replace(/\?.*/, ''),
      authorization: headers.authorization,
      body: body === '' ? undefined : JSON.parse(body),
    };

    const { status, content } = this.#answer(request);
    if (content === undefined) {
      response.writeHead(status).end();
    } else {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    }
    this.requests.push(request);
    this.#news.emit('request');
  }

  /**
   * @param {BotRequest} request
   * @returns {{ status: number, content?: unknown }}
   */
  #answer({ method, path, authorization, body }) {
    // An interaction's own token, in the path, is all the authorization that its answers need.
    if (path.endsWith('/callback')) return { status: 204 };
    if (path.startsWith('/webhooks/')) return { status: 200, content: message(/** @type {Answer} */ (body)) };

    if (authorization !== `Bot ${TOKEN}`) return { status: 401, content: { message: '401: Unauthorized', code: 0 } };
    if (method === 'PUT' && path.endsWith('/commands')) return { status: 200, content: body };
    if (path === `/guilds/${GUILD_ID}`) {
      return { status: 200, content: { ...GUILD, approximate_member_count: 3, roles: [], emojis: [] } };
    }
    if (path === '/gateway/bot') {
      const session_start_limit = { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 };
      return { status: 200, content: { url: `ws://${this.#host}`, shards: 1, session_start_limit } };
    }
    return { status: 404, content: { message: '404: Not Found', code: 0 } };
  }

  /** @param {WebSocket} socket */
  #connect(socket) {
    if (this.refusal) {
      socket.close(this.refusal);
      return;
    }
    this.#bot = socket;
    this.connectionCount += 1;
    socket.on('message', (/** @type {Buffer} */ data) => {
      /** @type {{ op: GatewayOpcodes }} */
      const { op } = JSON.parse(data.toString());
      if (op === GatewayOpcodes.Heartbeat) this.#send(GatewayOpcodes.HeartbeatAck);
      if (op === GatewayOpcodes.Identify) this.#news.emit('identify');
      if (op === GatewayOpcodes.Identify && !this.isSilent) this.#welcome();
    });
    this.#send(GatewayOpcodes.Hello, { heartbeat_interval: 45_000 });
  }

  #welcome() {
    this.#dispatch(GatewayDispatchEvents.Ready, {
      v: 10,
      user: BOT,
      application: { id: CLIENT_ID, flags: 0 },
      guilds: [{ id: GUILD_ID, unavailable: true }],
      session_id: 'session',
      resume_gateway_url: `ws://${this.#host}`,
    });
    const nothing = { channels: [], members: [], roles: [], emojis: [], stickers: [], threads: [], presences: [] };
    this.#dispatch(GatewayDispatchEvents.GuildCreate, { ...GUILD, ...nothing });
  }

  /**
   * @param {GatewayDispatchEvents} event
   * @param {unknown} data
   */
  #dispatch(event, data) {
    this.#sequence += 1;
    this.#send(GatewayOpcodes.Dispatch, data, { t: event, s: this.#sequence });
  }

  /**
   * @param {GatewayOpcodes} op
   * @param {unknown} [data]
   * @param {object} [rest]
   */
  #send(op, data = null, rest = {}) {
    this.#bot?.send(JSON.stringify({ op, d: data, ...rest }));
  }
}

/** @param {Answer} answer */
function message(answer) {
  const id = '723456789012345678';
  return { id, channel_id: '623456789012345678', type: 0, author: BOT, attachments: [], ...answer };
}
