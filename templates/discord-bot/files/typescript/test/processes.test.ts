import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GatewayCloseCodes } from 'discord.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadCommands } from '../src/commands/index.ts';
import { CLIENT_ID, FakeDiscord, GUILD_ID, TOKEN } from './fake-discord.ts';
import { ProjectCopy } from './project-copy.ts';

// A process takes a moment to start, and longer on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const WRONG_TOKEN = TOKEN.replaceAll('x', 'y');

let discord: FakeDiscord;
let project: ProjectCopy;
let env: { BOT_TOKEN: string; CLIENT_ID: string; DISCORD_API: string };

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
  test.each(['SIGTERM', 'SIGINT'] as const)('logs in, and ends cleanly after %s', async (signal) => {
    const bot = project.node(['.'], env);
    await bot.until(discord.waitForLogin());

    bot.kill(signal);

    const names = [...(await loadCommands()).keys()].map((name) => `/${name}`);
    await bot.waitForEnd();
    expect(bot.output).toContain(`Logged in as testbot. Commands: ${names.join(', ')}\n`);
    expect(bot.exitCode).toBe(0);
  });

  test('ends cleanly while it still logs in', async () => {
    discord.isSilent = true;
    const bot = project.node(['.'], env);
    await bot.until(discord.waitForIdentify());

    bot.kill('SIGTERM');

    await bot.waitForEnd();
    expect(bot.output).toBe('Stopping after SIGTERM.\n');
    expect(discord.connectionCount).toBe(1);
    expect(bot.exitCode).toBe(0);
  });

  test('names the variables it lacks, without a stack trace', async () => {
    const bot = project.node(['.'], {});

    await bot.waitForEnd();
    expect(bot.output).toMatch(/^The configuration needs attention:\n {2}BOT_TOKEN .*\n {2}CLIENT_ID .*\nSet .*\n$/);
    expect(bot.exitCode).toBe(1);
  });

  test('reads .env of its own folder for what the environment lacks', async () => {
    await project.writeEnvFile({ BOT_TOKEN: WRONG_TOKEN, CLIENT_ID, DISCORD_API: discord.api });
    const bot = project.node([project.folder], { BOT_TOKEN: TOKEN }, tmpdir());

    // The environment's token, with the file's address: the other token would be refused.
    await bot.until(discord.waitForLogin());
  });

  test('says what to do about a refused token, and keeps it to itself', async () => {
    const bot = project.node(['.'], { ...env, BOT_TOKEN: WRONG_TOKEN });

    await bot.waitForEnd();
    expect(bot.output).toMatch(/^Discord refused BOT_TOKEN\. .*\n$/);
    expect(bot.output).not.toContain(WRONG_TOKEN);
    expect(bot.exitCode).toBe(1);
  });

  test('says where it could not reach Discord', async () => {
    const bot = project.node(['.'], { ...env, DISCORD_API: 'http://127.0.0.1:1/api' });

    await bot.waitForEnd();
    expect(bot.output).toMatch(/^Could not reach Discord at http:\/\/127\.0\.0\.1:1\/api: .*ECONNREFUSED.*\n$/);
    expect(bot.exitCode).toBe(1);
  });

  test('ends when the gateway closes the connection for good', async () => {
    discord.refusal = GatewayCloseCodes.DisallowedIntents;
    const bot = project.node(['.'], env);

    await bot.waitForEnd();
    expect(bot.output).toBe('Discord closed the connection for good: DisallowedIntents (4014)\n');
    expect(bot.exitCode).toBe(1);
  });
});

describe('register', () => {
  let script: string;
  beforeEach(async () => {
    const { scripts } = JSON.parse(await readFile(path.join(project.folder, 'package.json'), 'utf8')) as {
      scripts: { register: string };
    };
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

    await register.waitForEnd();
    const commands = [...(await loadCommands()).values()];
    const body = commands.map((command) => command.data.toJSON());
    expect(register.output).toBe(`Registered ${commands.length} commands ${place}.\n`);
    expect(discord.requests).toEqual([{ method: 'PUT', path: route, authorization: `Bot ${TOKEN}`, body }]);
    expect(register.exitCode).toBe(0);
  });

  test('says what to do about a refused token', async () => {
    const register = project.node([script], { ...env, BOT_TOKEN: WRONG_TOKEN });

    await register.waitForEnd();
    expect(register.output).toMatch(/^Discord refused BOT_TOKEN\. .*\n$/);
    expect(register.exitCode).toBe(1);
  });

  test('explains itself to who gives it an unknown option', async () => {
    const register = project.node([script, '--wrong'], env);

    await register.waitForEnd();
    expect(register.output).toBe('Usage: register [--global]\n');
    expect(register.exitCode).toBe(1);
  });
});
