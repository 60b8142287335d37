import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';

/**
 * Loads every command in a folder, by name. A new file here is a new command:
 * there is no list to keep up to date.
 */
export async function loadCommands(folder = import.meta.dirname): Promise<Map<string, Command>> {
  const commands = new Map<string, Command>();
  for (const file of await findCommandFiles(folder)) {
    const command = await loadCommand(file);
    if (commands.has(command.data.name)) {
      throw new Failure(`${file}: another file has a command named /${command.data.name} already`);
    }
    commands.set(command.data.name, command);
  }
  return commands;
}

async function findCommandFiles(folder: string): Promise<string[]> {
  // This file ends in .ts in src/ and in .js after a build; so do the commands beside it.
  const ending = path.extname(import.meta.filename);
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith(ending) && name !== `index${ending}`)
    .sort()
    .map((name) => path.join(folder, name));
}

async function loadCommand(file: string): Promise<Command> {
  const module = (await import(pathToFileURL(file).href)) as { default?: Partial<Command> };
  const command = module.default;
  if (typeof command?.data?.toJSON !== 'function') {
    throw new Failure(`${file}: the default export needs \`data\`, a SlashCommandBuilder`);
  }
  if (typeof command.execute !== 'function') {
    throw new Failure(`${file}: the default export needs \`execute\`, a function that answers the command`);
  }
  try {
    command.data.toJSON();
  } catch (error) {
    throw new Failure(`${file}: \`data\` lacks a valid name, description or option`, { cause: error });
  }
  return command as Command;
}
