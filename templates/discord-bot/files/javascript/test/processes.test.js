import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GatewayCloseCodes } from 'discord.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CLIENT_ID, FakeDiscord, GUILD_ID, TOKEN } from './fake-discord.js';
import { ProjectCopy } from './project-copy.js';

// A process takes a moment to start, and longer on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const WRONG_TOKEN = TOKEN.replaceAll('x', 'y');

/** @type {FakeDiscord} */
let discord;
/** @type {ProjectCopy} */
let project;
/** @type {{ BOT_TOKEN: string, CLIENT_ID: string, DISCORD_API: string }} */
let env;

beforeEach(async () => {
  discord = await FakeDiscord.start();
  project = await ProjectCopy.create();
  env = { BOT_TOKEN: TOKEN, CLIENT_ID, DISCORD_API: discord.api };
});

afterEach(async () => {
  await project.remove();
  await discord.stop();
});

describe('the bot', () => {
  test.each(/** @type {const} */ (['SIGTERM', 'SIGINT']))('logs in, and ends cleanly after %s', async (signal) => {
    const bot = project.node(['.'], env);
    await bot.waitForOutput('Logged in as testbot. Commands: /ping, /server, /user');

    bot.kill(signal);

    expect(await bot.exitCode()).toBe(0);
  });

  test('ends cleanly while it still logs in', async () => {
    discord.isSilent = true;
    const bot = project.node(['.'], env);
    await discord.waitForIdentify();

    bot.kill('SIGTERM');

    expect(await bot.exitCode()).toBe(0);
    expect(bot.output).toBe('Stopping after SIGTERM.\n');
    expect(discord.connectionCount).toBe(1);
  });

  test('names the variables it lacks, without a stack trace', async () => {
    const bot = project.node(['.'], {});

    expect(await bot.exitCode()).toBe(1);
    expect(bot.output).toMatch(/^The configuration is incomplete:\n {2}BOT_TOKEN .*\n {2}CLIENT_ID .*\nSet .*\n$/);
  });

  test('reads .env of its own folder for what the environment lacks', async () => {
    await project.writeEnvFile({ BOT_TOKEN: WRONG_TOKEN, CLIENT_ID, DISCORD_API: discord.api });
    const bot = project.node([project.folder], { BOT_TOKEN: TOKEN }, tmpdir());

    // The environment's token, with the file's address: the other token would be refused.
    await bot.waitForOutput('Logged in');
  });

  test('says what to do about a refused token, and keeps it to itself', async () => {
    const bot = project.node(['.'], { ...env, BOT_TOKEN: WRONG_TOKEN });

    expect(await bot.exitCode()).toBe(1);
    expect(bot.output).toMatch(/^Discord refused BOT_TOKEN\. .*\n$/);
    expect(bot.output).not.toContain(WRONG_TOKEN);
  });

  test('says where it could not reach Discord', async () => {
    const bot = project.node(['.'], { ...env, DISCORD_API: 'http://127.0.0.1:1/api' });

    expect(await bot.exitCode()).toBe(1);
    expect(bot.output).toMatch(/^Could not reach Discord at http:\/\/127\.0\.0\.1:1\/api: .*ECONNREFUSED.*\n$/);
  });

  test('ends when the gateway closes the connection for good', async () => {
    discord.refusal = GatewayCloseCodes.DisallowedIntents;
    const bot = project.node(['.'], env);

    expect(await bot.exitCode()).toBe(1);
    expect(bot.output).toBe('Discord closed the connection for good: DisallowedIntents (4014)\n');
  });
});

describe('register', () => {
  /** @type {string} */
  let script;
  beforeEach(async () => {
    /** @type {{ scripts: { register: string } }} */
    const { scripts } = JSON.parse(await readFile(path.join(project.folder, 'package.json'), 'utf8'));
    script = scripts.register.replace('node ', '');
  });

  test.each([
    {
      title: 'globally',
      args: [],
      guildId: '',
      route: `/applications/${CLIENT_ID}/commands`,
      place: 'globally, in every server',
    },
    {
      title: 'in the server GUILD_ID',
      args: [],
      guildId: GUILD_ID,
      route: `/applications/${CLIENT_ID}/guilds/${GUILD_ID}/commands`,
      place: `in the server ${GUILD_ID}`,
    },
    {
      title: 'globally with --global, in spite of GUILD_ID',
      args: ['--global'],
      guildId: GUILD_ID,
      route: `/applications/${CLIENT_ID}/commands`,
      place: 'globally, in every server',
    },
  ])('registers $title', async ({ args, guildId, route, place }) => {
    const register = project.node([script, ...args], { ...env, GUILD_ID: guildId });

    expect(await register.exitCode()).toBe(0);
    expect(register.output).toBe(`Registered 3 commands ${place}.\n`);
    const request = await discord.waitForRequest(({ method }) => method === 'PUT');
    expect(request).toMatchObject({ path: route, authorization: `Bot ${TOKEN}` });
    expect(request.body).toMatchObject([{ name: 'ping' }, { name: 'server' }, { name: 'user' }]);
  });

  test('says what to do about a refused token', async () => {
    const register = project.node([script], { ...env, BOT_TOKEN: WRONG_TOKEN });

    expect(await register.exitCode()).toBe(1);
    expect(register.output).toMatch(/^Discord refused BOT_TOKEN\. .*\n$/);
  });

  test('explains itself to who gives it an unknown option', async () => {
    const register = project.node([script, '--wrong'], env);

    expect(await register.exitCode()).toBe(1);
    expect(register.output).toBe('Usage: register [--global]\n');
  });
});
