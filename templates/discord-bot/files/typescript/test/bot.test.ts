import { once } from 'node:events';
import { Events, MessageFlags, SlashCommandBuilder } from 'discord.js';
import type { Client } from 'discord.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBot } from '../src/bot.ts';
import type { Command } from '../src/command.ts';
import { loadCommands } from '../src/commands/index.ts';
import { FakeDiscord, TOKEN } from './fake-discord.ts';

const BROKEN: Command = {
  data: new SlashCommandBuilder().setName('broken').setDescription('Always fails'),
  execute: () => Promise.reject(new Error('broken on purpose')),
};

let discord: FakeDiscord;
let bot: Client;
let log: string[];

beforeEach(async () => {
  log = [];
  vi.spyOn(console, 'log').mockImplementation((...words) => void log.push(words.join(' ')));
  vi.spyOn(console, 'error').mockImplementation((...words) => void log.push(words.join(' ')));

  discord = await FakeDiscord.start();
  const commands = await loadCommands();
  bot = createBot(commands.set('broken', BROKEN), discord.api);
  const ready = once(bot, Events.ClientReady);
  await bot.login(TOKEN);
  await ready;
});

afterEach(async () => {
  await bot.destroy();
  await discord.stop();
  vi.restoreAllMocks();
});

test('says who it is and what it can do', async () => {
  const names = [...(await loadCommands()).keys(), 'broken'];

  expect(log).toContain(`Logged in as testbot. Commands: ${names.map((name) => `/${name}`).join(', ')}`);
});

test('answers /ping with both latencies', async () => {
  const answer = await discord.useCommand('ping', { replies: 2 });

  expect(answer.content).toMatch(/^Pong! Gateway: (\d+ ms|not measured yet)\. Round trip: \d+ ms\.$/);
});

test('answers /server with the name and the current number of members', async () => {
  const answer = await discord.useCommand('server');

  expect(answer.content).toBe('This is Test \\*server\\*, with 3 members.');
});

test('answers /server in a direct message with where to use it', async () => {
  const answer = await discord.useCommand('server', { inGuild: false });

  expect(answer).toMatchObject({
    content: 'Use this command in a server that I am a member of.',
    flags: MessageFlags.Ephemeral,
  });
});

test('answers /user with the name and the age of the account', async () => {
  const answer = await discord.useCommand('user');

  expect(answer.content).toMatch(/^You are Alice\. You joined Discord on <t:\d+:D>, <t:\d+:R>\.$/);
});

test('tells only the caller when a command fails, and logs why', async () => {
  const answer = await discord.useCommand('broken');

  expect(answer).toMatchObject({
    content: 'Something went wrong. Please try again later.',
    flags: MessageFlags.Ephemeral,
  });
  expect(log).toContain('/broken failed: Error: broken on purpose');
});

test('tells only the caller when a command no longer exists', async () => {
  const answer = await discord.useCommand('forgotten');

  expect(answer).toMatchObject({ content: 'I no longer know the command /forgotten.', flags: MessageFlags.Ephemeral });
  expect(log).toContain('Somebody used /forgotten, which does not exist. Register the commands again.');
});
