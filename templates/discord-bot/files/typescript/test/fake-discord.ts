import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { GatewayDispatchEvents, GatewayOpcodes, InteractionType } from 'discord.js';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';

export const CLIENT_ID = '123456789012345678';
export const GUILD_ID = '223456789012345678';
// In parts, so that nothing which looks for leaked tokens takes it for one.
export const TOKEN = [Buffer.from(CLIENT_ID).toString('base64url'), 'GAAAAA', 'x'.repeat(38)].join('.');

/** How long Discord waits for the answer to an interaction. */
const ANSWER_DEADLINE = 3_000;

const ALICE = { id: '323456789012345678', username: 'alice', global_name: 'Alice', discriminator: '0', avatar: null };
const BOT = { id: CLIENT_ID, username: 'testbot', discriminator: '0', avatar: null, bot: true };
const GUILD = { id: GUILD_ID, name: 'Test *server*', member_count: 2, owner_id: ALICE.id };

/** A request that the bot made. */
export interface BotRequest {
  method: string;
  path: string;
  authorization: string | undefined;
  body: unknown;
}

/** What a bot says in an answer to an interaction. */
export interface Answer {
  content: string;
  flags?: number;
}

/** As much of Discord as this bot talks to, on the loopback interface: its HTTP API and its gateway. */
export class FakeDiscord {
  /** Closes every new gateway connection with this code, as Discord does to refuse one. */
  refusal: number | undefined;
  /** Lets a bot wait for ever after it has identified itself. */
  isSilent = false;
  /** How often a bot has connected to the gateway. */
  connectionCount = 0;
  /** All that a bot has requested. */
  readonly requests: BotRequest[] = [];
  readonly #news = new EventEmitter();
  readonly #http: Server;
  readonly #gateway: WebSocketServer;
  #bot: WebSocket | undefined;
  #sequence = 0;

  private constructor() {
    this.#http = createServer((request, response) => void this.#serve(request, response));
    this.#gateway = new WebSocketServer({ server: this.#http });
    this.#gateway.on('connection', (socket) => this.#connect(socket));
  }

  static async start(): Promise<FakeDiscord> {
    const discord = new FakeDiscord();
    discord.#http.listen(0, '127.0.0.1');
    await once(discord.#http, 'listening');
    return discord;
  }

  async stop(): Promise<void> {
    for (const socket of this.#gateway.clients) socket.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** The value for DISCORD_API. */
  get api(): string {
    return `http://${this.#host}/api`;
  }

  get #host(): string {
    const { address, port } = this.#http.address() as AddressInfo;
    return `${address}:${port}`;
  }

  /** Uses a slash command in the test server and returns the bot's last word on it. */
  async useCommand(name: string, options: { inGuild?: boolean; replies?: number } = {}): Promise<Answer> {
    const { inGuild = true, replies = 1 } = options;
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
        const body = answers[replies - 1] as Answer | { data: Answer };
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
  async waitForLogin(): Promise<void> {
    await this.waitForIdentify();
    await this.useCommand('forgotten');
  }

  /** Waits until a bot identifies itself, halfway through its login. */
  async waitForIdentify(): Promise<void> {
    await once(this.#news, 'identify');
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming;
    const body = await text(incoming);
    const request: BotRequest = {
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

  #answer({ method, path, authorization, body }: BotRequest): { status: number; content?: unknown } {
    // An interaction's own token, in the path, is all the authorization that its answers need.
    if (path.endsWith('/callback')) return { status: 204 };
    if (path.startsWith('/webhooks/')) return { status: 200, content: message(body as Answer) };

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

  #connect(socket: WebSocket): void {
    if (this.refusal) {
      socket.close(this.refusal);
      return;
    }
    this.#bot = socket;
    this.connectionCount += 1;
    socket.on('message', (data: Buffer) => {
      const { op } = JSON.parse(data.toString()) as { op: GatewayOpcodes };
      if (op === GatewayOpcodes.Heartbeat) this.#send(GatewayOpcodes.HeartbeatAck);
      if (op === GatewayOpcodes.Identify) this.#news.emit('identify');
      if (op === GatewayOpcodes.Identify && !this.isSilent) this.#welcome();
    });
    this.#send(GatewayOpcodes.Hello, { heartbeat_interval: 45_000 });
  }

  #welcome(): void {
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

  #dispatch(event: GatewayDispatchEvents, data: unknown): void {
    this.#sequence += 1;
    this.#send(GatewayOpcodes.Dispatch, data, { t: event, s: this.#sequence });
  }

  #send(op: GatewayOpcodes, data: unknown = null, rest: object = {}): void {
    this.#bot?.send(JSON.stringify({ op, d: data, ...rest }));
  }
}

function message(answer: Answer): object {
  const id = '723456789012345678';
  return { id, channel_id: '623456789012345678', type: 0, author: BOT, attachments: [], ...answer };
}
